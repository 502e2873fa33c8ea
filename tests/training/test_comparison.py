"""All models of a study side by side: which differences are real, gaps, the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from registry.errors import BadInput
from registry.lake import Lake
from training.comparison import Comparison, Pair, comparison
from training.comparison_picture import draw_models, label_of, pair_table, short
from training.evaluation import Interval, holm, paired_difference, unpaired_bootstrap
from training.judging import answers_of, compared
from training.measured import BothKinds, Kind, read_both_kinds
from training.metrics import METRICS, metric_named
from training.models import Values
from training.run_pictures import confidence_bins, interval_shares
from training.train import StudyResult

MAE = METRICS["mae"]


def each(n: int) -> list[str]:
    return [f"{i:05d}" for i in range(n)]


def test_p_values_are_corrected_as_holm_does() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_p_value_of_a_pair_is_that_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    one, other = np.abs(rng.normal(0, 1.0, 400)), np.abs(rng.normal(0, 1.15, 400))
    found = paired_difference(MAE, np.zeros(400), one, other, each(400), resamples=20_000)
    expected = stats.ttest_rel(one, other)
    assert 0.001 < expected.pvalue < 0.2
    assert found.p == pytest.approx(expected.pvalue, rel=0.25)
    assert found.interval.value == pytest.approx(
        -expected.statistic * np.std(one - other) / 20, rel=0.02
    )


def test_without_a_difference_the_p_value_is_uniform() -> None:
    rng = np.random.default_rng(4)
    drawn = []
    for _ in range(120):
        one, other = rng.normal(0, 1, (2, 80))
        drawn.append(paired_difference(MAE, np.zeros(80), one, other, each(80)).p)
    assert stats.kstest(drawn, "uniform").pvalue > 0.01


def test_a_gap_between_other_members_has_the_interval_of_welch() -> None:
    rng = np.random.default_rng(5)
    simulated, measured = np.abs(rng.normal(0, 1, 300)), np.abs(rng.normal(0, 2, 150))
    found = unpaired_bootstrap(
        MAE, (np.zeros(300), simulated, each(300)), (np.zeros(150), measured, each(150))
    )
    expected = stats.ttest_ind(measured, simulated, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.05)


def test_the_gap_of_the_same_members_is_paired() -> None:
    rng = np.random.default_rng(6)
    truth = rng.normal(size=100)
    off = rng.normal(size=100)
    kind = Kind(tuple(each(100)), tuple(each(100)), truth, truth + off)
    found = BothKinds(MAE, kind, replace(kind, answered=truth + off + np.sign(off) * 0.1)).gap()
    assert (found.low, found.value, found.high) == pytest.approx((0.1, 0.1, 0.1))
    apart = BothKinds(MAE, kind, replace(kind, entities=("x", *each(99)))).gap()
    assert apart.value == 0
    assert apart.low < -0.1 < 0.1 < apart.high


def test_every_two_models_are_compared(
    trained: tuple[Lake, StudyResult], world: ModuleType, tmp_path: Path
) -> None:
    lake, _ = trained
    found = comparison(lake, world.STUDY)
    assert len(found.pairs) == 3
    table, real = pair_table(found)
    assert np.allclose(table, -table.T, equal_nan=True)
    assert (real == real.T).all()
    for pair in found.pairs:
        assert pair.corrected >= pair.p
        assert pair.difference.low <= pair.difference.value <= pair.difference.high
    for row in found.rows:
        assert row["added"] is False
        assert row["size"] > 1000
        assert row["measured"] is row["gap"] is None
        assert 0 <= row["calibration_error"] <= 1
        assert row["seeds"] == 1


def test_only_members_that_both_were_asked_about_are_compared(
    trained: tuple[Lake, StudyResult],
) -> None:
    lake, result = trained
    one, other = (answers_of(lake, made.row) for made in result.trained[:2])
    some = set(one.entities[::2])
    assert compared(one.of(some), other) == compared(one.of(some), other.of(some))
    with pytest.raises(BadInput, match="both models were asked about, found none"):
        compared(one.of(some), other.of(set(other.entities) - some))


def test_a_model_that_was_asked_nothing_measured_has_no_gap(
    trained: tuple[Lake, StudyResult],
) -> None:
    lake, result = trained
    assert read_both_kinds(lake, result.trained[0].row) is None


def test_reliability_is_that_of_the_probabilities() -> None:
    rng = np.random.default_rng(7)
    sure = rng.uniform(0.5, 1.0, 20_000)
    labels = (rng.random(20_000) > sure).astype(np.int64)
    found = confidence_bins(np.stack([sure, 1 - sure], axis=1), labels)
    assert np.abs(found[:, 0] - found[:, 1]).max() < 0.03
    values = Values(np.zeros((20_000, 1)), np.full((20_000, 1), 2.0))
    nominal, observed = interval_shares(values, rng.normal(0, 2.0, 20_000)).T
    assert np.abs(nominal - observed).max() < 0.02


def row_of(i: int, metric: str) -> dict[str, object]:
    score = 0.9 - 0.06 * i
    return {
        "candidate": f"hist_gradient_boosting on xrd+xpdf+coulomb_matrix+soap{i}",
        "added": i == 4,
        "metric": metric,
        "score": score,
        "low": score - 0.05,
        "high": score + 0.04,
        "measured": score - 0.2 if i % 2 else None,
        "measured_low": score - 0.3 if i % 2 else None,
        "measured_high": score - 0.1 if i % 2 else None,
        "naive": 0.14,
        "nearest": 0.5,
        "shuffled": 0.15,
        "seconds": 0.03 * 5**i,
        "n_parameters": 12**i if i % 3 else None,
        "calibration_error": 0.05 * i,
        "coverage": 0.9 - 0.01 * i,
        "coverage_measured": None,
        "level": 0.9,
    }


def test_the_picture_holds_many_models_with_long_names(tmp_path: Path) -> None:
    rows = tuple(row_of(i, "balanced_accuracy") for i in range(9))
    pairs = tuple(
        Pair(str(a["candidate"]), str(b["candidate"]), Interval(d, d - 0.05, d + 0.05), 0.01, p)
        for i, a in enumerate(rows)
        for j, b in enumerate(rows[i + 1 :], i + 1)
        for d, p in [(0.06 * (j - i), 0.5 / (j - i) ** 3)]
    )
    points = [
        {"n": n, "score": n**0.5 / 20, "low": n**0.5 / 22, "high": n**0.5 / 18} for n in (50, 200)
    ]
    curves = [{"curves": [{"key": str(rows[0]["candidate"]), "points": points}]}]
    target = tmp_path / "models.png"
    found = Comparison("balanced_accuracy", rows, pairs)
    draw_models(found, metric_named(found.metric).title, "Nine models", curves, target)
    assert target.read_bytes().startswith(b"\x89PNG")
    assert label_of(4, rows[4]) == "5  hist_gradient_boosting\non xrd+xpdf+coulomb_matrix+soap4 *"
    assert [short(n) for n in (None, 7, 1500, 2_340_000)] == ["", "7", "1.5 k", "2.34 M"]


def test_one_model_alone_is_drawn_too(tmp_path: Path) -> None:
    found = Comparison("balanced_accuracy", (row_of(1, "balanced_accuracy"),), ())
    draw_models(found, "balanced accuracy", "One", [], tmp_path / "one.png")
    assert (tmp_path / "one.png").is_file()
