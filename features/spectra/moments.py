r"""Moments of a curve: area, mean, deviation, skewness, kurtosis.

.. math::
    A = \int y\,dx, \quad m = \frac{1}{A} \int x\,y\,dx, \quad
    s^2 = \frac{1}{A} \int (x - m)^2 y\,dx, \quad
    g_k = \frac{1}{A s^k} \int (x - m)^k y\,dx

with skewness g_3 and kurtosis g_4 (3 for a Gaussian), by the trapezoidal rule from ``start`` to
``stop`` (null: the ends of the curve). ``background`` may take away the line between the ends of
the range first.
"""

from __future__ import annotations

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._parameters import above, one_of
from features.spectra._sampling import ORIGINS, between, reference, window
from registry.errors import Unsupported
from registry.records import Floats


def moments(x: Floats, y: Floats) -> Floats:
    """Area, mean, deviation, skewness and kurtosis of a density, shape ``(5,)``.

    Raises:
        Unsupported: When area or variance are not positive.
    """
    area = np.trapezoid(y, x)
    if not area > 0:
        raise Unsupported("spectrum", "a positive area", f"{area:g}")
    mean = np.trapezoid(x * y, x) / area
    second, third, fourth = (np.trapezoid((x - mean) ** k * y, x) / area for k in (2, 3, 4))
    if not second > 0:
        raise Unsupported("spectrum", "a positive variance", f"{second:g}")
    return np.array([area, mean, np.sqrt(second), third / second**1.5, fourth / second**2])


def _compute(
    curve: Curve, start: float | None, stop: float | None, origin: str, background: str
) -> Floats:
    ends = curve.x[[0, -1]] - reference(curve, origin)
    low = ends[0] if start is None else start
    high = ends[1] if stop is None else stop
    if not high > low:
        raise Unsupported("spectrum", f"x from {low:g} to {high:g}", f"{ends[0]:g} to {ends[1]:g}")
    x, y = between(*window(curve, low, high, origin=origin), low, high)
    if background == "line":
        y = y - np.interp(x, [low, high], y[[0, -1]])
    return moments(x, y)


def _width(parameters: Parameters) -> int:
    one_of("origin", parameters["origin"], ORIGINS)
    one_of("background", parameters["background"], ("none", "line"))
    if None not in (parameters["start"], parameters["stop"]):
        above("stop", parameters["stop"], parameters["start"])
    return 5


DESCRIPTOR = Descriptor(
    name="moments",
    version="1",
    parameters={"start": None, "stop": None, "origin": "zero", "background": "none"},
    units={"start": "of x", "stop": "of x", "origin": "", "background": ""},
    width=_width,
    compute=_compute,
    unit="of the intensity times x; of x; of x; none; none",
    source="standardised moments of the curve taken as a density",
    entity="spectrum",
)
