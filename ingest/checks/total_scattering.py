"""Pair distribution functions: no pairs of atoms below the first distance.

There G(r) = -4 pi rho0 r, rho0 being the number density of atoms (1/angstrom^3):
T. Egami, S. J. L. Billinge, Underneath the Bragg Peaks (2012), eq. 3.5.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves
from registry.records import Floats

PDF = ("xpdf", "npdf")
NO_PAIRS_BELOW = 1.2
"""Angstrom; only bonds to hydrogen are shorter."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    lines = curves.lines
    low = (lines.x >= 0) & (lines.x <= NO_PAIRS_BELOW)
    r, g = np.where(low, lines.x, 0.0), np.where(low, lines.y, 0.0)
    points = lines.total(low.astype(np.float64))
    points = np.where(points >= 5, points, np.nan)
    slope = lines.total(r * g) / np.where(points > 0, lines.total(r * r), np.nan)
    rest = np.where(low, lines.y - lines.spread(slope) * lines.x, 0.0)
    ripple = np.sqrt(lines.total(rest**2) / points)
    highest = lines.maximum(np.abs(lines.y))
    return {
        "r_min": lines.per_row(lines.first),
        "low_r_density": lines.per_row(-slope / (4 * np.pi)),
        "low_r_ripple": lines.per_row(ripple / np.where(highest > 0, highest, np.nan)),
    }


CHECKS = CheckSet(
    "total_scattering",
    (
        Check("r_min", "smallest distance (angstrom)", lower=0, techniques=PDF),
        Check(
            "low_r_density",
            "number density from the slope -4 pi rho0 of G(r) at low r (1/angstrom^3)",
            lower=-0.005,
            upper=0.25,
            severity="warning",
            techniques=PDF,
        ),
        Check(
            "low_r_ripple",
            "rms of G(r) about that line below the first distance, over the largest |G|",
            upper=0.5,
            severity="warning",
            techniques=PDF,
        ),
    ),
    measure,
    PDF,
)
