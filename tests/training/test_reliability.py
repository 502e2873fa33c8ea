"""Conformal answers hold the truth as often as promised; calibrated probabilities mean it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import calibration_curve

from training.calibration import calibration_error, log_loss, scaled, temperature
from training.conformal import class_scores, class_sets, intervals, threshold, value_scores
from training.models import Values
from training.reliability import assess, one_of_each


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.sampled_from([0.5, 0.8, 0.9, 0.95]))
def test_the_threshold_is_the_order_statistic_of_the_definition(scores, level):
    rank = math.ceil(round((len(scores) + 1) * level, 9))
    found = threshold(np.array(scores), level)
    assert found == (sorted(scores)[rank - 1] if rank <= len(scores) else math.inf)


def test_nine_scores_are_enough_for_nine_tenths_and_eight_are_not():
    assert math.isfinite(threshold(np.arange(9.0), 0.9))
    assert threshold(np.arange(8.0), 0.9) == math.inf


def coverage_of_values(rng: np.random.Generator, with_deviation: bool) -> tuple[float, float]:
    """Coverage and mean width on many new members, whose noise differs from one to the next."""
    noise = rng.uniform(0.5, 2.0, 2500)
    truth = noise * rng.normal(size=2500)
    deviation = noise[:, None] if with_deviation else None
    said = Values(np.zeros((2500, 1)), deviation)
    first = Values(said.mean[:499], None if deviation is None else deviation[:499])
    rest = Values(said.mean[499:], None if deviation is None else deviation[499:])
    largest = threshold(value_scores(first, truth[:499], 0.0), 0.9)
    low, high = intervals(rest, largest, 0.0).T
    return float(((low <= truth[499:]) & (truth[499:] <= high)).mean()), float((high - low).mean())


def test_intervals_hold_nine_in_ten_and_a_good_deviation_makes_them_narrower():
    rng = np.random.default_rng(0)
    plain = np.array([coverage_of_values(rng, False) for _ in range(40)])
    scaled_ones = np.array([coverage_of_values(rng, True) for _ in range(40)])
    # mean coverage is exactly 450 / 500; 40 repetitions leave about 0.003 of chance
    assert plain[:, 0].mean() == pytest.approx(0.9, abs=0.008)
    assert scaled_ones[:, 0].mean() == pytest.approx(0.9, abs=0.008)
    assert scaled_ones[:, 1].mean() < plain[:, 1].mean()


def test_sets_hold_nine_in_ten_even_of_a_model_that_is_far_too_sure():
    rng = np.random.default_rng(1)
    held, sizes = [], []
    for _ in range(40):
        logits = rng.normal(size=(2500, 4))
        labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        said = softmax(5 * logits, axis=1)
        largest = threshold(class_scores(said[:499], labels[:499]), 0.9)
        sets = class_sets(said[499:], largest)
        held.append(sets[np.arange(2001), labels[499:]].mean())
        sizes.append(sets.sum(axis=1).min())
    assert np.mean(held) == pytest.approx(0.9, abs=0.01)
    assert min(sizes) >= 1


def test_a_set_is_never_empty_and_holds_everything_without_a_threshold():
    said = np.array([[0.4, 0.35, 0.25]])
    assert class_sets(said, 0.1).tolist() == [[True, False, False]]
    assert class_sets(said, math.inf).all()


def sure(rng: np.random.Generator, n: int, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model whose logits are too large by a factor, and the true classes."""
    logits = rng.normal(size=(n, 3)) * 2
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return softmax(factor * logits, axis=1), labels


def test_the_temperature_found_is_the_one_that_was_planted():
    said, labels = sure(np.random.default_rng(2), 20_000, 2.5)
    assert temperature(said, labels) == pytest.approx(2.5, rel=0.05)


def test_scaling_changes_no_answer_and_mends_the_calibration():
    rng = np.random.default_rng(3)
    said, labels = sure(rng, 4000, 2.5)
    other, truth = sure(rng, 4000, 2.5)
    mended = scaled(other, temperature(said, labels))
    assert np.array_equal(mended.argmax(axis=1), other.argmax(axis=1))
    assert mended.sum(axis=1) == pytest.approx(1.0)
    assert calibration_error(mended, truth) < 0.3 * calibration_error(other, truth)
    assert log_loss(mended, truth) < log_loss(other, truth)


def test_a_temperature_of_one_is_no_change_and_certainty_is_taken():
    said = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
    assert scaled(said, 1.0) == pytest.approx(said, abs=1e-9)
    assert math.isfinite(log_loss(said, np.array([0, 2])))


def test_the_calibration_error_is_that_of_the_reliability_diagram():
    rng = np.random.default_rng(4)
    p = rng.uniform(0.5, 1.0, 6000)
    right = rng.random(6000) < p**2
    said = np.stack([p, 1 - p], axis=1)
    labels = np.where(right, 0, 1)
    accuracy, confidence = calibration_curve(right, p, n_bins=15)
    counts = np.histogram(p, np.linspace(0, 1, 16))[0]
    expected = (np.abs(accuracy - confidence) * counts[counts > 0]).sum() / 6000
    assert calibration_error(said, labels) == pytest.approx(expected, abs=1e-12)


def test_one_member_of_every_group_is_drawn():
    groups = ["a"] * 50 + ["b"] * 3 + ["c"]
    drawn = one_of_each(groups)
    assert sorted(groups[i] for i in drawn) == ["a", "b", "c"]
    assert np.array_equal(drawn, one_of_each(groups))
    assert len({tuple(one_of_each(groups, seed)) for seed in range(20)}) > 3


def test_one_member_of_each_group_is_enough_where_members_of_a_group_err_alike():
    """All members of a group share their error: counted each for itself, coverage would wander."""
    rng = np.random.default_rng(6)
    held = []
    for _ in range(60):
        sizes = rng.integers(1, 30, 400)
        error = np.repeat(rng.normal(size=400), sizes)
        groups = np.repeat(np.arange(400), sizes)
        first = groups < 199
        chosen = one_of_each([str(g) for g in groups[first]])
        largest = threshold(np.abs(error[first])[chosen], 0.9)
        new = one_of_each([str(g) for g in groups[~first]])
        held.append((np.abs(error[~first])[new] <= largest).mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.01)


class Line:
    """A regressor that answers its input, with a deviation or without."""

    def __init__(self, deviation: float | None) -> None:
        self.deviation = deviation

    def n_parameters(self) -> int | None:
        return None

    def save(self, folder) -> None:
        raise NotImplementedError

    def predict(self, inputs) -> Values:
        mean = inputs["x"].astype(float)
        return Values(mean, None if self.deviation is None else np.full_like(mean, self.deviation))


def straight(task: str = "regression") -> SimpleNamespace:
    """What assess asks of a dataset: targets that are inputs plus noise of deviation 0.5."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=1500).astype(np.float32)
    sides = {"validation": np.arange(700), "test": np.arange(700, 1500)}
    return SimpleNamespace(
        definition=SimpleNamespace(task=task),
        targets=x + 0.5 * rng.normal(size=1500),
        measured=None,
        rows=sides.__getitem__,
        take=lambda _, rows: {"x": x[rows, None]},
        groups=lambda rows: [str(i) for i in rows],
    )


@pytest.mark.parametrize("deviation", [None, 0.5, 0.0, 7.0])
def test_a_wrong_deviation_is_mended_by_the_validation_side(deviation):
    found = assess(straight(), ["x"], Line(deviation))
    assert found.coverage == pytest.approx(0.9, abs=0.03)
    assert found.size == pytest.approx(2 * 1.645 * 0.5, rel=0.1)
    assert found.n_groups == 700


def test_without_a_target_there_is_nothing_to_hold():
    assert assess(straight("unsupervised"), ["x"], Line(None)) is None
