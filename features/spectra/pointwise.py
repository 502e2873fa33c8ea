"""Intensities on a grid: the plainest description of a curve, and the baseline of all others.

The grid has ``points`` equal steps from ``start`` to ``stop``, in the canonical unit of x, counted
from ``origin``. ``sampling`` interpolates linearly at the grid's points or averages over as many
bins, which keeps the area of peaks narrower than a step.
"""

from __future__ import annotations

from typing import Any

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._parameters import one_of
from features.spectra._sampling import GRID, GRID_UNITS, averaged, grid_width, sampled
from features.spectra._scaling import SCALES, scaled
from registry.records import Floats

SAMPLINGS = {"interpolate": sampled, "average": averaged}


def _compute(curve: Curve, sampling: str, scale: str, **grid: Any) -> Floats:
    values = SAMPLINGS[sampling](curve, normalise=scale == "edge_step", **grid)
    return scaled(values, scale)


def _width(parameters: Parameters) -> int:
    one_of("sampling", parameters["sampling"], SAMPLINGS)
    one_of("scale", parameters["scale"], SCALES)
    return grid_width(parameters)


DESCRIPTOR = Descriptor(
    name="pointwise",
    version="1",
    parameters={**GRID, "sampling": "interpolate", "scale": "none"},
    units={**GRID_UNITS, "sampling": "", "scale": ""},
    width=_width,
    compute=_compute,
    unit="of the intensity, or none when scaled",
    source="linear interpolation, or means of the line through the points over bins",
    entity="spectrum",
)
