"""The strongest peaks of a curve: position, height, width, area of each.

Strength is prominence: the height above the higher of the two lowest points that separate the
peak from higher ground on its left and right, which a sloping background does not feign. A peak
counts from ``prominence`` times the range of the curve. Each gives its position (of the parabola
through its three highest points), its height above that base, its full width at half of it, and the
area above the base between those two points, 0.761 (the error function of sqrt(ln 2)) of the whole
for a Gaussian. ``order`` lists them by strength or by position. What is missing of ``k`` peaks is
``pad`` in all four values.
"""

from __future__ import annotations

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._maxima import Maxima, maxima
from features.spectra._parameters import at_least, one_of, share
from features.spectra._sampling import integral
from registry.records import Floats

ORDERS = ("strength", "position")


def table(curve: Curve, found: Maxima) -> Floats:
    """Position, height, width and area of maxima, shape ``(n, 4)``."""
    width = found.right - found.left
    area = integral(curve.x, curve.y, found.right) - integral(curve.x, curve.y, found.left)
    return np.stack([found.position, found.height, width, area - found.base * width], axis=1)


def _compute(curve: Curve, k: int, prominence: float, order: str, pad: float) -> Floats:
    found = maxima(curve.x, curve.y, prominence * float(np.ptp(curve.y)))
    strongest = np.argsort(-found.height, kind="stable")[:k]
    if order == "position":
        strongest = np.sort(strongest)
    rows = np.full((k, 4), pad)
    rows[: len(strongest)] = table(curve, found)[strongest]
    return rows.ravel()


def _width(parameters: Parameters) -> int:
    one_of("order", parameters["order"], ORDERS)
    share("prominence", parameters["prominence"])
    return 4 * at_least("k", parameters["k"], 1)


DESCRIPTOR = Descriptor(
    name="peaks",
    version="1",
    parameters={"k": 10, "prominence": 0.02, "order": "strength", "pad": 0.0},
    units={"k": "", "prominence": "", "order": "", "pad": ""},
    width=_width,
    compute=_compute,
    unit="of x; of the intensity; of x; of the intensity times x",
    source="local maxima by prominence, scipy.signal.find_peaks and peak_widths",
    entity="spectrum",
    techniques=("xrd", "npd", "xsq", "nsq", "xpdf", "npdf", "xps", "xas", "ins", "phonon_dos"),
)
