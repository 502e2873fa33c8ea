"""Curves by id, from sidecars: where they are, and many of them as one matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from registry.curves.interpolation import Interpolation, is_axis
from registry.curves.sidecar import Block, Curves, Ids, Rows, Sidecar, as_ids
from registry.errors import BadInput, WrongUse
from registry.records import Floats

NAMED = 5
"""Ids an error lists."""


def locate(sidecars: Sequence[Sidecar], ids: Ids) -> tuple[Rows, Rows]:
    """Number of the sidecar and row in it of each id, both ``(n,)``; -1 where there is none."""
    files, rows = np.full(len(ids), -1), np.full(len(ids), -1)
    missing = np.arange(len(ids))
    for number, sidecar in enumerate(sidecars):
        found = sidecar.find(ids[missing])
        here = found >= 0
        files[missing[here]], rows[missing[here]] = number, found[here]
        missing = missing[~here]
        if not len(missing):
            break
    return files, rows


def one(sidecars: Sequence[Sidecar], spectrum_id: str) -> tuple[Block, int]:
    """Block of a spectrum and its row within it.

    Raises:
        WrongUse: When there is no such spectrum.
    """
    files, rows = locate(sidecars, as_ids([spectrum_id]))
    _all_found([spectrum_id], files)
    sidecar = sidecars[files[0]]
    block = sidecar.block(int(sidecar.block_of(rows)[0]))
    return block, int(rows[0]) - block.first


def matrix(sidecars: Sequence[Sidecar], ids: Sequence[str], grid: Floats | None = None) -> Curves:
    """Intensities of spectra, in the order of their ids, copied from the memory maps.

    Args:
        sidecars: Those of the data files of a snapshot.
        ids: Spectrum ids; one may occur twice.
        grid: Axis to interpolate onto, linearly, in the canonical unit, shape ``(g,)``.

    Returns:
        Shape ``(len(ids), n)``, or ``(len(ids), g)`` with a grid: there NaN outside the range
        of a curve. Without a grid, maps are given in C order.

    Raises:
        WrongUse: When ids are unknown; names the first few.
        BadInput: When lengths differ or there are no values; with a grid, when a spectrum is a
            map or has an x that neither ascends nor descends. Names the first.
    """
    wanted = as_ids(ids)
    files, rows = locate(sidecars, wanted)
    _all_found(ids, files)
    parts = list(_parts(sidecars, files, rows))
    width = _common_length(ids, parts) if grid is None else len(grid)
    values = np.empty((len(ids), width), np.float32)
    for places, block, own in parts:
        # block by block: each is one gather from one contiguous view
        values[places] = block.values[own] if grid is None else _onto(grid, ids, places, block, own)
    return values


Part = tuple[npt.NDArray[np.int64], Block, Rows]
"""Places in the result, the block they come from, their rows within it."""


def _parts(sidecars: Sequence[Sidecar], files: Rows, rows: Rows) -> Iterator[Part]:
    for number in np.unique(files):
        here = np.flatnonzero(files == number)
        sidecar = sidecars[number]
        blocks = sidecar.block_of(rows[here])
        order = np.argsort(blocks, kind="stable")
        some, starts = np.unique(blocks[order], return_index=True)
        for which, places in zip(some, np.split(here[order], starts[1:]), strict=True):
            block = sidecar.block(int(which))
            yield places, block, rows[places] - block.first


def _all_found(ids: Sequence[str], files: Rows) -> None:
    unknown = np.flatnonzero(files < 0)
    if len(unknown):
        few = ", ".join(ids[n] for n in unknown[:NAMED])
        more = ", ..." if len(unknown) > NAMED else ""
        found = f"{len(unknown)} of {len(ids)} unknown: {few}{more}"
        raise WrongUse("spectrum ids", "ids of spectra in this version of the lake", found)


def _common_length(ids: Sequence[str], parts: Sequence[Part]) -> int:
    lengths = np.zeros(len(ids), np.int64)
    for places, block, _ in parts:
        lengths[places] = block.values.shape[1]
    none = np.flatnonzero(lengths == 0)
    if len(none):
        found = "none (arrays too large for a row are read by Lake.spectrum)"
        raise BadInput(f"spectrum {ids[none[0]]}", "values in its row", found)
    odd = np.flatnonzero(lengths != lengths[:1])
    if len(odd):
        raise BadInput(
            f"spectrum {ids[odd[0]]}",
            f"{lengths[0]} values as in {ids[0]} (or a grid to interpolate onto)",
            f"{lengths[odd[0]]} values",
        )
    return int(lengths[0]) if len(ids) else 0


def _onto(
    grid: Floats, ids: Sequence[str], places: npt.NDArray[np.int64], block: Block, rows: Rows
) -> npt.NDArray[np.float64]:
    if not (block.is_curve and is_axis(block.grid)):
        found = "x in no order" if block.is_curve else "a map"
        expected = "a curve whose x ascends or descends"
        raise BadInput(f"spectrum {ids[places.min()]}", expected, found)
    return Interpolation.onto(grid, block.grid).of(block.values[rows])
