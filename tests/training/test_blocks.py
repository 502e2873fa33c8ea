"""Curves brought onto a grid: exact means over cells, whatever the order of the axis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from registry.errors import BadInput
from training import blocks
from training.blocks import axis_refusal, curve_block, read_block, resample
from training.definitions import SpectrumInput

GRID = np.linspace(1.0, 2.0, 11)
XRD = SpectrumInput("xrd", "xrd", (1.0, 2.0, 11))


@given(st.integers(0, 10_000))
def test_each_value_is_the_mean_of_the_curve_over_its_cell(seed):
    rng = np.random.default_rng(seed)
    x = np.sort(np.concatenate([[0.9, 2.1], rng.uniform(0.9, 2.1, 30)]))
    y = rng.random((1, len(x)))
    edges = np.concatenate([GRID[:1], (GRID[1:] + GRID[:-1]) / 2, GRID[-1:]])
    found = resample(x, y, GRID)[0]
    cell = rng.integers(0, 11)
    a, b = edges[cell], edges[cell + 1]
    inside = x[(x > a) & (x < b)]
    area, _ = quad(lambda q: np.interp(q, x, y[0]), a, b, points=inside.tolist() or None)
    assert found[cell] == pytest.approx(area / (b - a), rel=1e-6, abs=1e-9)


def test_a_descending_axis_gives_the_same():
    x, y = np.linspace(0.5, 3.0, 70), np.random.default_rng(0).random((3, 70))
    assert np.array_equal(resample(x, y, GRID), resample(x[::-1], y[:, ::-1], GRID))


def test_a_peak_narrower_than_the_grid_keeps_its_area():
    x = np.linspace(0.9, 2.1, 12_001)
    for centre in (1.5, 1.55):
        y = np.exp(-(((x - centre) / 0.005) ** 2) / 2)[None, :]
        area = resample(x, y, GRID)[0].sum() * 0.1
        assert area == pytest.approx(0.005 * np.sqrt(2 * np.pi), rel=1e-6)


def test_largest_value_is_one_and_the_input_is_left_alone():
    x, y = np.linspace(0.5, 3.0, 50), -7.0 * np.linspace(0.5, 3.0, 50)
    before = y.copy()
    assert np.abs(curve_block(XRD, x, y)).max() == 1.0
    assert np.array_equal(y, before)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.linspace(1.2, 3, 9), np.ones(9), "does not cover the grid"),
        (np.array([0.5, 3.0, 1.0]), np.ones(3), "neither ascends nor descends"),
        (np.linspace(0.5, 3, 9), np.full(9, np.nan), "not finite"),
        (np.linspace(0.5, 3, 9), np.zeros(9), "zero everywhere"),
        (np.linspace(0.5, 3, 9), np.ones(8), "one length"),
    ],
)
def test_a_curve_that_cannot_be_used_is_refused_with_the_reason(x, y, message):
    with pytest.raises(BadInput, match=message):
        curve_block(XRD, x, y)


def test_measured_patterns_cover_the_grid_of_the_crystal_system_study(shared_data):
    from registry.units import two_theta_to_q
    from registry.vocabulary import CU_KA
    from training.studies.crystal_system import INPUTS

    with np.load(shared_data / "xrd-rruff-experimental" / "rruff.npz") as file:
        intensity = file["intensity"][:20].astype(float)
    q = two_theta_to_q(5.0 + 0.01 * np.arange(intensity.shape[1]), CU_KA)
    assert axis_refusal(q, INPUTS[0]) is None
    for y in intensity:
        block = curve_block(INPUTS[0], q, y)
        assert block.shape == (1, 501)
        assert block.max() == 1.0


def test_curves_read_a_few_at_a_time_are_the_same(minerals, world, monkeypatch):
    ids = minerals.sql("SELECT material_id FROM materials ORDER BY 1")["material_id"].to_pylist()
    whole = read_block(minerals, world.XRD, ids)
    monkeypatch.setattr(blocks, "READ", 1000)
    monkeypatch.setattr(blocks, "RESAMPLED", 600)
    parts = read_block(minerals, world.XRD, ids)
    assert parts.entities == whole.entities == ids
    assert parts.ids == whole.ids
    assert np.array_equal(parts.values, whole.values)
    assert np.allclose(parts.errors, whole.errors, rtol=1e-6)
    nobody = read_block(minerals, world.XRD, [])
    assert nobody.values.shape == (0, 120)
