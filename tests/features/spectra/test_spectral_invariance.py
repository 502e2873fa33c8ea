"""What must not change a value, or must change it in a known way.

Counting longer or a thicker sample scales the intensity; another grid is the same curve; a shift
of the axis moves positions and nothing else.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.curve import Curve
from features.descriptor import descriptors


def absorption(points):
    energy = np.linspace(6960, 7460, points)
    t = energy - 7121
    mu = 0.5 + np.arctan(t / 1.5) / np.pi + 0.6 * np.exp(-(((t - 7) / 4) ** 2))
    mu = mu + 0.12 * np.exp(-(((t + 9) / 1.2) ** 2)) - 1e-4 * t
    return Curve("xas", energy, mu, None, "Fe", "K")


def small_angle(points):
    q = np.linspace(0.004, 0.5, points)
    # spheres of several radii, so that no minimum is sharper than a grid
    qr = q[:, None] * np.array([38.0, 41.0, 44.0, 47.0, 50.0])
    y = np.mean((3 * (np.sin(qr) - qr * np.cos(qr)) / qr**3) ** 2, axis=1)
    return Curve("saxs", q, 12 * y + 1e-3, 0.01 * y + 1e-5)


def pattern(points, technique="xrd", end=8.0):
    x = np.linspace(0.4, end, points)
    peaks = ((1.3, 0.06, 3), (2.51, 0.08, 8), (3.62, 0.07, 5), (5.2, 0.1, 2))
    return Curve(technique, x, sum(h * np.exp(-(((x - c) / s) ** 2)) for c, s, h in peaks) + 0.2)


def pair_distribution(points):
    return pattern(points, "xpdf")


def fine_structure(points):
    k = np.linspace(0.05, 14, points)
    shells = np.sin(4.4 * k) / (1 + k) ** 2 + 0.6 * np.sin(7.1 * k) / (1 + k) ** 2
    return Curve("exafs", k, shells)


def phonons(points):
    energy = np.linspace(0, 50, points)
    shape = energy**2 * np.exp(-(((energy - 25) / 9) ** 2))
    return Curve("phonon_dos", energy, shape)


def reflectivity(points):
    q = np.linspace(0.004, 0.2, points)
    s = np.sqrt(np.maximum(1 - (0.012 / q) ** 2, 0))
    fresnel = ((1 - s) / (1 + s)) ** 2
    return Curve("nr", q, fresnel * (1 + 0.4 * np.cos(250 * q) * (q > 0.02)))


# curve, parameters, power of the intensity in each value (repeated), what a shift of x adds
CASES = {
    "cumulative": (pattern, {}, [0], None),
    "edge_position": (absorption, {}, [0], [1]),
    "exafs_transform": (fine_structure, {}, [1], None),
    "franke_volumes": (small_angle, {}, [0], None),
    "guinier": (small_angle, {}, [0, 0, 1, 1, 0, 0], None),
    "moments": (pattern, {"background": "line"}, [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]),
    "pdf_peaks": (pair_distribution, {"k": 3}, [0, 1], [1, 0]),
    "peaks": (pattern, {"k": 5}, [0, 1, 0, 1], [1, 0, 0, 0]),
    "phonon_moments": (phonons, {}, [0], None),
    "pointwise": (pattern, {}, [1], None),
    "polynomial": (absorption, {}, [0], [0]),
    "porod": (small_angle, {}, [1, 0, 1, 1, 0, 0], None),
    "pre_edge": (absorption, {}, [0], [0]),
    "reflectivity": (reflectivity, {}, [0], None),
    "wavelets": (pattern, {}, [1], None),
    "white_line": (absorption, {}, [0], [0]),
}


def test_every_descriptor_is_here():
    assert set(CASES) == {n for n, d in descriptors().items() if d.entity == "spectrum"}


def described(name, curve):
    descriptor = descriptors()[name]
    return descriptor.run(curve, descriptor.settings(**CASES[name][1]))


def tiled(pattern_, length):
    return np.tile(pattern_, -(-length // len(pattern_)))[:length]


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10, deadline=None)
@given(factor=st.floats(1, 1e6))
def test_a_stronger_signal_scales_what_it_must(name, factor):
    make, _, powers, _ = CASES[name]
    curve = make(600)
    sigma = None if curve.uncertainty is None else factor * curve.uncertainty
    before = described(name, curve)
    after = described(name, replace(curve, y=factor * curve.y, uncertainty=sigma))
    expected = before * factor ** tiled(powers, len(before)).astype(float)
    scale = np.abs(expected).max() if len(powers) == 1 else np.abs(expected)
    np.testing.assert_allclose(after, expected, rtol=1e-6, atol=1e-9 * np.max(scale))


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10, deadline=None)
@given(points=st.integers(600, 1500))
def test_another_grid_changes_little(name, points):
    make = CASES[name][0]
    one, other = described(name, make(1000)), described(name, make(points))
    # the error of the Guinier fit counts points; its region ends at a point of the grid
    one, other = (np.delete(v, [1, 3]) if name == "guinier" else v for v in (one, other))
    tolerance = 0.02 * np.maximum(np.abs(one), 0.02 * np.abs(one).max())
    wide = {"polynomial", "wavelets", "pointwise"} & {name}
    allowed = 0.03 * np.abs(one).max() if wide else 2 * tolerance
    assert (np.abs(one - other) <= allowed).all()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[3]])
@settings(max_examples=10, deadline=None)
@given(shift=st.floats(-5, 5))
def test_a_shift_moves_positions_and_nothing_else(name, shift):
    make, _, _, added = CASES[name]
    shift = shift if make is absorption else 0.05 * shift
    curve = make(800)
    before, after = described(name, curve), described(name, replace(curve, x=curve.x + shift))
    moved = before + shift * tiled(added, len(before)) * (before != 0)
    np.testing.assert_allclose(after, moved, rtol=2e-3, atol=2e-2 if make is absorption else 1e-6)


@pytest.mark.parametrize("name", ["edge_position", "polynomial", "pre_edge", "white_line"])
@settings(max_examples=10, deadline=None)
@given(offset=st.floats(-2, 2), slope=st.floats(-1e-3, 1e-3), thickness=st.floats(0.1, 10))
def test_thickness_and_a_sloping_background_do_not_show_in_absorption(
    name, offset, slope, thickness
):
    curve = absorption(600)
    other = thickness * curve.y + offset + slope * (curve.x - 7000)
    before, after = described(name, curve), described(name, replace(curve, y=other))
    if name == "edge_position":
        # the slope adds a constant to the derivative: the parabola's top stays where it is
        assert after == pytest.approx(before, abs=1e-6)
    else:
        np.testing.assert_allclose(after, before, atol=2e-4 * np.abs(before).max())


@pytest.mark.parametrize("name", CASES)
def test_what_the_user_gave_is_left_as_it_was(name):
    curve = CASES[name][0](500)
    for values in (curve.x, curve.y, curve.uncertainty):
        if values is not None:
            values.setflags(write=False)
    described(name, curve)
