"""Glitches: one point that stands out of a smooth curve.

A point is a glitch when it rises above (or falls below) both neighbours ``STANDS_OUT`` times
further than the points around it differ among themselves, and ``CLEAR`` mean steps of the curve,
and when no more than ``OTHERS`` points do so by a third of its height; it is given as a share of
the range of the curve. Bragg peaks of a few points do not stand out so far from their neighbours,
noise not from the steps of the whole curve, and where a few events are counted many points do.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, Lines, count, reduce
from registry.records import Floats

STANDS_OUT = 5.0
CLEAR = 8.0
OTHERS = 5
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
    return {"single_point": lines.per_row(largest_glitch(lines))}


def largest_glitch(lines: Lines) -> Floats:
    """Height of the largest glitch of each curve over its range; 0 where there is none."""
    height = np.zeros_like(lines.y)
    size = np.zeros_like(lines.y)
    if len(lines):
        step = np.diff(lines.y)
        step[lines.at[1:-1] - 1] = np.inf  # from one curve to the next
        np.abs(step, out=size[:-1])
        around = np.maximum(size[:-4], size[3:-1])
        # the neighbours differ by little only when one step goes up and the other down
        np.maximum(around, np.abs(step[1:-2] + step[2:-1]), out=around)
        around *= STANDS_OUT
        apart = np.minimum(size[1:-3], size[2:-2])
        np.copyto(height[2:-2], apart, where=apart > around)
        size[lines.at[1:] - 1] = 0.0
    highest = lines.maximum(height)
    mean_step = reduce(np.add, size, lines.at, 0.0) / np.maximum(lines.lengths - 1, 1)
    told = highest > CLEAR * mean_step
    if told.any():
        told &= count(height > lines.spread(highest / 3), lines.at) <= 1 + OTHERS
    span = lines.maximum(lines.y) - lines.minimum(lines.y)
    return np.asarray(np.where(told, highest, 0.0) / np.where(span > 0, span, np.nan))


CHECKS = CheckSet(
    "glitches",
    tuple(
        Check(
            "single_point",
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
