"""Many stored curves on the grid of an input, as they come out of the files of a lake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from registry.lake import Lake
from registry.records import Floats
from registry.tables.parquet import read_groups
from training.blocks import axis_refusal, resample
from training.definitions import SpectrumInput
from training.models import Block

COLUMNS = ("spectrum_id", "x", "intensity")
POINTS = 1 << 16
"""Points resampled at once: what a processor keeps at hand, at twice the speed of a row group."""


@dataclass(frozen=True)
class Gridded:
    """Some curves on a grid.

    Attributes:
        ids: Spectrum ids, shape ``(n,)``.
        values: Curves with a largest absolute value of 1, shape ``(n, points)``.
        refused: Why others cannot be brought onto the grid, by id.
    """

    ids: list[str]
    values: Block
    refused: dict[str, str]


def stored_curves(
    lake: Lake, source: SpectrumInput, ids: Sequence[str], at: Mapping[str, int]
) -> Iterator[Gridded]:
    """Curves of a lake on the grid of an input, a row group of its files (some 16 MB) at a time.

    Args:
        lake: The lake.
        source: Input with the grid.
        ids: Which spectra; others are passed over.
        at: Table versions.
    """
    table, wanted = lake["spectra"], set(ids)
    for file in table.state(at["spectra"]).files:
        for group in read_groups(file.path, COLUMNS, table.storage.files):
            chosen = [one in wanted for one in group["spectrum_id"].to_pylist()]
            if any(chosen):
                yield gridded(group if all(chosen) else group.filter(pa.array(chosen)), source)


def gridded(rows: pa.Table, source: SpectrumInput) -> Gridded:
    """Rows of ``spectra`` on the grid of an input.

    Args:
        rows: With ``spectrum_id``, ``x`` and ``intensity``; a curve too large for a row has none.
        source: Input with the grid; ``x`` is in the canonical unit of its technique.
    """
    ids = rows["spectrum_id"].to_pylist()
    values = np.empty((len(ids), source.grid[2]), dtype=np.float32)
    able = np.zeros(len(ids), bool)
    # for whom nothing else is said
    reasons = [f"{source.name}: its curve is not in its row"] * len(ids)
    for same, x, y in _alike(*(rows[name].combine_chunks() for name in COLUMNS[1:])):
        reason = axis_refusal(x, source)
        if reason is None:
            reason = f"{source.name}: no finite signal on the grid"
            at_once = max(1, POINTS // len(x))
            for first in range(0, len(same), at_once):
                some = same[first : first + at_once]
                curves = resample(x, y[first : first + at_once], source.points())
                values[some], able[some] = _scaled(curves)
        for i in same[~able[same]].tolist():
            reasons[i] = reason
    refused = {ids[i]: reasons[i] for i in np.flatnonzero(~able).tolist()}
    if not refused:
        return Gridded(ids, values, refused)
    return Gridded([ids[i] for i in np.flatnonzero(able)], values[able], refused)


def _scaled(curves: Floats) -> tuple[Block, npt.NDArray[np.bool_]]:
    """Curves with a largest absolute value of 1, and which of them have such a value at all."""
    values = curves.astype(np.float32)
    peak = np.abs(values).max(axis=1)
    # of those without a signal nothing is kept
    with np.errstate(divide="ignore", invalid="ignore"):
        values /= peak[:, None]
    return values, (peak > 0) & np.isfinite(peak)


Rows = npt.NDArray[np.int64]


def _alike(x: pa.ListArray, y: pa.ListArray) -> Iterator[tuple[Rows, Floats, Floats]]:
    """Rows with one axis, that axis ``(p,)`` and their curves ``(m, p)``, axis by axis."""
    lengths, signals = (_lengths(one) for one in (x, y))
    for length in np.unique(lengths):
        here = np.flatnonzero((lengths == length) & (signals == length))
        if not len(here):
            continue
        axes, curves = (_matrix(one, here, int(length)) for one in (x, y))
        if (axes == axes[0]).all():
            yield here, axes[0], curves
            continue
        _, first, kind = np.unique(axes, axis=0, return_index=True, return_inverse=True)
        for number, place in enumerate(first):
            own = kind.ravel() == number
            yield here[own], axes[place], curves[own]


def _lengths(column: pa.ListArray) -> Rows:
    return np.asarray(pc.fill_null(pc.list_value_length(column), 0), dtype=np.int64)


def _matrix(column: pa.ListArray, rows: Rows, length: int) -> Floats:
    """Lists of one length as a table; a view where they lie one after the other."""
    values = column.values.to_numpy(zero_copy_only=False)
    start = column.offsets.to_numpy()[:-1][rows]
    if (np.diff(start) == length).all():
        found = values[start[0] : start[0] + length * len(rows)].reshape(len(rows), length)
    else:
        found = values[start[:, None] + np.arange(length)]
    return np.asarray(found)
