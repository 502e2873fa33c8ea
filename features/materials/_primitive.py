"""Primitive cells by pure translations, without idealising a single coordinate.

spglib finds them too, but with the whole space group, rotations and all, and one at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from features.materials._cells import Cells, Integers, by_cell, ends
from registry.errors import Unsupported
from registry.records import Floats

SYMPREC = 0.01
"""Two atoms closer than this after a translation are one (angstrom)."""


class Cell(NamedTuple):
    """Cell vectors ``(3, 3)`` in angstrom, fractional positions ``(n, 3)``, charges ``(n,)``."""

    lattice: Floats
    positions: Floats
    numbers: Integers


def primitive_cell(cell: Cell, symprec: float = SYMPREC) -> Cell:
    """Reduce a cell to the smallest that repeats to the same crystal.

    Raises:
        Unsupported: When the translations found within ``symprec`` do not fit together.
    """
    alone = Cells(
        np.asarray(cell.lattice, dtype=np.float64)[None],
        ends([len(cell.numbers)]),
        np.asarray(cell.positions, dtype=np.float64),
        np.asarray(cell.numbers, dtype=np.int64),
    )
    found, refused = primitive_cells(alone, symprec)
    if refused:
        raise refused[0]
    return Cell(found.lattices[0], found.positions, found.numbers)


def primitive_cells(cells: Cells, symprec: float = SYMPREC) -> tuple[Cells, dict[int, Unsupported]]:
    """Reduce many cells, each to the smallest that repeats to the same crystal.

    Returns:
        As many cells as given, without atoms where refused; the reasons by index.
    """
    from features.materials._kernel_primitive import NO_GROUP, reduce_cells

    bases = np.empty((len(cells.lattices), 3, 3), dtype=np.int64)
    kept = np.empty_like(cells.numbers)
    # a distance is at least |f_k| times the height of the cell along k, 1 / |a*_k|
    limits = symprec * np.linalg.norm(np.linalg.inv(cells.lattices), axis=1)
    sizes, orders = reduce_cells(
        cells.lattices,
        limits,
        cells.start,
        cells.positions,
        cells.numbers,
        symprec,
        bases,
        kept,
    )
    refused = {
        n: Unsupported("cell", "translations that form a group", f"{orders[n]} within {symprec} A")
        for n in np.flatnonzero(sizes == NO_GROUP).tolist()
    }
    start = ends(np.maximum(sizes, 0))
    # the atoms of each cell stand at the front of the stretch it had
    front = np.repeat(cells.start[:-1] - start[:-1], np.diff(start)) + np.arange(start[-1])
    atoms = kept[front]
    lattices, positions = cells.lattices.copy(), cells.positions[atoms]
    # many are primitive already and stay as they are
    shrunk = orders > 1
    scaled = bases[shrunk] / orders[shrunk, None, None]
    lattices[shrunk] = scaled @ lattices[shrunk]
    moved = np.repeat(shrunk, np.diff(start))
    # a position keeps its place in space: p = p' basis
    positions[moved] = by_cell(positions[moved], np.linalg.inv(scaled), np.diff(start)[shrunk])
    return Cells(lattices, start, positions, cells.numbers[atoms]), refused
