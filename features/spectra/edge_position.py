"""Energy of the absorption edge, by the steepest rise or at half the step.

``derivative``: the maximum of the smoothed derivative. ``half_step``: below the highest point of
the normalised absorption up to ``reach`` above E0, where it first comes down to one half; pre-edge
peaks that rise above one half do not disturb it. From zero, or from the tabulated edge
(``origin``), which makes elements comparable: what is left is the chemical shift and the
calibration.
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
    edge_energy,
    normalised,
    tabulated_edge,
)
from features.spectra._maxima import crossing
from features.spectra._parameters import above, one_of
from registry.errors import Unsupported
from registry.records import Floats

RULES = ("derivative", "half_step")
HALF = 0.5


def half_step(done: Normalised, reach: float) -> float:
    """Energy of half the step relative to E0, eV.

    Args:
        done: Normalised absorption.
        reach: How far above E0 the highest point may be, eV.

    Raises:
        Unsupported: When the absorption does not come from below one half.
    """
    near = np.flatnonzero((done.energy >= 0) & (done.energy <= reach))
    if len(near):
        top = int(near[np.argmax(done.mu[near])])
        found = crossing(done.energy, done.mu, HALF, top, -1)
        if found is not None:
            return found
    raise Unsupported("spectrum", "a rise through one half of the edge step", "none")


def _compute(
    curve: Curve, rule: str, origin: str, reach: float, smoothing: float, **normalisation: Any
) -> Floats:
    if rule == "derivative":
        found = edge_energy(curve, smoothing)
    else:
        done = normalised(curve, smoothing=smoothing, **normalisation)
        found = done.e0 + half_step(done, reach)
    return np.array([found - (tabulated_edge(curve) if origin == "table" else 0.0)])


def _width(parameters: Parameters) -> int:
    one_of("rule", parameters["rule"], RULES)
    one_of("origin", parameters["origin"], ("zero", "table"))
    above("reach", parameters["reach"])
    check_normalisation(parameters)
    return 1


DESCRIPTOR = Descriptor(
    name="edge_position",
    version="1",
    parameters={"rule": "derivative", "origin": "zero", "reach": 40.0, **NORMALISATION},
    units={"rule": "", "origin": "", "reach": "eV", **NORMALISATION_UNITS},
    width=_width,
    compute=_compute,
    unit="eV",
    source="Newville, Rev. Mineral. Geochem. 78, 33 (2014), section on pre-edge and normalisation",
    entity="spectrum",
    techniques=("xas",),
)
