r"""Orthogonal wavelet coefficients: what happens where, at which scale.

The curve is interpolated onto ``points`` equal steps (a power of two) and transformed by Daubechies
wavelets with ``order`` vanishing moments (order 1 is Haar's), periodically continued, ``levels``
times:

.. math:: a'_n = \sum_k h_k\,a_{2n + k}, \qquad d'_n = \sum_k (-1)^k h_{2N - 1 - k}\,a_{2n + k}

The values are the last approximation, then the details from coarse to fine; the transform is
orthogonal, so the sum of their squares is that of the samples. Where the ends of the curve differ,
the periodic continuation has a step, seen in the details at the ends.

The filters come from their definition, the spectral factor of least phase (I. Daubechies, Comm.
Pure Appl. Math. 41, 909 (1988), section 4; S. Mallat, IEEE Trans. Pattern Anal. 11, 674 (1989)): a
dozen lines, where PyWavelets would be one more compiled dependency for this file alone.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._parameters import at_least, one_of
from features.spectra._sampling import GRID, GRID_UNITS, grid_width, sampled
from features.spectra._scaling import SCALES, scaled
from registry.errors import WrongUse
from registry.records import Floats

HIGHEST_ORDER = 10
"""Beyond it the roots that give the filter lose digits."""


@lru_cache
def daubechies(order: int) -> Floats:
    r"""Low-pass filter h with ``order`` vanishing moments, shape ``(2 order,)``, of norm 1.

    :math:`|H|^2 = \cos^{2N}(\omega/2)\,P(\sin^2(\omega/2))` with
    :math:`P(y) = \sum_{k<N} \binom{N-1+k}{k} y^k`; H takes the roots inside the unit circle.
    """
    polynomial = [comb(order - 1 + k, k) for k in reversed(range(order))]
    # y = (2 - z - 1/z) / 4 gives each root of P two places in z, one inside the circle
    half = 1 - 2 * np.roots(polynomial).astype(complex)
    root = np.sqrt(half * half - 1)
    inside = np.where(np.abs(half - root) < 1, half - root, half + root)
    taps = np.poly(np.concatenate([inside, -np.ones(order)])).real
    return np.asarray(taps * np.sqrt(2) / taps.sum())


def transform(values: Floats, order: int, levels: int) -> Floats:
    """Periodic orthogonal wavelet transform, shape of ``values``; coarse to fine."""
    low = daubechies(order)
    high = low[::-1] * (-1.0) ** np.arange(len(low))
    details: list[Floats] = []
    approximation = values
    for _ in range(levels):
        n = len(approximation)
        around = (2 * np.arange(n // 2)[:, None] + np.arange(len(low))) % n
        pieces = approximation[around]
        details.append(pieces @ high)
        approximation = pieces @ low
    return np.concatenate([approximation, *reversed(details)])


def inverse(coefficients: Floats, order: int, levels: int) -> Floats:
    """The values that :func:`transform` was given: its transpose."""
    low = daubechies(order)
    high = low[::-1] * (-1.0) ** np.arange(len(low))
    n = len(coefficients) >> levels
    approximation = coefficients[:n]
    for _ in range(levels):
        detail = coefficients[n : 2 * n]
        around = (2 * np.arange(n)[:, None] + np.arange(len(low))) % (2 * n)
        pieces = np.outer(approximation, low) + np.outer(detail, high)
        approximation = np.bincount(around.ravel(), pieces.ravel(), 2 * n).astype(np.float64)
        n *= 2
    return approximation


def _compute(curve: Curve, order: int, levels: int, scale: str, **grid: Any) -> Floats:
    values = scaled(sampled(curve, normalise=scale == "edge_step", **grid), scale)
    return transform(values, order, levels)


def _width(parameters: Parameters) -> int:
    one_of("scale", parameters["scale"], SCALES)
    points, levels = grid_width(parameters), at_least("levels", parameters["levels"], 1)
    if points & (points - 1) or points >> levels < 1:
        raise WrongUse("points", f"a power of two from {2**levels} on", repr(points))
    if not 1 <= parameters["order"] <= HIGHEST_ORDER:
        raise WrongUse("order", f"1 to {HIGHEST_ORDER}", repr(parameters["order"]))
    return points


DESCRIPTOR = Descriptor(
    name="wavelets",
    version="1",
    parameters={**GRID, "points": 128, "order": 4, "levels": 4, "scale": "none"},
    units={**GRID_UNITS, "order": "", "levels": "", "scale": ""},
    width=_width,
    compute=_compute,
    unit="of the intensity, or none when scaled",
    source="Daubechies, Comm. Pure Appl. Math. 41, 909 (1988)",
    entity="spectrum",
)
