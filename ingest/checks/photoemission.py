"""Photoemission: binding energies within the photon energy, carbon where it belongs.

Adventitious carbon, C 1s at 284.8 eV, is the usual reference of the binding-energy scale
(ISO 19318:2021); a sample that charges shifts it.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, Lines
from registry.records import Floats

CARBON_1S = 284.8
WINDOW = (278.0, 293.0)
CLEAR = 8.0
"""Mean steps between points that a line must rise above its neighbourhood to be one."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    lines = curves.lines
    photon = lines.numbers("incident_energy")
    return {
        "binding_share": lines.per_row(lines.last / np.where(photon > 0, photon, np.nan)),
        "carbon_offset": lines.per_row(_carbon(lines) - CARBON_1S),
    }


def _carbon(lines: Lines) -> Floats:
    """Highest point of the C 1s window (eV); NaN without a clear line or a whole window."""
    inside = (lines.x >= WINDOW[0]) & (lines.x <= WINDOW[1])
    whole = (lines.first <= WINDOW[0]) & (lines.last >= WINDOW[1])
    highest = np.where(inside, lines.y, -np.inf)
    steps = np.abs(np.diff(lines.y, append=0.0))
    low = lines.minimum(np.where(inside, lines.y, np.inf))
    clear = lines.maximum(highest) - low > CLEAR * lines.mean(steps, inside)
    place = lines.at_largest(highest)
    # at its rim the window cuts into another line
    within = (place > WINDOW[0] + 1) & (place < WINDOW[1] - 1)
    return np.where(whole & clear & within, place, np.nan)


CHECKS = CheckSet(
    "photoemission",
    (
        Check(
            "binding_share",
            "largest binding energy over the photon energy",
            upper=1.01,
            severity="warning",
            techniques=("xps",),
        ),
        Check(
            "carbon_offset",
            "C 1s line minus 284.8 eV, where there is one",
            lower=-3.0,
            upper=3.0,
            severity="warning",
            techniques=("xps",),
        ),
    ),
    measure,
    ("xps",),
)
