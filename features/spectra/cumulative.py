r"""Cumulative distribution of a curve: where its intensity lies, without its fine structure.

.. math:: C(x) = \int_{a}^{x} y\,dx' \Big/ \int_{a}^{b} y\,dx'

at ``points`` equal steps from ``start`` (excluded, where it is 0) to ``stop`` (included, where it
is 1), integrating the line through the measured points. A peak that moves by less than its width
changes it smoothly, which intensities on a grid do not.
"""

from __future__ import annotations

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor
from features.spectra._sampling import GRID, GRID_UNITS, grid_width, integral, window
from registry.errors import Unsupported
from registry.records import Floats


def _compute(
    curve: Curve, start: float, stop: float, points: int, origin: str, beyond: str
) -> Floats:
    x, y = window(curve, start, stop, origin=origin, beyond=beyond)
    running = integral(x, y, np.linspace(start, stop, points + 1))
    running = running[1:] - running[0]
    if not running[-1] > 0:
        raise Unsupported("spectrum", "a positive area in the range", f"{running[-1]:g}")
    return np.asarray(running / running[-1])


DESCRIPTOR = Descriptor(
    name="cumulative",
    version="1",
    parameters={**GRID, "points": 100},
    units=GRID_UNITS,
    width=grid_width,
    compute=_compute,
    unit="",
    source="distribution function of the curve taken as a density; for XANES in Chen et al., "
    "Chem. Mater. 36, 2304 (2024)",
    entity="spectrum",
)
