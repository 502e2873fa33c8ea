"""Drifts planted in diffraction curves, of the sizes that instruments have when they slip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from registry.records import Floats

Mask = npt.NDArray[np.bool_]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "xrd-rruff-experimental"
EXPOSURE = 0.2
"""Deviation of the logarithm of how long a sample is exposed: no two are alike in an experiment."""
COMMON = "a class of samples twice as likely"
Plant = Callable[[Floats, Floats, np.random.Generator], Floats]


def patterns() -> tuple[Floats, Floats, Mask, str]:
    """Axis (2 theta, degree), powder patterns (n, points), members of one class, what they are.

    Measured minerals of RRUFF where they are beside the checkout (the class: monoclinic ones),
    invented patterns elsewhere (the class: those of few lines). The files are scaled to one
    maximum: each pattern is given an exposure of its own.
    """
    file = DATA / "rruff.npz"
    rng = np.random.default_rng(0)
    if file.exists():
        with np.load(file) as read:
            every, monoclinic = read["intensity"].astype(np.float64), read["crystal_system"] == 1
        # from 10 to 80 degree; mean of five points of 0.01 degree
        y = every[:, 500:7500].reshape(len(every), -1, 5).mean(axis=2)
        x, of_class, what = np.arange(1400) * 0.05 + 10.02, monoclinic, "minerals of RRUFF"
    else:
        x = np.arange(1400) * 0.05 + 10.02
        y, of_class = _invented(x, 455, rng)
        what = "invented patterns"
    exposed = np.exp(rng.normal(0, EXPOSURE, len(y)))
    return x, y / y.max(axis=1, keepdims=True) * exposed[:, None], of_class, what


def _invented(x: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, Mask]:
    lines = rng.integers(8, 30, count)
    curves = []
    for number in lines:
        places = rng.uniform(12, 78, number)
        heights, width = rng.random(number) ** 2, rng.uniform(0.08, 0.25)
        peaks = heights * np.exp(-(((x[:, None] - places) / width) ** 2) / 2)
        curves.append(peaks.sum(axis=1) + rng.uniform(0.01, 0.06) + rng.normal(0, 0.005, len(x)))
    return np.array(curves), lines < 16


def zero_shift(by: float) -> Plant:
    """The zero of 2 theta off by so many degrees."""

    def plant(x: Floats, y: Floats, _: np.random.Generator) -> Floats:
        return np.stack([np.interp(x - by, x, curve) for curve in y])

    return plant


def background(by: float) -> Plant:
    """A flat background of so much of the maximum, fallen towards high angles."""

    def plant(x: Floats, y: Floats, _: np.random.Generator) -> Floats:
        return np.asarray(y + by * np.exp(-(x - x[0]) / np.ptp(x)))

    return plant


def gain(by: float) -> Plant:
    """All intensities times one and so much."""
    return lambda _x, y, _rng: np.asarray(y * (1 + by))


def broadening(by: float) -> Plant:
    """Convolution with a Gaussian of so many degrees (deviation)."""

    def plant(x: Floats, y: Floats, _: np.random.Generator) -> Floats:
        from scipy.ndimage import gaussian_filter1d

        return np.asarray(gaussian_filter1d(y, by / (x[1] - x[0]), axis=1))

    return plant


def noise(by: float) -> Plant:
    """Noise of so much of the maximum, as of a weaker beam."""

    def plant(_: Floats, y: Floats, rng: np.random.Generator) -> Floats:
        return np.asarray(y + rng.normal(0, by, y.shape))

    return plant


PLANTED: dict[str, Plant] = {
    "zero shift 0.1 degree": zero_shift(0.1),
    "zero shift 1 degree": zero_shift(1.0),
    "zero shift 5 degree": zero_shift(5.0),
    "background 2 % of the maximum": background(0.02),
    "background 5 % of the maximum": background(0.05),
    "gain 5 %": gain(0.05),
    "gain 20 %": gain(0.2),
    "broadening 0.1 degree": broadening(0.1),
    "broadening 0.2 degree": broadening(0.2),
    "noise 1 % of the maximum": noise(0.01),
}
