"""Checks: planted faults are found where they were planted, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.checks import Check
from ingest.checks.gate import refusals
from ingest.checks.spectra import SPECTRUM_CHECKS, spectrum_quality
from registry.schemas.content import SPECTRA

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


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_columns_of_many_ragged_curves_are_those_of_each_alone(
    lengths: list[int], random: Any
) -> None:
    def ragged(n: int) -> Row:
        y = np.array([random.choice([-1.0, 0.0, 2.0, np.nan]) for _ in range(n)], np.float32)
        x = np.array([random.choice([1.0, 2.0, 3.0, np.nan]) for _ in range(n)])
        return {"technique": "xrd", "x": x, "intensity": y, "shape": [n]}

    curves = [ragged(n) for n in lengths]
    together = spectrum_quality(rows(*curves))
    for n, row in enumerate(curves):
        alone = spectrum_quality(rows(row))
        for check in SPECTRUM_CHECKS:
            assert np.array_equal(
                together[check.name][n : n + 1], alone[check.name], equal_nan=True
            ), check.name


def test_nan_passes_no_limit() -> None:
    assert not Check("c", "value", lower=0).passes(float("nan"))
    assert not Check("c", "value", upper=0).passes(float("nan"))
    assert Check("c", "value", lower=0, upper=1).passes(0.5)
