"""Plausible units: an axis that ends where no instrument of its technique ends has another unit.

Limits are canonical units (1/angstrom, eV, meV, angstrom), wide enough for every instrument known
to us; 1/nm taken for 1/angstrom, keV for eV or degrees for Q fall outside most of the time.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, reduce
from registry.records import Floats

LARGEST = {
    "xrd": (0.8, 40.0),
    "npd": (0.8, 60.0),
    "saxs": (0.01, 5.0),
    "sans": (0.003, 2.0),
    "nr": (0.01, 1.0),
    "xrr": (0.01, 1.0),
    "xpdf": (5.0, 1000.0),
    "npdf": (5.0, 1000.0),
    "xsq": (3.0, 60.0),
    "nsq": (3.0, 100.0),
    "xas": (50.0, 150_000.0),
    "exafs": (5.0, 30.0),
    "xps": (1.0, 12_000.0),
    "arpes": (0.05, 2000.0),
    "ins": (0.5, 2000.0),
    "qens": (0.01, 50.0),
    "phonon_dos": (5.0, 600.0),
}
"""Smallest and largest end of the axis by technique."""


def measure(curves: Curves) -> dict[str, Floats]:
    """The end of the axis, shape ``(n,)``."""
    axes = np.diff(curves.x_at)
    ends = np.full(len(curves), np.nan)
    filled = axes > 0
    if filled.any():
        both = np.abs(curves.x[np.stack([curves.x_at[:-1], curves.x_at[1:] - 1])[:, filled]])
        ends[filled] = reduce(np.maximum, both.T.ravel(), np.arange(filled.sum() + 1) * 2, np.nan)
    return {"axis_end": ends}


CHECKS = CheckSet(
    "axis_scale",
    tuple(
        Check(
            "axis_end",
            "largest end of the axis, which tells one unit from another",
            lower,
            upper,
            "warning",
            (technique,),
        )
        for technique, (lower, upper) in LARGEST.items()
    ),
    measure,
    tuple(LARGEST),
)
