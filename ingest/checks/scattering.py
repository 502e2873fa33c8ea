"""Curves over Q: no negative Q, few negative intensities, no saturated detector."""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, count, reduce
from registry.records import Floats

ANGLES = ("xrd", "npd", "saxs", "sans")
SCATTERING = (*ANGLES, "xrr", "nr")


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    filled = np.diff(curves.x_at) > 0
    # the components of Q on a detector have signs
    q_min = np.where(
        (curves.dimensions > 1) | ~filled,
        np.nan,
        reduce(np.fmin, curves.x, curves.x_at, np.nan),
    )
    counts = np.maximum(np.diff(curves.y_at), 1)
    lines = curves.lines
    top = lines.spread(lines.maximum(lines.y))
    return {
        "q_min": q_min,
        "negative_share": count(curves.y < 0, curves.y_at) / counts,
        "saturated_share": lines.per_row(
            count(lines.y == top, lines.at) / np.maximum(lines.lengths, 1)
        ),
    }


CHECKS = CheckSet(
    "scattering",
    (
        Check("q_min", "smallest Q", lower=0, techniques=SCATTERING),
        Check(
            "negative_share",
            "share of negative intensities",
            upper=0.2,
            severity="warning",
            techniques=SCATTERING,
        ),
        Check(
            "saturated_share",
            "share of points that sit at the very maximum",
            upper=0.2,
            severity="warning",
            techniques=ANGLES,
        ),
    ),
    measure,
    SCATTERING,
)
