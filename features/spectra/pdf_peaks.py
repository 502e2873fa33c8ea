"""The first peaks of a pair distribution function: distances of the nearest shells, and heights.

Maxima of G(r) beyond ``r_min`` whose prominence is at least ``prominence`` times the largest, in
order of r; the first is the bond length. Positions are those of the parabola through the three
highest points, heights the value of G(r) there. Ripples of the Fourier transform come below
``r_min`` and with little prominence. What is missing of ``k`` peaks is ``pad``.
"""

from __future__ import annotations

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._fitting import select
from features.spectra._maxima import maxima
from features.spectra._parameters import at_least, share
from registry.errors import Unsupported
from registry.records import Floats

LEAST = 3


def _compute(curve: Curve, k: int, r_min: float, prominence: float, pad: float) -> Floats:
    part = select(curve, curve.x >= r_min)
    if len(part.x) < LEAST:
        raise Unsupported(
            "spectrum", f"{LEAST} points from {r_min:g} angstrom on", str(len(part.x))
        )
    found = maxima(part.x, part.y, 0.0)
    if not len(found):
        raise Unsupported("spectrum", f"a peak from {r_min:g} angstrom on", "none")
    first = np.flatnonzero(found.height >= prominence * found.height.max())[:k]
    rows = np.full((k, 2), pad)
    rows[: len(first)] = np.stack([found.position, found.value], axis=1)[first]
    return rows.ravel()


def _width(parameters: Parameters) -> int:
    share("prominence", parameters["prominence"])
    return 2 * at_least("k", parameters["k"], 1)


DESCRIPTOR = Descriptor(
    name="pdf_peaks",
    version="1",
    parameters={"k": 6, "r_min": 1.0, "prominence": 0.15, "pad": 0.0},
    units={"k": "", "r_min": "angstrom", "prominence": "", "pad": ""},
    width=_width,
    compute=_compute,
    unit="angstrom; 1/angstrom^2",
    source="Egami and Billinge, Underneath the Bragg Peaks, 2nd ed. (2012), chapter 3",
    entity="spectrum",
    techniques=("xpdf", "npdf"),
)
