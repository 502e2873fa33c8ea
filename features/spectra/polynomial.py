r"""Multiscale polynomial coefficients: level, slope and bend in segments of several sizes.

The curve is interpolated onto ``points`` equal steps and cut into n equal segments, for each n of
``segments``. In each, a polynomial of degree ``degree`` is fitted by least squares in the
coordinate t of the segment, -1 at its first and +1 at its last point:

.. math:: y \approx c_0 + c_1 t + c_2 t^2 + c_3 t^3

The values are the coefficients, by n, then segment, then power. The published work used cubic
polynomials on X-ray absorption near the edge; the sizes are ours to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._parameters import at_least, one_of
from features.spectra._sampling import GRID, GRID_UNITS, grid_width, sampled
from features.spectra._scaling import SCALES, scaled
from registry.errors import WrongUse
from registry.records import Floats


def coefficients(values: Floats, segments: int, degree: int) -> Floats:
    """Coefficients of a polynomial in each of equal segments, shape ``(segments, degree + 1)``.

    Args:
        values: At equal steps, shape ``(points,)``; points is a multiple of ``segments``.
        segments: Number of segments.
        degree: Of the polynomials.
    """
    pieces = values.reshape(segments, -1)
    fitted: Floats = pieces @ _operator(pieces.shape[1], degree).T
    return fitted


@lru_cache
def _operator(points: int, degree: int) -> Floats:
    """What turns values at equal steps into coefficients, shape ``(degree + 1, points)``."""
    t = np.linspace(-1, 1, points)
    return np.linalg.pinv(np.vander(t, degree + 1, increasing=True))


def _compute(curve: Curve, segments: Sequence[int], degree: int, scale: str, **grid: Any) -> Floats:
    values = scaled(sampled(curve, normalise=scale == "edge_step", **grid), scale)
    return np.concatenate([coefficients(values, n, degree).ravel() for n in segments])


def _width(parameters: Parameters) -> int:
    points = grid_width(parameters)
    one_of("scale", parameters["scale"], SCALES)
    degree, segments = at_least("degree", parameters["degree"], 0), list(parameters["segments"])
    for n in segments:
        if not (isinstance(n, int) and n > 0 and points % n == 0 and points // n > degree):
            needed = f"numbers that divide {points} points into pieces of more than {degree}"
            raise WrongUse("segments", needed, repr(n))
    return at_least("segments", sum(segments), 1) * (degree + 1)


DESCRIPTOR = Descriptor(
    name="polynomial",
    version="1",
    parameters={
        **GRID,
        "start": -15.0,
        "stop": 45.0,
        "points": 100,
        "origin": "edge",
        "segments": (4, 5, 10, 20),
        "degree": 3,
        "scale": "edge_step",
    },
    units={**GRID_UNITS, "segments": "", "degree": "", "scale": ""},
    width=_width,
    compute=_compute,
    unit="of the intensity, or none when scaled",
    source="Torrisi et al., npj Comput. Mater. 6, 109 (2020)",
    entity="spectrum",
    techniques=("xas",),
)
