"""The strongest peaks of a curve, and the first ones of a pair distribution function."""

from __future__ import annotations

from math import erf, log, pi, sqrt

import numpy as np
import pytest

from features.curve import Curve
from features.spectra._maxima import crossing, vertex
from registry.errors import Unsupported

X = np.linspace(0, 10, 2001)
WIDTH = sqrt(8 * log(2))
SHARE = erf(sqrt(log(2)))
# centre, deviation, height
PEAKS = ((2.013, 0.05, 4.0), (4.987, 0.10, 9.0), (8.24, 0.07, 6.0))


def pattern(*peaks, x=X):
    return sum(h * np.exp(-(((x - c) / s) ** 2) / 2) for c, s, h in peaks)


def test_gaussians_are_measured(described):
    found = described("peaks", Curve("xrd", X, pattern(*PEAKS)), k=4).reshape(4, 4)
    by_height = sorted(PEAKS, key=lambda peak: -peak[2])
    for row, (centre, deviation, height) in zip(found, by_height, strict=False):
        area = SHARE * height * deviation * sqrt(2 * pi)
        np.testing.assert_allclose(
            row, [centre, height, WIDTH * deviation, area], rtol=3e-3, atol=1e-4
        )
    assert found[3].tolist() == [0, 0, 0, 0]
    # the number the module states
    assert pytest.approx(0.761, abs=5e-4) == SHARE


def test_peaks_in_order_of_position_and_padded_as_told(described):
    found = described("peaks", Curve("xrd", X, pattern(*PEAKS)), k=5, order="position", pad=-1.0)
    positions = found.reshape(5, 4)[:, 0]
    np.testing.assert_allclose(positions[:3], [c for c, _, _ in PEAKS], atol=1e-3)
    assert positions[3:].tolist() == [-1, -1]
    two = described("peaks", Curve("xrd", X, pattern(*PEAKS)), k=2, order="position")
    np.testing.assert_allclose(two.reshape(2, 4)[:, 0], [4.987, 8.24], atol=1e-3)


def test_a_slope_feigns_no_peak_and_changes_no_strength(described):
    sloped = Curve("xrd", X, 20 - 1.5 * X)
    assert not described("peaks", sloped, k=3).any()
    with_peaks = Curve("xrd", X, 20 - 0.1 * X + pattern(*PEAKS))
    found = described("peaks", with_peaks, k=3, order="position").reshape(3, 4)
    np.testing.assert_allclose(found[:, 0], [c for c, _, _ in PEAKS], atol=2e-3)
    np.testing.assert_allclose(found[:, 1], [h for _, _, h in PEAKS], rtol=0.15)


def test_noise_below_the_prominence_is_no_peak(described):
    rng = np.random.default_rng(2)
    noisy = Curve("xrd", X, pattern(*PEAKS) + 0.02 * rng.normal(size=len(X)))
    found = described("peaks", noisy, k=10).reshape(10, 4)
    assert np.count_nonzero(found[:, 1]) == 3


def test_uneven_steps_make_no_difference(described):
    uneven = np.unique(np.concatenate([np.linspace(0, 5, 800), np.linspace(5, 10, 1700)]))
    one = described("peaks", Curve("xrd", X, pattern(*PEAKS)), k=3)
    other = described("peaks", Curve("xrd", uneven, pattern(*PEAKS, x=uneven)), k=3)
    np.testing.assert_allclose(one, other, rtol=5e-3)


def test_a_parabola_has_its_vertex_between_points():
    x = np.array([0.0, 1.0, 2.5])
    y = 3 - 2 * (x - 1.2) ** 2
    assert vertex(x, y, 1) == (pytest.approx(1.2), pytest.approx(3))
    assert vertex(x, np.array([1.0, 2.0, 2.0]), 2) == (2.5, 2.0)
    assert vertex(x, np.ones(3), 1) == (1.0, 1.0)


def test_crossings_are_interpolated():
    x, y = np.arange(5.0), np.array([0.0, 4.0, 8.0, 2.0, 1.0])
    assert crossing(x, y, 6, 2, 1) == pytest.approx(2 + 1 / 3)
    assert crossing(x, y, 6, 2, -1) == pytest.approx(1.5)
    assert crossing(x, y, 0.5, 2, 1) is None


def test_shells_of_measured_nickel(described, read_curves, shared_data):
    """Face-centred cubic: shells at a sqrt(n / 2), a = 3.524 angstrom at room temperature."""
    path = shared_data / "pdf-diffpy-cmi" / "pdf" / "ch03NiModelling" / "data" / "Ni.gr"
    (curve,) = read_curves(path)
    found = described("pdf_peaks", curve, k=5).reshape(5, 2)
    shells = 3.524 / sqrt(2) * np.sqrt([1, 2, 3, 4, 5])
    np.testing.assert_allclose(found[:, 0], shells, atol=0.02)
    top = int(np.argmax(curve.y * (curve.x < 3)))
    assert found[0, 1] == pytest.approx(curve.y[top], rel=0.01)


def test_peaks_before_r_min_and_ripples_do_not_count(described):
    r = np.linspace(0.01, 10, 1000)
    g = pattern((2.5, 0.1, 5.0), (3.6, 0.12, 3.0), (0.6, 0.1, 4.0), x=r) + 0.1 * np.sin(25 * r)
    found = described("pdf_peaks", Curve("xpdf", r, g), k=4, pad=-1.0).reshape(4, 2)
    np.testing.assert_allclose(found[:2, 0], [2.5, 3.6], atol=0.02)
    assert found[2:].tolist() == [[-1, -1], [-1, -1]]


def test_a_pdf_without_a_peak_is_refused(described):
    with pytest.raises(Unsupported, match="a peak from 1 angstrom on"):
        described("pdf_peaks", Curve("xpdf", X, -X))
    with pytest.raises(Unsupported, match="3 points"):
        described("pdf_peaks", Curve("xpdf", X, X), r_min=9.995)
