"""Curves on a grid: values, means, scales, what lies beyond, cumulative distribution, moments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from features.curve import Curve
from features.spectra._sampling import integral
from registry.errors import Unsupported

X = np.linspace(0, 10, 1001)
LINE = Curve("xrd", X, 2 * X + 1)
WINDOW = {"start": 1.0, "stop": 5.0, "points": 5}


def gaussian(mean, deviation, area=1.0, x=X):
    return Curve("xrd", x, area * stats.norm.pdf(x, mean, deviation))


def test_a_line_is_given_exactly(described):
    np.testing.assert_allclose(described("pointwise", LINE, **WINDOW), [3, 5, 7, 9, 11])
    # bins of 0.8 with their centres at 1.4, 2.2, ...
    means = described("pointwise", LINE, **WINDOW, sampling="average")
    np.testing.assert_allclose(means, 2 * (1.4 + 0.8 * np.arange(5)) + 1)


def test_means_keep_the_area_of_a_peak_that_values_miss(described):
    narrow = gaussian(2.5, 0.02)
    assert described("pointwise", narrow, **WINDOW).max() < 1e-6
    means = described("pointwise", narrow, **WINDOW, sampling="average")
    assert means.sum() * 0.8 == pytest.approx(1, abs=1e-3)


def test_a_curve_that_does_not_reach_is_refused_or_continued_as_told(described):
    curve = Curve("xrd", np.array([2.0, 3.0, 4.0]), np.array([1.0, 5.0, 2.0]))
    with pytest.raises(Unsupported, match=r"x from 1 to 5.*x from 2 to 4"):
        described("pointwise", curve, **WINDOW)
    held = described("pointwise", curve, **WINDOW, beyond="hold")
    assert held.tolist() == [1, 1, 5, 2, 2]
    assert described("pointwise", curve, **WINDOW, beyond="zero").tolist() == [0, 1, 5, 2, 0]
    means = described("pointwise", curve, **WINDOW, beyond="zero", sampling="average")
    assert means.sum() * 0.8 == pytest.approx(np.trapezoid(curve.y, curve.x))


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("none", [3, 5, 7, 9, 11]),
        ("maximum", np.array([3, 5, 7, 9, 11]) / 11),
        ("mean", np.array([3, 5, 7, 9, 11]) / 7),
        ("range", [0, 0.25, 0.5, 0.75, 1]),
        ("standard", np.array([-2, -1, 0, 1, 2]) / np.sqrt(2)),
    ],
)
def test_scales(described, scale, expected):
    np.testing.assert_allclose(described("pointwise", LINE, **WINDOW, scale=scale), expected)


def test_what_cannot_be_scaled_is_refused(described):
    flat = Curve("xrd", X, np.zeros(len(X)))
    for scale in ("maximum", "mean", "range", "standard"):
        with pytest.raises(Unsupported, match="to scale by"):
            described("pointwise", flat, **WINDOW, scale=scale)


def test_the_integral_of_a_line_through_points_is_exact():
    x, y = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 0.0])
    at = np.array([0.0, 0.5, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(integral(x, y, at), [0, 0.25, 1, 2.5, 3])


def test_the_cumulative_distribution_of_a_gaussian_is_the_normal_one(described):
    found = described("cumulative", gaussian(5, 0.7), start=0.0, stop=10.0, points=50)
    np.testing.assert_allclose(found, stats.norm.cdf(0.2 * np.arange(1, 51), 5, 0.7), atol=1e-5)
    assert found[-1] == 1


def test_a_cumulative_distribution_needs_an_area(described):
    with pytest.raises(Unsupported, match="positive area"):
        described("cumulative", Curve("xrd", X, np.zeros(len(X))), start=0.0, stop=10.0)


@pytest.mark.parametrize(
    "density",
    [stats.norm(5, 0.7), stats.gamma(4, scale=0.3), stats.uniform(2, 5), stats.expon(1, 0.5)],
    ids=["gaussian", "gamma", "uniform", "exponential"],
)
def test_moments_are_those_of_known_densities(described, density):
    # fine enough for the steps of the uniform and exponential densities
    x = np.linspace(0, 20, 40001)
    mean, variance, skew, excess = density.stats(moments="mvsk")
    found = described("moments", Curve("xrd", x, 3 * density.pdf(x)))
    expected = [3, mean, np.sqrt(variance), skew, excess + 3]
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_moments_of_a_peak_on_a_slope(described):
    peak = gaussian(5, 0.4, area=7)
    sloped = Curve("xrd", X, peak.y + 3 + 0.5 * X)
    found = described("moments", sloped, start=2.0, stop=8.0, background="line")
    np.testing.assert_allclose(found, [7, 5, 0.4, 0, 3], atol=1e-3)


def test_moments_count_from_the_tabulated_edge(described):
    energy = np.linspace(7100, 7200, 2001)
    curve = Curve("xas", energy, stats.norm.pdf(energy, 7130, 5), None, "Fe", "K")
    # the K edge of iron is at 7112 eV
    assert described("moments", curve, origin="table")[1] == pytest.approx(18, abs=1e-6)
    with pytest.raises(Unsupported, match="absorber and edge"):
        described("moments", Curve("xas", energy, curve.y), origin="table")


def test_moments_of_nothing_are_refused(described):
    with pytest.raises(Unsupported, match="positive area"):
        described("moments", Curve("xrd", X, -np.ones(len(X))))
    with pytest.raises(Unsupported, match="x from 12 to 10"):
        described("moments", LINE, start=12.0)
