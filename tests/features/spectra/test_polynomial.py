"""Multiscale polynomial coefficients are least-squares fits in every segment."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from features.curve import Curve
from features.spectra.polynomial import coefficients

GRID = {"start": 0.0, "stop": 9.9, "points": 100, "origin": "zero", "scale": "none"}


@pytest.mark.parametrize("segments", [4, 5, 10, 20])
@pytest.mark.parametrize("degree", [1, 3])
def test_each_segment_has_the_fit_of_numpy(segments, degree):
    values = np.random.default_rng(3).normal(size=100)
    found = coefficients(values, segments, degree)
    for piece, expected in zip(np.split(values, segments), found, strict=True):
        # numpy fits in the window -1 to 1 as well
        fit = Polynomial.fit(np.arange(len(piece)), piece, degree)
        np.testing.assert_allclose(expected, fit.coef, atol=1e-12)


def test_a_cubic_is_found_at_every_scale(described):
    x = np.linspace(0, 9.9, 100)
    law = Polynomial([3, -2, 0.5, 0.1])
    found = described("polynomial", Curve("xas", x, law(x)), **GRID, segments=(1, 2, 5))
    start = 0
    for segments in (1, 2, 5):
        for n, piece in enumerate(np.split(x, segments)):
            ends = piece[[0, -1]]
            local = law(Polynomial([ends.mean(), np.ptp(ends) / 2]))
            got = found[start + 4 * n : start + 4 * (n + 1)]
            np.testing.assert_allclose(got, local.coef, atol=1e-9)
        start += 4 * segments
    assert start == len(found)


def test_noise_is_shared_out_by_scale(described):
    """A larger segment averages over more points: its coefficients scatter less."""
    rng = np.random.default_rng(5)
    x = np.linspace(0, 9.9, 100)
    noisy = [Curve("xas", x, rng.normal(size=100)) for _ in range(200)]

    def scatter(segments):
        return np.std([described("polynomial", c, **GRID, segments=(segments,))[0] for c in noisy])

    # level of a cubic: the variance of the mean times 9/4 for many points
    assert scatter(4) == pytest.approx(np.sqrt(9 / 4 / 25), rel=0.15)
    assert scatter(1) == pytest.approx(np.sqrt(9 / 4 / 100), rel=0.15)


def test_measured_absorption_has_the_white_line_in_its_bend(described, read_curves, shared_data):
    (curve,) = read_curves(shared_data / "xas-xasdatalibrary" / "Fe" / "Fe2O3_rt_01.xdi")
    levels = described("polynomial", curve, segments=(10,), points=100)[::4]
    # -15 to 45 eV in steps of 6 eV about the edge: foot, rise, white line, near the step after it
    assert levels[0] < 0.1
    assert levels[2:4].max() > 1.2
    assert levels[-1] == pytest.approx(1, abs=0.15)
