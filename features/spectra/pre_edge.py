r"""Pre-edge peak of an absorption edge: centroid, area and height above the rising edge.

Energies count from half the edge step (:mod:`features.spectra.edge_position`), which lies above
the pre-edge even where that is the steepest part (chromate). Under the peak lies the foot of the
edge,

.. math:: b(E) = c_0 + c_1 E + c_2 / (E_c - E) + c_3 / (E_c - E)^2

fitted by least squares to the points from ``fit_start`` to ``fit_end`` that are not between
``peak_start`` and ``peak_end``; the third term is the tail of a step broadened by the life time of
the core hole. Area: :math:`A = \int (\mu - b)\,dE` over the peak's range, centroid:
:math:`\int E (\mu - b)\,dE / A` over what is above b. A peak that does not exceed ``contrast``
times the scatter of the fit is none, and refused: it has no centroid. Its height is that of the
parabola through its highest points.
"""

from __future__ import annotations

from itertools import pairwise
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
from features.spectra._fitting import least_squares
from features.spectra._maxima import vertex
from features.spectra._parameters import above
from features.spectra._sampling import between
from features.spectra.edge_position import half_step
from registry.errors import Unsupported
from registry.records import Floats

REACH = 40.0
"""How far above E0 the highest point may be, below which half the step is (eV)."""
LEAST = 6
"""Points the background is fitted to at least."""

RANGES = {"fit_start": -30.0, "peak_start": -16.0, "peak_end": -5.0, "fit_end": -1.5}


def pre_edge(done: Normalised, ranges: Parameters, contrast: float) -> Floats:
    """Centroid (eV from half the step), area (eV) and height, shape ``(3,)``.

    Raises:
        Unsupported: When the pre-edge is not measured, or has no peak.
    """
    energy = done.energy - half_step(done, REACH)
    inside = (energy >= ranges["fit_start"]) & (energy <= ranges["fit_end"])
    peak = inside & (energy >= ranges["peak_start"]) & (energy <= ranges["peak_end"])
    free = inside & ~peak
    if np.count_nonzero(free) < LEAST or np.count_nonzero(peak) < LEAST:
        counts = f"{np.count_nonzero(free)} and {np.count_nonzero(peak)}"
        raise Unsupported("spectrum: pre-edge", f"{LEAST} points beside and in the peak", counts)
    coefficients, _ = least_squares(_foot(energy[free]), done.mu[free], None)
    scatter = done.mu[free] - _foot(energy[free]) @ coefficients
    noise = np.sqrt(np.sum(scatter**2) / (len(scatter) - len(coefficients)))
    above_foot = done.mu[inside] - _foot(energy[inside]) @ coefficients
    at, rise = between(energy[inside], above_foot, ranges["peak_start"], ranges["peak_end"])
    area = np.trapezoid(rise, at)
    if not (rise.max() > contrast * noise and area > 0):
        found = f"{rise.max():.3g} above it, with a scatter of {noise:.3g}"
        raise Unsupported("spectrum: pre-edge", "a peak above the foot of the edge", found)
    positive = np.clip(rise, 0, None)
    centroid = np.trapezoid(at * positive, at) / np.trapezoid(positive, at)
    _, height = vertex(at, rise, int(rise.argmax()))
    return np.array([centroid, area, height])


def _foot(energy: Floats) -> Floats:
    """Terms of the background, shape ``(n, 4)``; energies are below zero."""
    return np.stack([np.ones(len(energy)), energy, -1 / energy, 1 / energy**2], axis=1)


def _compute(curve: Curve, contrast: float, **settings: Any) -> Floats:
    ranges = {name: settings.pop(name) for name in RANGES}
    return pre_edge(normalised(curve, **settings), ranges, contrast)


def _width(parameters: Parameters) -> int:
    check_normalisation(parameters)
    above("contrast", parameters["contrast"])
    names = list(RANGES)
    for earlier, later in pairwise(names):
        above(later, parameters[later], parameters[earlier])
    above("-fit_end", -parameters["fit_end"])
    return 3


DESCRIPTOR = Descriptor(
    name="pre_edge",
    version="1",
    parameters={**RANGES, "contrast": 3.0, **NORMALISATION},
    units={**dict.fromkeys(RANGES, "eV"), "contrast": "", **NORMALISATION_UNITS},
    width=_width,
    compute=_compute,
    unit="eV; edge step * eV; edge step",
    source="Wilke et al., Am. Mineral. 86, 714 (2001): centroid and integrated intensity",
    entity="spectrum",
    techniques=("xas",),
)
