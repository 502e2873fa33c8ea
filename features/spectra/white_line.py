r"""White line of an absorption edge: height, position, width, area.

Of the normalised absorption mu, at its highest point up to ``reach`` above E0: the height (1 is
the step), the position relative to E0, the full width at half of what exceeds the step, and the
area of what exceeds it, :math:`\int (\mu - 1)\,dE` between the points where mu crosses 1. An
absorption that never exceeds its step has width and area 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._edge import (
    NORMALISATION,
    NORMALISATION_UNITS,
    Normalised,
    check_normalisation,
    normalised,
)
from features.spectra._maxima import crossing, vertex
from features.spectra._parameters import above
from features.spectra._sampling import between
from registry.errors import Unsupported
from registry.records import Floats


def white_line(done: Normalised, reach: float) -> Floats:
    """Height, position (eV), width (eV) and area (eV), shape ``(4,)``.

    Raises:
        Unsupported: When nothing is measured there, or the line does not come down again.
    """
    near = np.flatnonzero((done.energy >= 0) & (done.energy <= reach))
    if not len(near):
        raise Unsupported("spectrum", f"points up to {reach:g} eV above the edge", "none")
    top = int(near[np.argmax(done.mu[near])])
    position, height = vertex(done.energy, done.mu, top)
    if not done.mu[top] > 1:
        return np.array([height, position, 0.0, 0.0])
    left, right = _sides(done, top, (1 + height) / 2)
    start, end = _sides(done, top, 1.0)
    energy, mu = between(done.energy, done.mu, start, end)
    return np.array([height, position, right - left, np.trapezoid(mu - 1, energy)])


def _sides(done: Normalised, top: int, level: float) -> tuple[float, float]:
    left = crossing(done.energy, done.mu, level, top, -1)
    right = crossing(done.energy, done.mu, level, top, 1)
    if left is None or right is None:
        raise Unsupported("spectrum", f"a white line that falls to {level:.3g}", "none")
    return left, right


def _compute(curve: Curve, reach: float, **normalisation: Any) -> Floats:
    return white_line(normalised(curve, **normalisation), reach)


def _width(parameters: Parameters) -> int:
    above("reach", parameters["reach"])
    check_normalisation(parameters)
    return 4


DESCRIPTOR = Descriptor(
    name="white_line",
    version="1",
    parameters={"reach": 40.0, **NORMALISATION},
    units={"reach": "eV", **NORMALISATION_UNITS},
    width=_width,
    compute=_compute,
    unit="edge step; eV; eV; edge step * eV",
    source="Newville, Rev. Mineral. Geochem. 78, 33 (2014); area above the step as in "
    "Pearson et al., Phys. Rev. B 47, 8471 (1993)",
    entity="spectrum",
    techniques=("xas",),
)
