"""Many ragged curves at once: flat arrays and offsets, no loop over curves."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from registry.records import Floats

Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FEWEST = 5
"""Points that a curve needs before anything is measured on it."""


class Curves:
    """Rows of ``spectra`` as flat arrays: ``x`` with offsets ``x_at``, ``y`` with ``y_at``."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows
        self.x, self.x_at = flat(rows["x"])
        self.y, self.y_at = flat(rows["intensity"])

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @cached_property
    def dimensions(self) -> Offsets:
        """Number of axes of each row."""
        return np.diff(flat(self.rows["shape"])[1])

    @cached_property
    def lowest(self) -> Floats:
        """Smallest intensity; NaN where one is NaN or there is none."""
        return reduce(np.minimum, self.y, self.y_at, np.nan)

    @cached_property
    def highest(self) -> Floats:
        """Largest intensity; NaN where one is NaN or there is none."""
        return reduce(np.maximum, self.y, self.y_at, np.nan)

    @cached_property
    def steps_back(self) -> Floats:
        """Steps of x that do not go the way most steps of the curve go (NaN never does)."""
        up, down = self._steps
        steps = np.maximum(np.diff(self.x_at) - 1, 0)
        return np.asarray(steps - np.maximum(up, down), dtype=np.float64)

    @cached_property
    def _steps(self) -> tuple[Floats, Floats]:
        """Steps up and steps down of each curve."""
        up = self._steps_that(np.greater)
        if (up >= np.diff(self.x_at) - 1).all():
            return up, np.zeros_like(up)
        return up, self._steps_that(np.less)

    def _steps_that(self, compare: np.ufunc) -> Floats:
        flags = np.zeros(len(self.x), dtype=bool)
        compare(self.x[1:], self.x[:-1], out=flags[:-1])
        flags[self.x_at[1:][np.diff(self.x_at) > 0] - 1] = False  # to the next curve is no step
        return count(flags, self.x_at)

    @cached_property
    def lines(self) -> Lines:
        """The sound one-dimensional curves among the rows, x ascending."""
        lengths = np.diff(self.x_at)
        sound = (
            (self.dimensions == 1)
            & (lengths == np.diff(self.y_at))
            & (lengths >= FEWEST)
            & np.isfinite(self.lowest)
            & np.isfinite(self.highest)
            & (self.steps_back == 0)
        )
        first = np.minimum(self.x_at[:-1], max(len(self.x) - 1, 0))
        ends = self.x[np.stack([first, np.maximum(self.x_at[1:] - 1, 0)])] if len(self.x) else 0.0
        sound &= np.all(np.isfinite(ends), axis=0)
        return Lines(self, sound)

    @cached_property
    def techniques(self) -> npt.NDArray[np.str_]:
        """Technique of each row."""
        return np.asarray(self.rows["technique"].to_pylist(), dtype=str)

    @cached_property
    def present(self) -> frozenset[str]:
        """Techniques that there are."""
        return frozenset(self.rows["technique"].unique().to_pylist())

    def of(self, techniques: tuple[str, ...]) -> tuple[Curves, Offsets]:
        """The rows of some techniques, and where they are; all when none is named."""
        if not techniques or self.present <= set(techniques):
            return self, np.arange(len(self))
        chosen = np.flatnonzero(np.isin(self.techniques, techniques))
        return Curves(self.rows.take(pa.array(chosen))), chosen

    def numbers(self, column: str) -> Floats:
        """A column of numbers, NaN for null."""
        given = self.rows[column].cast(pa.float64()).to_numpy()
        return np.asarray(given, dtype=np.float64)


class Lines:
    """Sound one-dimensional curves: finite, as long as their axis, x strictly ascending.

    Attributes:
        chosen: Which of the rows they are, shape ``(rows,)``.
        x, y: Flat arrays of all points.
        at: Where each curve begins, and the end, shape ``(curves + 1,)``.
    """

    def __init__(self, curves: Curves, chosen: Flags) -> None:
        self.chosen = chosen
        self._curves = curves
        lengths = np.diff(curves.x_at)
        self.at = offsets(lengths[chosen])
        if chosen.all():
            self.x, self.y = curves.x, curves.y
        else:
            self.x = curves.x[np.repeat(chosen, lengths)]
            self.y = curves.y[np.repeat(chosen, np.diff(curves.y_at))]
        down = self.x[self.at[:-1]] > self.x[self.at[1:] - 1] if len(self) else np.zeros(0, bool)
        if down.any():
            place = np.arange(len(self.x))
            mirrored = self.spread(self.at[:-1] + self.at[1:] - 1) - place
            order = np.where(self.spread(down), mirrored, place)
            self.x, self.y = self.x[order], self.y[order]

    def __len__(self) -> int:
        return len(self.at) - 1

    @property
    def lengths(self) -> Offsets:
        """Points of each curve."""
        return np.diff(self.at)

    @property
    def first(self) -> Floats:
        """First x of each curve."""
        return self.x[self.at[:-1]]

    @property
    def last(self) -> Floats:
        """Last x of each curve."""
        return self.x[self.at[1:] - 1]

    @cached_property
    def rank(self) -> Floats:
        """Place of each point within its curve, from 0 to 1."""
        place = np.arange(len(self.x)) - self.spread(self.at[:-1])
        return np.asarray(place / self.spread(self.lengths - 1))

    def spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A value of each curve, repeated for each of its points."""
        return np.repeat(values, self.lengths)

    def numbers(self, column: str) -> Floats:
        """A column of numbers of these rows."""
        return self._curves.numbers(column)[self.chosen]

    def words(self, column: str) -> list[str | None]:
        """A column of text of these rows."""
        return list(self._curves.rows[column].filter(pa.array(self.chosen)).to_pylist())

    def maximum(self, values: Floats) -> Floats:
        """Largest value of each curve."""
        return reduce(np.maximum, values, self.at, np.nan)

    def minimum(self, values: Floats) -> Floats:
        """Smallest value of each curve."""
        return reduce(np.minimum, values, self.at, np.nan)

    def total(self, values: Floats) -> Floats:
        """Sum of each curve."""
        return reduce(np.add, values.astype(np.float64, copy=False), self.at, 0.0)

    def mean(self, values: Floats, where: Flags, fewest: int = 3) -> Floats:
        """Mean over the points chosen, NaN where there are less than ``fewest``."""
        n = count(where, self.at)
        n = np.where(n >= fewest, n, np.nan)
        return np.asarray(self.total(np.where(where, values, 0.0)) / n)

    def slope(self, x: Floats, y: Floats, where: Flags, fewest: int = 5) -> Floats:
        """Slope of a straight line fitted to the points chosen, NaN for less than ``fewest``."""
        mean_x, mean_y = self.mean(x, where, fewest), self.mean(y, where, fewest)
        dx = np.where(where, x - self.spread(mean_x), 0.0)
        dy = np.where(where, y - self.spread(mean_y), 0.0)
        across = self.total(dx * dx)
        return np.asarray(self.total(dx * dy) / np.where(across > 0, across, np.nan))

    def at_largest(self, values: Floats) -> Floats:
        """The x at which ``values`` is largest; NaN where it is -inf throughout."""
        largest = self.maximum(values)
        there = np.flatnonzero(values == self.spread(largest))
        found = self.x[there[np.searchsorted(there, self.at[:-1])]]
        return np.where(np.isfinite(largest), found, np.nan)

    def per_row(self, values: Floats) -> Floats:
        """Values of these curves as a column of all rows, NaN in the others."""
        column = np.full(len(self.chosen), np.nan)
        column[self.chosen] = values
        return column


def flat(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], Offsets]:
    """Values and offsets of a list column; a null list counts as an empty one."""
    # one chunk is taken as it is: combining would copy it
    lists = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    lengths = np.asarray(lists.value_lengths().fill_null(0), dtype=np.int64)
    return lists.flatten().to_numpy(zero_copy_only=False), offsets(lengths)


def reduce(operation: np.ufunc, values: npt.NDArray[Any], at: Offsets, empty: float) -> Floats:
    """Reduce each list with ``operation``; ``empty`` for a list without values."""
    lengths = np.diff(at)
    if len(lengths) and (lengths == lengths[0]).all() and lengths[0] > 0:
        even = values.reshape(len(lengths), -1)
        return np.asarray(operation.reduce(even, axis=1), dtype=np.float64)
    result = np.full(len(lengths), empty)
    filled = lengths > 0
    if filled.any():
        result[filled] = operation.reduceat(values, at[:-1][filled])
    return result


def count(flags: Flags, at: Offsets) -> Floats:
    """How many flags of each list are set."""
    lengths = np.diff(at)
    if len(lengths) and (lengths == lengths[0]).all() and lengths[0] > 0:
        even = flags.reshape(len(lengths), -1)
        return np.asarray(np.count_nonzero(even, axis=1), dtype=np.float64)
    below = offsets(flags.astype(np.int64))
    return np.asarray(np.diff(below[at]), dtype=np.float64)


def offsets(lengths: Offsets) -> Offsets:
    """Where each list begins, and the end, shape ``(len(lengths) + 1,)``."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
