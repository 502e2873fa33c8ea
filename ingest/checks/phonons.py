"""Phonon densities of states: positive, whole, few imaginary modes.

The integral is 3 N for a cell of N atoms, or 1 (g(E) per mode), where its unit says that it is a
density; a density scaled to its maximum has none.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves
from registry.records import Floats

DOS = ("phonon_dos",)


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    lines = curves.lines
    width = np.diff(lines.x, append=0.0)
    width[lines.at[1:] - 1] = 0.0
    weight = lines.total(np.abs(lines.y) * width)
    highest = lines.maximum(np.abs(lines.y))
    some = np.where(weight > 0, weight, np.nan)
    return {
        "dos_negative_share": lines.per_row(
            lines.total(np.where(lines.y < 0, -lines.y, 0.0) * width) / some
        ),
        "imaginary_share": lines.per_row(
            lines.total(np.where(lines.x < 0, np.abs(lines.y), 0.0) * width) / some
        ),
        "dos_end_share": lines.per_row(
            np.abs(lines.y[lines.at[1:] - 1]) / np.where(highest > 0, highest, np.nan)
        ),
    }


CHECKS = CheckSet(
    "phonons",
    (
        Check(
            "dos_negative_share",
            "share of the density that is negative",
            upper=0.05,
            severity="warning",
            techniques=DOS,
        ),
        Check(
            "imaginary_share",
            "share of the density at imaginary (negative) energies",
            upper=0.2,
            severity="warning",
            techniques=DOS,
        ),
        Check(
            "dos_end_share",
            "density at the end of the axis over its maximum (0 for a whole spectrum)",
            upper=0.2,
            severity="warning",
            techniques=DOS,
        ),
    ),
    measure,
    DOS,
)
