"""Pair distribution functions: no pairs of atoms below the first distance.

There G(r) = -4 pi rho0 r, rho0 being the number density of atoms (1/angstrom^3):
T. Egami, S. J. L. Billinge, Underneath the Bragg Peaks (2012), eq. 3.5.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, Flags, Lines
from registry.records import Floats

PDF = ("xpdf", "npdf")
NO_PAIRS_BELOW = 1.2
"""Angstrom; only bonds to hydrogen are shorter."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    lines = curves.lines
    slope, points = _low_r_slope(lines)
    low = _low(lines)
    rest = np.where(low, lines.y - lines.spread(slope) * lines.x, 0.0)
    ripple = np.sqrt(lines.total(rest**2) / points)
    highest = lines.maximum(np.abs(lines.y))
    return {
        "r_min": lines.per_row(lines.first),
        "low_r_density": low_r_density(curves),
        "low_r_ripple": lines.per_row(ripple / np.where(highest > 0, highest, np.nan)),
    }


def low_r_density(curves: Curves) -> Floats:
    """Number density (1/angstrom^3) from the slope at low r, shape ``(n,)``; NaN if untold."""
    slope, _ = _low_r_slope(curves.lines)
    return curves.lines.per_row(-slope / (4 * np.pi))


def _low(lines: Lines) -> Flags:
    """Points below the first pairs."""
    return np.asarray((lines.x >= 0) & (lines.x <= NO_PAIRS_BELOW))


def _low_r_slope(lines: Lines) -> tuple[Floats, Floats]:
    """Slope of a line through the origin, and its number of points; NaN for fewer than 5."""
    low = _low(lines)
    r, g = np.where(low, lines.x, 0.0), np.where(low, lines.y, 0.0)
    points = lines.total(low.astype(np.float64))
    points = np.where(points >= 5, points, np.nan)
    return lines.total(r * g) / np.where(points > 0, lines.total(r * r), np.nan), points


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
