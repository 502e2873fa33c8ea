"""What a detector or a hand did to a curve: repeated points, frozen channels, absurd errors."""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, count, flat, offsets, reduce
from registry.records import Floats


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    return {
        "x_back_steps": curves.steps_back,
        "frozen_share": _frozen_share(curves),
        "uncertainty_zero_share": _uncertainty_zero_share(curves),
        "uncertainty_ratio": _uncertainty_ratio(curves),
    }


def _frozen_share(curves: Curves) -> Floats:
    """Most points in a row that repeat the one before, as a share of the curve.

    A run at the smallest value is left out: a background is often subtracted down to zero.
    """
    lines = curves.lines
    repeats = np.zeros(len(lines.y), dtype=bool)
    np.equal(lines.y[1:], lines.y[:-1], out=repeats[1:])
    repeats[lines.at[:-1]] = False
    suspects = count(repeats, lines.at) > 0
    longest = np.zeros(len(lines))
    inside = lines.spread(suspects)
    y, at = lines.y[inside], offsets(lines.lengths[suspects])
    begins = np.flatnonzero(~repeats[inside])
    runs = np.diff(begins, append=len(y)) - 1.0
    floor = np.repeat(lines.minimum(lines.y)[suspects], np.diff(at))
    runs[y[begins] == floor[begins]] = 0.0
    longest[suspects] = reduce(np.maximum, runs, np.searchsorted(begins, at), 0.0)
    return lines.per_row(longest / np.maximum(lines.lengths, 1))


def _uncertainty_zero_share(curves: Curves) -> Floats:
    sigma, at = flat(curves.rows["uncertainty"])
    given = np.diff(at)
    return np.where(given > 0, count(sigma == 0, at) / np.maximum(given, 1), np.nan)


def _uncertainty_ratio(curves: Curves) -> Floats:
    """Largest uncertainty over the largest absolute intensity; NaN where either is missing."""
    sigma, at = flat(curves.rows["uncertainty"])
    given = np.diff(at) > 0
    peak = np.fmax(np.abs(curves.highest), np.abs(curves.lowest))
    there = given & (peak > 0)
    largest = reduce(np.fmax, sigma, at, np.nan)
    ratio = np.full(len(curves), np.nan)
    np.divide(largest, peak, out=ratio, where=there)
    return ratio


CHECKS = CheckSet(
    "detector",
    (
        Check(
            "x_back_steps",
            "steps of the axis against its direction, or of size zero",
            upper=0,
            severity="warning",
        ),
        Check(
            "frozen_share",
            "most points in a row that repeat the one before, above the smallest, as a share",
            upper=0.1,
            severity="warning",
        ),
        Check(
            "uncertainty_zero_share",
            "share of points with zero uncertainty",
            upper=0.5,
            severity="warning",
        ),
        # real errors exceed the curve where a beam stop or an absorber leaves no counts
        Check(
            "uncertainty_ratio",
            "largest uncertainty over the largest intensity",
            upper=1e4,
            severity="warning",
        ),
    ),
    measure,
)
