"""Detectors that know the samples: textbook statistics, slips that samples would hide, a lake."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from scipy.stats import binomtest, kstest, mannwhitneyu, wilcoxon

from registry.errors import BadInput
from registry.lake import Lake, now
from training.drift import paired as module
from training.drift.known import against_earlier
from training.drift.paired import differences, lines, paired
from training.drift.rows import Rows
from training.drift.trigger import Drift
from training.signs import Case, Sign

DRIFT = Drift(technique="xrd", groups="material", window=30)


@pytest.fixture
def few_divisions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DIVISIONS", 199)


def offsets(rng: np.random.Generator, n: int, zero: float = 0.0) -> np.ndarray:
    """Offsets of measured minerals: mostly small, some of a wrong structure, some unknown."""
    found = np.column_stack([rng.normal(0, 0.002, n), rng.normal(0.04, 0.06, n) + zero])
    wrong = rng.random(n) < 0.1
    found[wrong] = rng.uniform(-1, 1, (wrong.sum(), 2)) * [0.03, 1.0]
    found[rng.random(n) < 0.1, 1] = np.nan
    return found


def test_a_zero_off_by_a_tenth_of_a_degree_is_seen_over_different_minerals() -> None:
    rng = np.random.default_rng(0)
    found = lines(offsets(rng, 100), offsets(rng, 100, zero=0.1))
    assert found.p_value <= 0.002
    assert found.moved.startswith("zero_shift by +0.")


@pytest.mark.usefixtures("few_divisions")
def test_p_values_where_nothing_changed_are_no_smaller_than_chance() -> None:
    each = [np.random.default_rng(seed) for seed in range(100)]
    by_lines = [lines(offsets(rng, 40), offsets(rng, 30)).p_value for rng in each]
    by_pairs = [paired(rng.standard_t(2, (25, 2)), seed).p_value for seed, rng in enumerate(each)]
    for found in (by_lines, by_pairs):
        assert kstest(found, "uniform", alternative="greater").pvalue > 1e-3
        assert binomtest(sum(p <= 0.05 for p in found), 100, 0.05, "greater").pvalue > 1e-3


def test_one_sample_measured_often_is_no_drift() -> None:
    rng = np.random.default_rng(1)
    rows = np.repeat(rng.normal(size=(11, 2)), 20, axis=0) + 0.01 * rng.normal(size=(220, 2))
    groups = [str(n) for n in np.repeat(np.arange(11), 20)]
    assert lines(rows[:200], rows[200:], groups).p_value > 0.05


def test_of_one_column_the_p_values_are_those_of_the_textbook() -> None:
    rng = np.random.default_rng(2)
    old, new = rng.normal(0, 1, 40), rng.normal(0.45, 1, 30)
    alone = [np.column_stack([side, np.full(len(side), np.nan)]) for side in (old, new)]
    expected = mannwhitneyu(old, new).pvalue
    assert lines(*alone).p_value == pytest.approx(expected, abs=4 * np.sqrt(expected / 2000))
    expected = wilcoxon(new).pvalue
    found = paired(np.column_stack([new, np.zeros(30)])).p_value
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / 2000) + 1e-3)


def test_a_shift_between_points_and_a_gain_are_measured() -> None:
    x = np.linspace(0.5, 6.0, 551)
    rng = np.random.default_rng(3)
    places = rng.uniform(1, 5.5, (20, 8))

    def drawn(shift: float) -> np.ndarray:
        away = x[None, None] - places[:, :, None] - shift
        return 0.1 + np.exp(-((away / 0.03) ** 2) / 2).sum(axis=1)

    found = differences(x, drawn(0.0), 1.05 * drawn(0.013))
    np.testing.assert_allclose(found[:, 0], 0.013, atol=0.002)
    np.testing.assert_allclose(found[:, 1], np.log(1.05), atol=0.01)
    assert np.isnan(differences(x, np.ones((1, 551)), drawn(0.0)[:1])).all()


def test_a_slip_is_seen_against_earlier_curves_of_the_same_materials() -> None:
    rng = np.random.default_rng(4)
    x = np.linspace(0.5, 6.0, 551)
    places = rng.uniform(1, 5, (40, 1, 6))

    def measured(shift: float) -> np.ndarray:
        own = shift + rng.normal(0, 0.01, (40, 1, 1))
        curves = np.exp(-(((x[None, :, None] - places - own) / 0.03) ** 2) / 2).sum(axis=2)
        return rng.lognormal(0, 0.2, (40, 1)) * (curves + rng.normal(0, 0.01, curves.shape))

    old, same, moved = (measured(shift) for shift in (0.0, 0.0, 0.02))
    material = {f"{side}{n}": f"m{n}" for side in ("old", "new") for n in range(40)}
    names = [tuple(f"{side}{n}" for n in range(40)) for side in ("old", "new")]

    def p(curves: np.ndarray, material: dict[str, str | None]) -> float | None:
        found = against_earlier(
            x, Rows(old, (), spectra=names[0]), Rows(curves, (), spectra=names[1]), material
        )
        return None if found is None else found.p_value

    assert p(same, material) > 0.01
    assert p(moved, material) <= 0.002
    assert p(moved, material | {f"new{n}": None for n in range(25)}) is None, "too few are known"


def test_differences_that_are_not_finite_are_refused() -> None:
    for wrong in (np.zeros((0, 2)), np.full((30, 2), np.nan)):
        with pytest.raises(BadInput, match="drift: paired"):
            paired(wrong)


def slipped(lake: Lake, world: ModuleType, zero: float | None) -> Sign:
    """A lake of measured minerals before and after; the checks of the later ones find a zero."""
    rng = np.random.default_rng(5)
    q = np.linspace(0.4, 5.8, 150)
    snapshots = []
    for first, off in ((0, 0.0), (40, zero)):
        spectra = []
        for number in range(first, first + 40):
            y = world.peaks(q, rng, world.SYSTEMS[number % 3])
            spectra.append(world.curve(world.XRD, f"m{number}", q, y, "experimental"))
        lake.append("spectra", spectra)
        if off is not None:
            checks = [
                {
                    "entity_id": row["spectrum_id"],
                    "entity_kind": "spectrum",
                    "check_name": "zero_shift",
                    "value": off + rng.normal(0, 0.05),
                    "severity": "warning",
                    "passed": True,
                    "checked_at": now(),
                }
                for row in spectra
            ]
            lake.append("checks", checks)
        snapshots.append(lake.snapshot())
    case = Case(lake, world.STUDY, {}, snapshots[0], snapshots[0], snapshots[1])
    return DRIFT(case)


def test_in_a_lake_the_zeros_that_checks_found_tell_a_slip(world: ModuleType, empty: Lake) -> None:
    sign = slipped(empty, world, 0.1)
    assert sign.fired
    assert "moved most: zero_shift by +0.1" in sign.reason
    assert sign.numbers["lines p"] <= sign.numbers["limit"] == 0.01 / 4


def test_in_a_lake_without_a_slip_or_without_checks_there_is_no_drift(
    world: ModuleType, empty: Lake
) -> None:
    assert not slipped(empty, world, 0.0).fired


def test_what_no_check_measured_is_not_looked_at(world: ModuleType, empty: Lake) -> None:
    sign = slipped(empty, world, None)
    assert "lines p" not in sign.numbers
    assert sign.numbers["limit"] == 0.01 / 3
