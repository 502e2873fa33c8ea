"""Maxima of sampled curves: finer than the grid, where their sides are, which stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from registry.records import Floats


@dataclass(frozen=True, eq=False)
class Maxima:
    """Local maxima, in order of x, shapes ``(n,)``; heights are those above the base.

    Attributes:
        position: Of the parabola through the three highest points.
        height: Of that parabola above the base: the higher of the lowest points that separate the
            maximum from higher ground on its left and right (its prominence).
        value: Of that parabola.
        left: Where the curve falls to half the height, on the left.
        right: The same on the right.
        base: Height of the base.
    """

    position: Floats
    height: Floats
    value: Floats
    left: Floats
    right: Floats
    base: Floats

    def __len__(self) -> int:
        return len(self.position)


def vertex(x: Floats, y: Floats, top: int) -> tuple[float, float]:
    """Place and height of the parabola through a maximum and its neighbours.

    A flat top and a maximum at an end are given as they are.
    """
    if not 0 < top < len(x) - 1:
        return float(x[top]), float(y[top])
    place, height = _vertices(x, y, np.array([top]))
    return float(place[0]), float(height[0])


def _vertices(x: Floats, y: Floats, tops: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Places and heights of the parabolas through maxima that are at no end."""
    left, right = x[tops - 1] - x[tops], x[tops + 1] - x[tops]
    down, up = (y[tops - 1] - y[tops]) / left, (y[tops + 1] - y[tops]) / right
    # y = y0 + slope t + bend t^2 through the three
    bend = (up - down) / (right - left)
    slope = down - bend * left
    shift = np.where(bend < 0, -slope / np.where(bend < 0, 2 * bend, 1.0), 0.0)
    return x[tops] + shift, y[tops] + slope * shift / 2


def maxima(x: Floats, y: Floats, prominence: float) -> Maxima:
    """Local maxima that stand out by at least a prominence, in the unit of y.

    A plateau is one maximum, at its middle.
    """
    from scipy.signal import find_peaks, peak_widths

    tops, found = find_peaks(y, prominence=prominence)
    sides = peak_widths(
        y,
        tops,
        rel_height=0.5,
        prominence_data=(found["prominences"], found["left_bases"], found["right_bases"]),
    )
    place = np.arange(len(x))
    position, value = _vertices(x, y, tops)
    base = y[tops] - found["prominences"]
    left, right = (np.interp(side, place, x) for side in sides[2:])
    return Maxima(position, value - base, value, left, right, base)


def crossing(x: Floats, y: Floats, level: float, start: int, step: int) -> float | None:
    """Where a curve first falls below a level, going from a point above it.

    Args:
        x: Axis, shape ``(n,)``.
        y: Values, shape ``(n,)``.
        level: Level.
        start: Index to begin at.
        step: 1 to go right, -1 to go left.

    Returns:
        x, linear between points, or None when it stays above.
    """
    way: npt.NDArray[np.int64] = np.arange(start, len(x) if step > 0 else -1, step)
    below = np.flatnonzero(y[way] < level)
    if not len(below) or below[0] == 0:
        return None
    outer, inner = way[below[0]], way[below[0] - 1]
    share = (level - y[outer]) / (y[inner] - y[outer])
    return float(x[outer] + share * (x[inner] - x[outer]))
