"""Curves of a data file, memory-mapped: found by id, and contiguous where they share a grid.

Data files of ``spectra`` never change, so what is derived of one is built once and is in step
with every snapshot the file is in. A sidecar is a folder named after its data file, of plain
``.npy`` arrays (N rows, M blocks) that are mapped, never unpickled:

=============  ==========================================================================
``ids``        spectrum ids, sorted, ``S`` bytes, shape ``(N,)``
``rows``       row of each id, shape ``(N,)``
``ranks``      the reverse: place in ``ids`` of each row, shape ``(N,)``
``norms``      Euclidean norm of each row, float32, shape ``(N,)``; 0 where not finite
``blocks``     runs of rows with one technique and one grid (:data:`BLOCK`), shape ``(M,)``
``grids``      distinct grids one after the other, float64, canonical unit of the technique
``values``     intensities one row after the other, float32
=============  ==========================================================================

The intensities of a block, ``values[a:b].reshape(rows, points)``, are a view without a copy.
``sidecar.json`` names format, version and the size of every array. A sidecar that differs from
it is built anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from registry.folders import is_abandoned, is_partial, opened, remove

FORMAT = "scatterlake sidecar"
VERSION = 1
HEADER = "sidecar.json"
ARRAYS = ("ids", "rows", "ranks", "norms", "blocks", "grids", "values")

Read = Callable[[str, Sequence[str]], Iterable[pa.Table]]
"""Gives the named columns of a data file piece by piece, as ``read_groups`` does."""
Progress = Callable[[int, int], None]
Ids = npt.NDArray[np.bytes_]
Rows = npt.NDArray[np.int64]
Curves = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """Rows ``first`` to ``first + len(values)`` of a sidecar: one technique, one grid.

    Attributes:
        technique: Short name of the technique.
        first: Number of its first row.
        grid: Common x, shape ``(n,)``.
        values: Intensities, a view of the memory map, shape ``(rows, points)``.
        is_curve: Whether a row has one value for each x; the rows of others are maps in C order.
    """

    technique: str
    first: int
    grid: npt.NDArray[np.float64]
    values: Curves
    is_curve: bool


class Sidecar:
    """An open sidecar; its arrays are memory-mapped and read-only.

    Args:
        arrays: The arrays of the module's table by name.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.ids: Ids = arrays["ids"]
        self.norms: npt.NDArray[np.float32] = arrays["norms"]
        self._rows: Rows = arrays["rows"]
        self._ranks: Rows = arrays["ranks"]
        self._blocks = arrays["blocks"]
        self._grids: npt.NDArray[np.float64] = arrays["grids"]
        self._values: Curves = arrays["values"]
        self._techniques = self._blocks["technique"].astype(str)

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, ids: Ids) -> Rows:
        """Row of each id, -1 where the file has no such spectrum, shape ``(n,)``."""
        if not len(self):
            return np.full(len(ids), -1)
        # an id cut to the width of the array may be found, but is not equal
        place = np.searchsorted(self.ids, ids.astype(self.ids.dtype))
        place = np.minimum(place, len(self) - 1)
        return np.where(self.ids[place] == ids, self._rows[place], -1)

    def names(self, rows: Rows) -> Ids:
        """Ids of rows, shape ``(n,)``."""
        return np.asarray(self.ids[self._ranks[rows]])

    def block_of(self, rows: Rows) -> Rows:
        """Number of the block of each row, shape ``(n,)``."""
        return np.searchsorted(self._blocks["row"], rows, side="right") - 1

    def points(self, blocks: Rows) -> Rows:
        """Values in a row of each block, shape ``(n,)``."""
        return np.asarray(self._blocks["points"][blocks])

    def block(self, number: int) -> Block:
        """One block by its number."""
        b = self._blocks[number]
        rows, points = int(b["rows"]), int(b["points"])
        values = self._values[b["value"] : b["value"] + rows * points]
        return Block(
            technique=str(self._techniques[number]),
            first=int(b["row"]),
            grid=self._grids[b["grid"] : b["grid"] + b["grid_points"]],
            values=values.reshape(rows, points),
            is_curve=bool(b["is_curve"]),
        )

    def curves(self, technique: str) -> Iterator[Block]:
        """Blocks of curves (not maps) of a technique."""
        for number in np.flatnonzero((self._techniques == technique) & self._blocks["is_curve"]):
            yield self.block(int(number))


class Sidecars:
    """The sidecars below a local folder, built when first asked for.

    Args:
        folder: Where they lie; made when missing.
        read: Reads a data file.
    """

    def __init__(self, folder: Path, read: Read) -> None:
        self._folder = folder
        self._read = read
        self._opened: dict[str, Sidecar] = {}

    def open(self, files: Sequence[str], progress: Progress | None = None) -> list[Sidecar]:
        """Sidecars of data files; those missing, damaged or of another version are built.

        Args:
            files: Paths or addresses of data files, as ``read`` takes them.
            progress: Called with (files done, files in all).

        Raises:
            LakeError: When a data file cannot be read.
        """
        for done, file in enumerate(files, 1):
            if file not in self._opened:
                self._opened[file] = self._one(file)
            if progress:
                progress(done, len(files))
        return [self._opened[file] for file in files]

    def forget(self, wanted: Iterable[str]) -> int:
        """Remove the sidecars of all files but those wanted; returns how many there were.

        What is mapped by a running process stays readable there until it lets go.
        """
        files = set(wanted)
        self._opened = {file: side for file, side in self._opened.items() if file in files}
        names = {stem(file) for file in files}
        old = [p for p in self._entries() if p.name not in names and not is_partial(p)]
        for path in old:
            remove(path)
        for path in filter(is_partial, self._entries()):
            with suppress(FileNotFoundError):  # another process cleans up at the same time
                if is_abandoned(path):
                    shutil.rmtree(path)
        return len(old)

    def _entries(self) -> list[Path]:
        return list(self._folder.iterdir()) if self._folder.is_dir() else []

    def _one(self, file: str) -> Sidecar:
        return opened(self._folder / stem(file), load, lambda partial: self._build(file, partial))

    def _build(self, file: str, partial: Path) -> None:
        from registry.curves.sidecar_build import build

        build(file, partial, self._read)
        seal(partial)


def load(folder: Path) -> Sidecar | None:
    """Open a sidecar; None when it is missing, damaged or of another version."""
    try:
        if json.loads((folder / HEADER).read_text()) != _header(folder):
            return None
        arrays = {
            name: np.load(_array(folder, name), mmap_mode="r", allow_pickle=False)
            for name in ARRAYS
        }
    except (OSError, ValueError):
        return None
    # plain views of the maps: every slice of an np.memmap would pay for being one
    return Sidecar({name: np.asarray(array) for name, array in arrays.items()})


def seal(folder: Path) -> None:
    """Write the header, last, over arrays that are complete."""
    (folder / HEADER).write_text(json.dumps(_header(folder)))


def stem(file: str) -> str:
    """Name of a data file without folder and ending: unique, for data files never change."""
    return PurePosixPath(file).name.removesuffix(".parquet")


def as_ids(ids: Iterable[str]) -> Ids:
    """Ids as bytes, shape ``(n,)``."""
    return np.array([each.encode() for each in ids], dtype="S")


def _header(folder: Path) -> dict[str, Any]:
    sizes = {name: _array(folder, name).stat().st_size for name in ARRAYS}
    return {"format": FORMAT, "version": VERSION, "sizes": sizes}


def _array(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"
