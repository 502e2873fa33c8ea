"""Glitches: one point that stands out of a smooth curve.

A point is a glitch when it rises above (or falls below) both neighbours ``STANDS_OUT`` times
further than the points around it differ among themselves; its height is given as a share of the
range of the curve. Bragg peaks of a few points and counting noise do not stand out so far.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, Lines
from registry.records import Floats

STANDS_OUT = 5.0
HIGHEST = {
    "xas": 0.2,
    "exafs": 0.2,
    "saxs": 0.05,
    "sans": 0.05,
    "nr": 0.05,
    "xrr": 0.05,
    "xpdf": 0.05,
    "npdf": 0.05,
    "xps": 0.1,
    "xrd": 0.25,
    "npd": 0.25,
}
"""Largest glitch that passes, by technique: strong lines of two points are common in patterns."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Height of the largest glitch over the range of the curve, shape ``(n,)``."""
    lines = curves.lines
    return {"glitch": lines.per_row(largest_glitch(lines))}


def largest_glitch(lines: Lines) -> Floats:
    """Height of the largest glitch of each curve over its range; 0 where there is none."""
    height = np.zeros_like(lines.y)
    if len(lines):
        step = np.diff(lines.y)
        step[lines.at[1:-1] - 1] = np.inf  # from one curve to the next
        size = np.abs(step)
        around = np.maximum(size[:-3], size[3:])
        # the neighbours differ by little only when one step goes up and the other down
        np.maximum(around, np.abs(step[1:-2] + step[2:-1]), out=around)
        around *= STANDS_OUT
        apart = np.minimum(size[1:-2], size[2:-1])
        np.copyto(height[2:-2], apart, where=apart > around)
    span = lines.maximum(lines.y) - lines.minimum(lines.y)
    return np.asarray(lines.maximum(height) / np.where(span > 0, span, np.nan))


CHECKS = CheckSet(
    "glitches",
    tuple(
        Check(
            "glitch",
            "height of a single point that stands out, as a share of the range",
            upper=highest,
            severity="warning",
            techniques=(technique,),
        )
        for technique, highest in HIGHEST.items()
    ),
    measure,
    tuple(HIGHEST),
)
