r"""How far apart two curves are in units of their noise, which is told from the curves themselves.

On second differences a smooth signal vanishes and independent noise does not: with counting
statistics, whose variance is :math:`k y`,

.. math::
    k = \operatorname{median}_i \frac{(2 y_i - y_{i-1} - y_{i+1})^2}{6\,\bar y_i}
        \Big/ 0.4549

(0.4549 is the median of :math:`\chi^2_1`; a median, because peaks are few points; curves with
negative values have the same noise everywhere). The misfit of two curves is

.. math::
    D = \Big\langle \frac{(a - s b)^2}{k_a a + k_b b} \Big\rangle

with a scale s that minimises it: a number, or for powder patterns a parabola in Q, because
polarisation and absorption at another wavelength change intensities slowly; the larger of both
ways round counts. What is counted twice has D = 1, a copy D = 0, for its noise is the same.
"""

from __future__ import annotations

import numpy as np

from registry.records import Floats
from training.models import Block

CHUNK = 256
"""Curves looked at together."""
FLOOR = 1e-4
"""Lowest intensity, of 1, that noise is still proportional to."""
MEDIAN_CHI2 = 0.4549364
ROUNDING = float(np.finfo(np.float32).eps)


def noise_of(values: Block) -> Floats:
    """Noise of curves as the variance at unit intensity, shape ``(n,)``; see the module."""
    found = [np.zeros(0)]
    for first in range(0, len(values), CHUNK):
        y = values[first : first + CHUNK].astype(np.float64)
        second = (2 * y[:, 1:-1] - y[:, :-2] - y[:, 2:]) ** 2 / 6
        found.append(np.median(second / _level(y)[:, 1:-1], axis=1) / MEDIAN_CHI2)
    return np.concatenate(found)


def misfit(one: Block, other: Block, noise: Floats, other_noise: Floats, degree: int) -> Floats:
    """Mean squared difference of pairs of curves in units of their noise, shape ``(p,)``.

    Args:
        one: Curves, shape ``(p, n)``.
        other: What they are compared with, same shape.
        noise: Noise of the former, as :func:`noise_of` gives it, shape ``(p,)``.
        other_noise: Noise of the latter.
        degree: Of the polynomial that scales the latter to the former.
    """
    a, b = one.astype(np.float64), other.astype(np.float64)
    variance = noise[:, None] * _level(a) + other_noise[:, None] * _level(b)
    weight = 1 / np.maximum(variance, ROUNDING**2)
    basis = b[:, None, :] * np.linspace(-1, 1, a.shape[1]) ** np.arange(degree + 1)[:, None]
    weighted = basis * weight[:, None, :]
    normal = weighted @ basis.transpose(0, 2, 1)
    # a curve of one or two points leaves a parabola undecided
    normal += ROUNDING * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(degree + 1)
    scale = np.linalg.solve(normal, weighted @ a[:, :, None])
    rest = a - (scale * basis).sum(axis=1)
    return np.asarray(np.mean(rest**2 * weight, axis=1))


def _level(values: Floats) -> Floats:
    """What the variance of the noise is proportional to, same shape: the counts, or nothing."""
    padded = np.pad(values, ((0, 0), (1, 1)), mode="edge")
    mean = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    counted = values.min(axis=1, keepdims=True) >= 0
    return np.asarray(np.where(counted, np.maximum(mean, FLOOR), 1.0))
