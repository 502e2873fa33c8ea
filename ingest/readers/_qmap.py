"""Detector images as points (Qx, Qy, I): the grid they lie on.

A flat detector cuts the Ewald sphere, so that Qx changes a little along a column of pixels.
Columns and rows are told apart by gaps of half a step; their medians are the axes, and nodes
without a point (beam stop, removed pixels) become NaN. The largest distance of a point from its
node is kept in the provenance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput, Unsupported
from registry.records import Floats

_STRAY = 2
"""Steps of the grid that a point alone is away from it, when it cannot be a pixel."""
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Grid:
    """Axes of ascending values and the node of every point.

    Attributes:
        qx: Median Qx of every column, shape ``(nx,)``.
        qy: Median Qy of every row, shape ``(ny,)``.
        departure: Largest distance of a point from its node, in steps.
    """

    qx: Floats
    qy: Floats
    departure: float
    _column: Indices
    _row: Indices

    def lay(self, values: Floats) -> Floats:
        """Lay values given point by point on the grid, shape ``(nx, ny)``."""
        image = np.full((len(self.qx), len(self.qy)), np.nan)
        image[self._column, self._row] = values
        return image


def grid_of(qx: Floats, qy: Floats, where: str) -> Grid:
    """Find the grid of points listed row by row or column by column.

    Args:
        qx: Shape ``(points,)``.
        qy: Shape ``(points,)``.
        where: For errors.

    Raises:
        BadInput: When positions are not finite, or fewer than 2 x 2.
        Unsupported: When columns or rows run into each other (a strongly curved grid).
    """
    if len(qx) < 4 or not (np.isfinite(qx).all() and np.isfinite(qy).all()):
        raise BadInput(
            f"{where}: Qx, Qy", "finite positions of at least 2 x 2 points", f"{len(qx)}"
        )
    qx_is_fast = bool(abs(qx[1] - qx[0]) > abs(qy[1] - qy[0]))
    fast, slow = (qx, qy) if qx_is_fast else (qy, qx)
    along = np.diff(fast)
    new_row = along * along[0] < 0
    if not new_row.any() or along[0] == 0:
        raise Unsupported(f"{where}: Qx, Qy", "points listed row by row", "no second row")
    fast_axis, fast_index, fast_off = _axis(fast, float(np.median(np.abs(along))))
    slow_axis, slow_index, slow_off = _axis(slow, float(np.median(np.abs(np.diff(slow)[new_row]))))
    nodes = len(np.unique(fast_index * len(slow_axis) + slow_index))
    if nodes < len(qx) or min(len(fast_axis), len(slow_axis)) < 2:
        found = f"{len(qx)} points on {len(fast_axis)} x {len(slow_axis)} nodes"
        raise Unsupported(f"{where}: Qx, Qy", "one point a node of a rectangular grid", found)
    for axis, index in ((fast_axis, fast_index), (slow_axis, slow_index)):
        _check_stray(axis, index, where)
    rows = np.bincount(slow_index)
    last = int(slow_index[-1])
    if (np.delete(rows, last) == len(fast_axis)).all() and rows[last] < len(fast_axis):
        found = f"{rows[last]} in the last, {len(fast_axis)} in all others"
        raise BadInput(f"{where}: points", "rows of one length", found)
    departure = max(fast_off, slow_off)
    if qx_is_fast:
        return Grid(fast_axis, slow_axis, departure, fast_index, slow_index)
    return Grid(slow_axis, fast_axis, departure, slow_index, fast_index)


def _check_stray(axis: Floats, index: Indices, where: str) -> None:
    """Refuse a single point far from all columns: pixels do not stand alone."""
    gaps = np.diff(axis)
    far = _STRAY * float(np.median(gaps))
    apart = (np.append(np.inf, gaps) > far) & (np.append(gaps, np.inf) > far)
    alone = np.flatnonzero(apart & (np.bincount(index) == 1))
    if len(alone):
        n = int(np.argmax(index == alone[0]))
        found = f"{axis[alone[0]]:g}"
        raise BadInput(f"{where}: point {n + 1}", "Qx and Qy among those of the detector", found)


def _axis(values: Floats, step: float) -> tuple[Floats, Indices, float]:
    """Medians of the clusters of values, the cluster of each, the largest departure in steps."""
    order = np.argsort(values)
    first = np.flatnonzero(np.diff(values[order], prepend=-np.inf) > step / 2)
    axis = np.array([np.median(part) for part in np.split(values[order], first[1:])])
    index = np.empty(len(values), dtype=np.intp)
    index[order] = np.repeat(np.arange(len(axis)), np.diff(first, append=len(values)))
    return axis, index, float(np.abs(values - axis[index]).max() / step)
