"""Where the calculated lines of a structure best meet a measured powder pattern."""

from __future__ import annotations

from typing import Any

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats
from registry.structures import structure_from_row
from registry.units import q_to_two_theta, two_theta_to_q

FARTHEST, STEP = 0.03, 0.00025
"""Shifts tried, relative to Q: a lattice wrong by 3 % either way."""
FARTHEST_ZERO, ZERO_STEP = 1.0, 0.02
"""Zeros of two-theta tried (degree)."""
COARSER = 4
"""Beside a zero, so many steps of the shift are taken at once."""
STRONGEST = 30
"""Lines compared; the weak ones between them meet anything."""
FEWEST = 3
FEWEST_FOR_ZERO = 5
"""Lines that tell a shifted zero from a larger cell."""
Q_LARGEST = 12.0
"""1/angstrom; beyond, X-ray form factors do not hold and lines overlap."""
BLOCKS = 40


def line_shift(
    technique: str, q: Floats, y: Floats, material: dict[str, Any], wavelength: float | None = None
) -> tuple[float, float]:
    """Relative shift of Q, and zero of two-theta, at which a structure's lines meet most.

    Roots of intensities are compared, so that texture and a few strong lines do not decide.

    Args:
        technique: ``xrd`` or ``npd``.
        q: Momentum transfer (1/angstrom), ascending, shape ``(n,)``.
        y: Intensity, shape ``(n,)``.
        material: Row of ``materials`` with its structure.
        wavelength: Incident wavelength (angstrom); None where angles mean nothing.

    Returns:
        The shift, positive when the measured lattice is smaller, with the zero taken as right; and
        the zero (degree), added to every angle, beside a shift of its own. NaN where the structure
        cannot be calculated or has too few lines in the range.
    """
    lines, strength = _lines(technique, material, q[0], min(q[-1], Q_LARGEST))
    if len(lines) < FEWEST:
        return float("nan"), float("nan")
    shifts = np.arange(-FARTHEST, FARTHEST + STEP, STEP)
    height = np.sqrt(np.maximum(y - _background(q, y), 0))
    places = np.outer(1 + shifts, lines)
    met = np.interp(places, q, height) @ np.sqrt(strength)
    shift = float(shifts[met >= met.max() * (1 - 1e-9)].mean())
    if wavelength is None or len(lines) < FEWEST_FOR_ZERO:
        return shift, float("nan")
    angles = q_to_two_theta(places[::COARSER], wavelength)
    if not np.isfinite(angles).all():
        return shift, float("nan")
    zeros = np.arange(-FARTHEST_ZERO, FARTHEST_ZERO + ZERO_STEP / 2, ZERO_STEP)
    best = [
        (np.interp(two_theta_to_q(angles + zero, wavelength), q, height) @ np.sqrt(strength)).max()
        for zero in zeros
    ]
    return shift, float(zeros[np.argmax(best)])


def _lines(
    technique: str, material: dict[str, Any], first: float, last: float
) -> tuple[Floats, Floats]:
    """Strongest lines that stay within the range when shifted: Q and intensity."""
    from ingest.simulators import npd, xrd

    sticks = {"xrd": xrd.sticks, "npd": npd.sticks}[technique]
    wavelength = 4 * np.pi / last * np.sin(np.radians(60))  # the range ends at 120 degree
    begin = 2 * np.degrees(np.arcsin(first * wavelength / (4 * np.pi)))
    try:
        found = sticks(structure_from_row(material), wavelength, (begin, 120.0))
    except Unsupported:
        return np.zeros(0), np.zeros(0)
    inside = (found.q > first * (1 + FARTHEST)) & (found.q < last * (1 - FARTHEST))
    q, strength = found.q[inside], found.intensity[inside]
    order = np.argsort(strength)[::-1][:STRONGEST]
    return q[order], strength[order]


def _background(q: Floats, y: Floats) -> Floats:
    """Straight lines between the lowest points of pieces of the pattern."""
    pieces = np.array_split(np.arange(len(y)), min(BLOCKS, len(y)))
    lowest = np.array([piece[np.argmin(y[piece])] for piece in pieces])
    return np.asarray(np.interp(q, q[lowest], y[lowest]))
