"""Detectors of drift: false alarms as promised, planted drifts seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from registry.errors import BadInput
from training.drift import detectors
from training.drift.detectors import DETECTORS, mmd, stability
from training.drift.membership import divisions, p_value
from training.drift.monitor import look

FEW = 199


@pytest.fixture
def few_divisions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "DIVISIONS", FEW)


@pytest.mark.usefixtures("few_divisions")
@pytest.mark.parametrize("name", list(DETECTORS))
def test_p_values_where_nothing_changed_are_no_smaller_than_chance(name: str) -> None:
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = rng.standard_t(3, (80, 4))
        found.append(DETECTORS[name](rows[:50], rows[50:], None, seed).p_value)
    assert kstest(found, "uniform", alternative="greater").pvalue > 1e-3
    few = sum(p <= 0.05 for p in found)
    assert binomtest(few, len(found), 0.05, alternative="greater").pvalue > 1e-3


@pytest.mark.usefixtures("few_divisions")
@pytest.mark.parametrize("name", list(DETECTORS))
def test_a_shift_of_one_deviation_is_seen(name: str) -> None:
    rng = np.random.default_rng(0)
    old, new = rng.normal(size=(100, 4)), rng.normal(size=(100, 4)) + np.eye(4)[0]
    assert DETECTORS[name](old, new, None, 0).p_value <= 0.01


@pytest.mark.usefixtures("few_divisions")
def test_mmd_sees_a_change_that_leaves_every_column_alone() -> None:
    rng = np.random.default_rng(1)
    old = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 150)
    new = rng.multivariate_normal([0, 0], [[1, -0.9], [-0.9, 1]], 150)
    assert mmd(old, new).p_value <= 0.01
    assert stability(old, new).p_value > 0.01


@pytest.mark.usefixtures("few_divisions")
def test_the_column_that_moved_is_named() -> None:
    rng = np.random.default_rng(2)
    old, new = rng.normal(size=(60, 5)), rng.normal(size=(60, 5)) + 2 * np.eye(5)[3]
    assert stability(old, new).column == 3


@pytest.mark.usefixtures("few_divisions")
@pytest.mark.parametrize("name", list(DETECTORS))
def test_one_new_sample_measured_often_is_no_drift(name: str) -> None:
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(11, 3))
    rows = np.repeat(centres, 20, axis=0) + 0.01 * rng.normal(size=(220, 3))
    groups = [f"sample {n}" for n in np.repeat(np.arange(11), 20)]
    assert DETECTORS[name](rows[:200], rows[200:], groups, 0).p_value > 0.05
    assert mmd(rows[:200], rows[200:]).p_value <= 0.01, "as single rows it would be one"


def test_mmd_is_the_formula_of_gretton() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(9, 2))
    recent = np.arange(9) >= 5
    kernel = np.exp(-((rows[:, None] - rows[None]) ** 2).sum(axis=-1))
    np.fill_diagonal(kernel, 0)
    old, new = kernel[~recent][:, ~recent], kernel[recent][:, recent]
    across = kernel[~recent][:, recent]
    expected = old.sum() / (5 * 4) + new.sum() / (4 * 3) - 2 * across.mean()
    found = detectors._discrepancy(kernel.astype(np.float32), recent[None])
    assert found[0] == pytest.approx(expected, abs=1e-6)


def test_stability_index_is_that_of_the_textbook() -> None:
    old, new = np.array([50.0, 30, 20]), np.array([20.0, 30, 50])
    by_hand = (0.2 - 0.5) * np.log(0.2 / 0.5) + 0 + (0.5 - 0.2) * np.log(0.5 / 0.2)
    assert detectors._psi(old, new) == pytest.approx(by_hand)


def test_groups_stay_together_in_every_division() -> None:
    groups = ["a", "a", "b", "c", "c", "c", "d"]
    parts = divisions(3, groups, 7, 50, 0)
    assert parts[0].tolist() == [False] * 3 + [True] * 4
    assert (parts[:, 0] == parts[:, 1]).all() and (parts[:, 3] == parts[:, 5]).all()
    with pytest.raises(BadInput, match="'c' on both"):
        divisions(4, groups, 7, 5, 0)


def test_the_true_division_counts_itself() -> None:
    assert p_value(np.array([1.0, 0.0, 0.0, 0.0])) == 0.25


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (np.zeros((30, 2)), np.zeros((30, 3)), "2 columns"),
        (np.zeros((30, 2)), np.full((30, 2), np.nan), "finite"),
        (np.zeros((30, 2)), np.zeros((3, 2)), "20 rows"),
    ],
)
def test_what_cannot_be_compared_is_told(old: np.ndarray, new: np.ndarray, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        look(old, new)


def test_constant_rows_are_no_drift() -> None:
    assert not look(np.ones((30, 2)), np.ones((30, 2))).alarms


def test_a_rate_that_divisions_cannot_resolve_is_refused() -> None:
    with pytest.raises(BadInput, match="rate of false alarms"):
        look(np.ones((30, 2)), np.ones((30, 2)), rate=1e-5)
