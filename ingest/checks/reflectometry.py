"""Reflectivity: at most 1 below the critical edge, and far less at high Q."""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves
from registry.records import Floats

REFLECTIVITY = ("xrr", "nr")
SLACK = 1.2
END_SHARE = 0.1


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    lines = curves.lines
    low = lines.mean(lines.y, lines.rank <= END_SHARE, 1)
    high = lines.mean(lines.y, lines.rank >= 1 - END_SHARE, 1)
    return {
        "reflectivity_max": lines.per_row(lines.maximum(lines.y)),
        "reflectivity_fall": lines.per_row(high / np.where(low > 0, low, np.nan)),
    }


CHECKS = CheckSet(
    "reflectometry",
    (
        Check(
            "reflectivity_max",
            "largest reflectivity",
            upper=SLACK,
            severity="warning",
            techniques=REFLECTIVITY,
        ),
        Check(
            "reflectivity_fall",
            "mean reflectivity of the highest Q over that of the lowest",
            upper=1.0,
            severity="warning",
            techniques=REFLECTIVITY,
        ),
    ),
    measure,
    REFLECTIVITY,
)
