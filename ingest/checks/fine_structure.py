"""EXAFS: chi(k) oscillates about zero, by less than the absorption itself."""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves
from registry.records import Floats

FROM = 2.0
"""1/angstrom; below, chi(k) depends on where the background was drawn."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``, from k = 2 1/angstrom on."""
    lines = curves.lines
    used = lines.x >= FROM
    mean = lines.mean(lines.y, used)
    rms = np.sqrt(lines.mean(lines.y.astype(np.float64) ** 2, used))
    return {
        "k_min": lines.per_row(lines.first),
        "chi_largest": lines.per_row(lines.maximum(np.where(used, np.abs(lines.y), 0.0))),
        "chi_bias": lines.per_row(np.abs(mean) / np.where(rms > 0, rms, np.nan)),
    }


CHECKS = CheckSet(
    "fine_structure",
    (
        Check("k_min", "smallest k (1/angstrom)", lower=0, techniques=("exafs",)),
        Check(
            "chi_largest",
            "largest |chi(k)| from k = 2 1/angstrom on",
            upper=1.0,
            severity="warning",
            techniques=("exafs",),
        ),
        Check(
            "chi_bias",
            "mean of chi(k) over its rms",
            upper=0.5,
            severity="warning",
            techniques=("exafs",),
        ),
    ),
    measure,
    ("exafs",),
)
