"""Building the sidecar of one data file in one pass over it, with memory for one row group.

Values and distinct grids go to spool files in the order of the data file; then the rows are
laid out by technique and grid. Beside the row group only ids and a few numbers per row are held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from registry.curves.sidecar import Ids, Read, Rows, as_ids
from registry.errors import LakeError
from registry.identity import digest

COLUMNS = ("spectrum_id", "technique", "x", "shape", "intensity")
COPY_VALUES = 1 << 20
"""Values laid out at a time."""

FAINT = 1e-30
"""Norms below this count as zero: products of such numbers lose digits in float32."""


def build(file: str, folder: Path, read: Read) -> None:
    """Write the arrays of a data file's sidecar into a folder.

    Raises:
        LakeError: When the data file cannot be read.
    """
    with _Spool(folder / "values.spool", np.float32) as values:
        with _Spool(folder / "grids.spool", np.float64) as grids:
            scan = _Scan(values, grids)
            for batch in _batches(file, read):
                scan.add(batch)
            _save(folder, "grids", grids.everything())
        _lay_out(folder, scan, values.everything())


def _batches(file: str, read: Read) -> Iterator[pa.RecordBatch]:
    try:
        for table in read(file, COLUMNS):
            yield from table.to_batches()
    except (OSError, pa.ArrowException) as error:
        raise LakeError(f"{file}: cannot be read: {error}") from error


class _Spool:
    """Numbers appended to a file that is gone when the work is done."""

    def __init__(self, path: Path, dtype: type[np.floating[Any]]) -> None:
        self._path = path
        self._dtype = dtype
        self._length = 0

    def __enter__(self) -> _Spool:
        self._file = self._path.open("w+b")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink()

    def append(self, values: npt.NDArray[Any]) -> int:
        """Write values; returns the place of the first."""
        start = self._length
        self._file.write(np.ascontiguousarray(values, dtype=self._dtype).data)
        self._length += len(values)
        return start

    def everything(self) -> npt.NDArray[Any]:
        """All that was written, mapped."""
        if not self._length:
            return np.empty(0, self._dtype)
        self._file.flush()
        return np.asarray(np.memmap(self._path, self._dtype, "r", shape=(self._length,)))


@dataclass(frozen=True)
class _Group:
    """What the rows of a block share; ``grid`` is its place among the grids."""

    technique: str
    grid: int
    grid_points: int
    points: int
    is_curve: bool


@dataclass
class _Scan:
    """What is known of the rows, in the order of the data file."""

    values: _Spool
    grids: _Spool
    ids: list[Ids] = field(default_factory=list)
    starts: list[Rows] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    groups: dict[_Group, int] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _last: tuple[bytes, int] = (b"", 0)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in a batch of rows."""
        x, x_bounds = _flat(batch["x"])
        y, y_bounds = _flat(batch["intensity"])
        self.ids.append(as_ids(batch["spectrum_id"].to_pylist()))
        self.starts.append(
            self.values.append(y[y_bounds[0] : y_bounds[-1]]) + y_bounds[:-1] - y_bounds[0]
        )
        axes = pc.fill_null(pc.list_value_length(batch["shape"]), 1).to_numpy(zero_copy_only=False)
        points = np.diff(y_bounds)
        curves = (axes <= 1) & (np.diff(x_bounds) == points) & (points > 0)
        rows = zip(
            batch["technique"].to_pylist(),
            x_bounds[:-1].tolist(),
            x_bounds[1:].tolist(),
            points.tolist(),
            curves.tolist(),
            strict=True,
        )
        for technique, start, stop, n, is_curve in rows:
            place = self._place(x[start:stop])
            group = _Group(technique or "", place, stop - start, n, is_curve)
            self.members.append(self.groups.setdefault(group, len(self.groups)))

    def _place(self, x: npt.NDArray[np.float64]) -> int:
        """Where a grid is among the distinct ones; most rows have that of the row before."""
        raw = x.tobytes()
        if raw != self._last[0]:
            name = digest(raw)
            if name not in self._places:
                self._places[name] = self.grids.append(x)
            self._last = raw, self._places[name]
        return self._last[1]


def _flat(column: pa.Array) -> tuple[npt.NDArray[Any], Rows]:
    """Values of a list column and the bounds of its rows; null is empty."""
    values = column.values.to_numpy(zero_copy_only=False)
    return values, column.offsets.to_numpy().astype(np.int64)


def _lay_out(folder: Path, scan: _Scan, spool: npt.NDArray[np.float32]) -> None:
    """Write ids, blocks, norms and values, rows of one technique and grid side by side."""
    groups = sorted(scan.groups, key=lambda group: group.technique)
    rank = np.empty(len(groups), np.int64)
    rank[[scan.groups[group] for group in groups]] = np.arange(len(groups))
    member = rank[np.array(scan.members, np.int64)]
    order = np.argsort(member, kind="stable")
    blocks = _blocks(groups, np.bincount(member, minlength=len(groups)))
    _save(folder, "blocks", blocks)
    ids = np.concatenate([as_ids([]), *scan.ids])[order]
    rows = np.argsort(ids)
    ranks = np.empty_like(rows)
    ranks[rows] = np.arange(len(rows))
    for name, array in {"ids": ids[rows], "rows": rows, "ranks": ranks}.items():
        _save(folder, name, array)
    starts = np.concatenate([np.empty(0, np.int64), *scan.starts])[order]
    _copy(folder, blocks, starts, spool)


def _blocks(groups: list[_Group], rows: Rows) -> npt.NDArray[Any]:
    width = max((len(group.technique.encode()) for group in groups), default=1)
    numbers = ("row", "rows", "value", "points", "grid", "grid_points")
    blocks = np.zeros(
        len(groups),
        [("technique", f"S{max(width, 1)}"), *((n, np.int64) for n in numbers), ("is_curve", "?")],
    )
    blocks["technique"] = [group.technique.encode() for group in groups]
    for name in ("points", "grid", "grid_points", "is_curve"):
        blocks[name] = [getattr(group, name) for group in groups]
    blocks["rows"] = rows
    blocks["row"] = np.cumsum(rows) - rows
    sizes = rows * blocks["points"]
    blocks["value"] = np.cumsum(sizes) - sizes
    return blocks


def _copy(
    folder: Path, blocks: npt.NDArray[Any], starts: Rows, spool: npt.NDArray[np.float32]
) -> None:
    total = int((blocks["rows"] * blocks["points"]).sum())
    path = folder / "values.npy"
    values = np.lib.format.open_memmap(path, "w+", np.float32, (total,))
    norms = np.zeros(len(starts), np.float32)
    for b in blocks[blocks["points"] > 0]:
        points = int(b["points"])
        step = max(COPY_VALUES // points, 1)
        for row in range(int(b["row"]), int(b["row"] + b["rows"]), step):
            some = starts[row : min(row + step, b["row"] + b["rows"])].tolist()
            curves = np.stack([spool[start : start + points] for start in some])
            place = int(b["value"]) + (row - int(b["row"])) * points
            values[place : place + curves.size] = curves.ravel()
            norms[row : row + len(some)] = _norms(curves)
    # its size was set before its content: after a power failure it must not be taken for whole
    values.flush()
    _save(folder, "norms", norms)


def _norms(curves: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Norm of each row; 0, which is never similar, where it is not finite or too faint."""
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", curves, curves, dtype=np.float64)).astype(np.float32)
    return np.where(np.isfinite(norms) & (norms >= FAINT), norms, np.float32(0))


def _save(folder: Path, name: str, array: npt.NDArray[Any]) -> None:
    np.save(folder / f"{name}.npy", array, allow_pickle=False)
