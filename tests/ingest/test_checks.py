"""Checks: planted faults are found where they were planted, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.checks import Check, check_sets
from ingest.checks._curves import Curves
from ingest.checks.copies import Marks, marks
from ingest.checks.gate import refusals
from ingest.checks.spectra import spectrum_checks, spectrum_quality
from registry.schemas.content import SPECTRA
from registry.vocabulary import TECHNIQUES

Row = dict[str, Any]


def curve(technique: str = "saxs", points: int = 20) -> Row:
    return {
        "technique": technique,
        "x": np.linspace(0.01, 1, points),
        "intensity": np.linspace(0.9, 0.1, points).astype(np.float32),
        "uncertainty": np.full(points, 0.01, np.float32),
        "shape": [points],
    }


def rows(*curves: Row) -> pa.Table:
    return pa.Table.from_pylist(list(curves), schema=SPECTRA.arrow)


def set_at(field: str, index: int, value: float) -> Callable[[Row], None]:
    def damage(row: Row) -> None:
        row[field][index] = value

    return damage


def cut(row: Row) -> None:
    row["intensity"] = row["intensity"][:-2]


def swap(row: Row) -> None:
    row["x"][[4, 5]] = row["x"][[5, 4]]


def dead(row: Row) -> None:
    row["intensity"][:] = 3.0


def negative_q(row: Row) -> None:
    row["x"] = row["x"] - 0.5


DAMAGE: list[tuple[str, Callable[[Row], None]]] = [
    ("intensity_not_finite", set_at("intensity", 3, np.nan)),
    ("x_not_finite", set_at("x", 19, np.inf)),
    ("x_back_share", swap),
    ("x_back_share", lambda row: row["x"].__setitem__(7, row["x"][6])),
    ("length_mismatch", cut),
    ("uncertainty_min", set_at("uncertainty", 0, -1.0)),
    ("intensity_range", dead),
    ("q_min", negative_q),
]


@pytest.mark.parametrize(("check", "damage"), DAMAGE)
def test_a_planted_fault_is_refused_under_its_name_and_its_neighbours_pass(
    check: str, damage: Callable[[Row], None]
) -> None:
    bad = curve()
    damage(bad)
    before, complaint, after = refusals(rows(curve(), bad, curve()), "spectra")
    assert before is None
    assert after is None
    assert complaint is not None
    assert check in complaint.where


def test_a_descending_axis_is_as_good_as_an_ascending_one() -> None:
    row = curve()
    row["x"] = row["x"][::-1].copy()
    assert refusals(rows(row), "spectra") == [None]


def test_a_point_repeated_where_two_detectors_meet_is_flagged_and_not_refused() -> None:
    row = curve(points=300)
    row["x"][120] = row["x"][119]
    assert refusals(rows(row), "spectra") == [None]
    assert spectrum_quality(rows(row))["x_back_steps"] == 1


def test_a_missing_uncertainty_is_no_fault() -> None:
    row = curve()
    row["uncertainty"] = None
    assert refusals(rows(row), "spectra") == [None]


def test_negative_binding_energies_are_no_fault() -> None:
    row = curve("xps")
    negative_q(row)
    assert refusals(rows(row), "spectra") == [None]


def test_a_masked_pixel_is_no_fault_in_a_map_but_a_masked_map_is() -> None:
    image = curve() | {"x": np.arange(-2.0, 2.0), "shape": [4, 5]}
    image["axes"] = [{"quantity": "Q_y", "unit": "1/angstrom", "values": np.arange(5.0)}]
    image["intensity"][:3] = np.nan
    hidden = image | {"intensity": np.full(20, np.nan, np.float32)}
    fine, complaint = refusals(rows(image, hidden), "spectra")
    assert fine is None
    assert complaint is not None
    assert "masked_share" in complaint.where


def test_an_empty_curve_is_refused_and_disturbs_nobody() -> None:
    empty = {"technique": "saxs", "x": [], "intensity": [], "shape": [0]}
    complaint, fine = refusals(rows(empty, curve()), "spectra")
    assert complaint is not None
    assert fine is None


@settings(max_examples=60, deadline=None)  # the first example imports what it needs
@given(
    st.lists(st.integers(0, 24), min_size=1, max_size=6),
    st.sampled_from(sorted(TECHNIQUES)),
    st.randoms(use_true_random=False),
)
def test_columns_of_many_ragged_curves_are_those_of_each_alone(
    lengths: list[int], technique: str, random: Any
) -> None:
    def ragged(n: int) -> Row:
        bad = random.choice([0.0, 0.0, np.nan])
        y = np.array([random.choice([-1.0, 0.5, 2.0, 7.0]) for _ in range(n)], np.float32)
        x = np.cumsum([random.choice([0.1, 1.0, 3.0]) for _ in range(n)])
        x *= random.choice([1, -1])
        return {"technique": technique, "x": x, "intensity": y + bad, "shape": [n]}

    curves = [ragged(n) for n in lengths]
    sets = [each for each in check_sets().values() if not each.together]
    together = spectrum_quality(rows(*curves), sets)
    alone = [spectrum_quality(rows(row), sets) for row in curves]
    for name, column in together.items():
        np.testing.assert_allclose(
            column, [each[name][0] for each in alone], rtol=1e-6, atol=1e-9, err_msg=name
        )


def test_a_value_outside_the_limits_breaks_a_check_and_nan_says_it_does_not_apply() -> None:
    check = Check("c", "value", lower=0, upper=1)
    given = [float("nan"), -0.1, 0.0, 0.5, 1.0, 1.1, float("inf")]
    assert check.broken_by(given).tolist() == [False, True, False, False, False, True, True]


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_an_error_check_always_tells_what_it_finds_in_a_bad_row(technique: str) -> None:
    bad = {"technique": technique, "x": [np.nan] * 7, "intensity": [np.nan] * 7, "shape": [7]}
    general = check_sets()["general"]
    columns = spectrum_quality(rows(bad), [general])
    assert not any(np.isnan(columns[check.name]).any() for check in general.checks)
    assert refusals(rows(bad), "spectra") != [None]


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_every_check_of_a_technique_is_measured_and_names_are_used_once(technique: str) -> None:
    names = [check.name for check in spectrum_checks(technique)]
    assert len(names) == len(set(names))
    assert set(names) <= spectrum_quality(rows(curve(technique))).keys()


def test_a_batch_of_several_techniques_gives_each_its_own_columns() -> None:
    columns = spectrum_quality(rows(*(curve(t, 60) for t in ("xas", "saxs", "nr"))))
    assert np.isnan(columns["reflectivity_max"]).tolist() == [True, True, False]
    assert np.isnan(columns["guinier_slope"]).tolist() == [True, False, True]


def test_curves_of_which_one_is_the_copy_of_another_are_both_told() -> None:
    other, third = curve(), curve()
    other["x"] = other["x"] * 2
    other["intensity"] = other["intensity"] * np.float32(1e-3)
    third["intensity"][7] *= 1.01
    assert spectrum_quality(rows(curve(), other, third))["near_copies"].tolist() == [1, 1, 0]


@pytest.mark.parametrize("factor", [2.0, 3.7, 1e-4, 1e5, -1.0])
def test_the_mark_of_a_curve_stays_when_it_is_scaled_and_tells_it_from_others(
    factor: float,
) -> None:
    rng = np.random.default_rng(1)
    given = [rng.gamma(1.0, 1.0, rng.integers(5, 300)).astype(np.float32) for _ in range(700)]

    def marked(scale: float) -> Marks:
        spread = [curve("xrd", len(y)) | {"intensity": y * np.float32(scale)} for y in given]
        return marks(Curves(rows(*spread)))

    plain = marked(1.0)
    assert len(np.unique(plain)) == len(plain)
    # rounding may lead a piece over an edge of its step
    assert np.mean(marked(factor) == plain) > 0.98


def test_neighbours_in_a_family_of_smooth_curves_are_no_copies() -> None:
    q = np.geomspace(1e-3, 0.5, 200)
    family = [curve(points=200) | {"intensity": np.exp(-((q * rg) ** 2) / 3)} for rg in
              np.linspace(20, 60, 400)]  # fmt: skip
    assert spectrum_quality(rows(*family))["near_copies"].max() == 0


def test_what_has_no_shape_has_no_mark() -> None:
    dead, short = curve() | {"intensity": np.full(20, 3.0, np.float32)}, curve(points=4)
    missing = curve()
    missing["intensity"][3] = np.nan
    empty = {"technique": "saxs", "x": [], "intensity": [], "shape": [0]}
    found = marks(Curves(rows(dead, curve(), short, empty, missing, empty)))
    assert (found != 0).tolist() == [False, True, False, False, False, False]
    assert len(marks(Curves(rows()))) == 0


def test_an_uncertainty_with_digits_too_many_is_told_and_a_dark_pixel_is_not() -> None:
    absurd, dark, without = curve(), curve(), curve()
    peak = max(dark["intensity"])
    dark["uncertainty"] = [100 * peak] + [0.1] * (len(dark["intensity"]) - 1)
    absurd["uncertainty"] = [1e12 * peak] + [0.1] * (len(absurd["intensity"]) - 1)
    without["uncertainty"] = None
    columns = spectrum_quality(rows(absurd, dark, without))
    np.testing.assert_allclose(columns["uncertainty_ratio"], [1e12, 100, np.nan], rtol=1e-6)
    (check,) = (c for c in spectrum_checks("saxs") if c.name == "uncertainty_ratio")
    assert check.broken_by(columns["uncertainty_ratio"]).tolist() == [True, False, False]


def test_a_frozen_detector_is_told_by_its_share_and_a_flat_background_is_none() -> None:
    frozen, floor = curve(), curve()
    frozen["intensity"][5:15] = frozen["intensity"][5]
    floor["intensity"][10:] = 0
    columns = spectrum_quality(rows(frozen, floor))
    assert columns["frozen_share"] == pytest.approx([0.45, 0])


def test_nothing_that_was_given_is_changed() -> None:
    given = [curve(t) for t in sorted(TECHNIQUES)]
    table = rows(*given)
    before = table.slice(0).to_pydict()
    spectrum_quality(table)
    assert table.to_pydict() == before


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
@pytest.mark.parametrize("y", [0.0, -1.0, 1e38])
def test_a_dead_curve_is_measured_without_a_warning(technique: str, y: float) -> None:
    dead = curve(technique, 60) | {"intensity": np.full(60, y, np.float32)}
    complaint, fine = refusals(rows(dead, curve(technique, 60)), "spectra")
    spectrum_quality(rows(dead, curve(technique, 60)))
    assert complaint is not None
    assert fine is None
