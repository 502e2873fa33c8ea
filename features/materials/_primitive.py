"""Primitive cell by pure translations, without idealising a single coordinate.

spglib finds it too, but with the whole space group, rotations and all: 8 times slower over 600
mineral cells, most of it in small cubic ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from registry.errors import Unsupported
from registry.records import Floats

Integers = npt.NDArray[np.int64]

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
        Unsupported: When atoms lie on top of each other or the translations found within
            ``symprec`` do not fit together.
    """
    found = _translations(cell, symprec)
    order = len(found)
    if order == 1:
        return cell
    # a group of that order has only multiples of 1/order: rounding removes the noise
    moves = np.array([np.rint(move * order) for move, _ in found], dtype=np.int64)
    basis = _integer_basis(np.vstack([moves, order * np.eye(3, dtype=np.int64)])) / order
    images = np.array([image for _, image in found])
    kept = np.flatnonzero(images.min(axis=0) == np.arange(images.shape[1]))
    if len(kept) * order != len(cell.numbers) or not np.isclose(np.linalg.det(basis) * order, 1):
        raise Unsupported("cell", "translations that form a group", f"{order} within {symprec} A")
    return Cell(
        basis @ cell.lattice, cell.positions[kept] @ np.linalg.inv(basis), cell.numbers[kept]
    )


def _translations(cell: Cell, symprec: float) -> list[tuple[Floats, Integers]]:
    """Translations that map the crystal onto itself, each with the image of every atom."""
    kinds, counts = np.unique(cell.numbers, return_counts=True)
    rarest = cell.positions[cell.numbers == kinds[counts.argmin()]]
    found = []
    for move in rarest - rarest[0]:
        image = _image(cell, move, symprec)
        if image is not None:
            found.append((move, image))
    if not found:
        raise Unsupported("positions", f"atoms more than {symprec} A apart", "closer ones")
    return found


def _image(cell: Cell, move: Floats, symprec: float) -> Integers | None:
    """Which atom each atom lands on, or None when one lands on none or two on the same."""
    image = np.empty(len(cell.numbers), dtype=np.int64)
    for kind in np.unique(cell.numbers):
        members = np.flatnonzero(cell.numbers == kind)
        at = cell.positions[members]
        apart = (at + move)[:, None] - at[None]
        distance = np.linalg.norm((apart - np.rint(apart)) @ cell.lattice, axis=-1)
        if not (distance.min(axis=1) < symprec).all():
            return None
        image[members] = members[distance.argmin(axis=1)]
    return image if len(np.unique(image)) == len(image) else None


def _integer_basis(vectors: Integers) -> Integers:
    """Three vectors that generate the same integer lattice (Hermite normal form), shape (3, 3)."""
    rows = vectors.copy()
    for column in range(3):
        while np.count_nonzero(rows[column:, column]) > 1:
            rest = np.flatnonzero(rows[column:, column]) + column
            pivot = rest[np.abs(rows[rest, column]).argmin()]
            others = rest[rest != pivot]
            rows[others] -= np.outer(rows[others, column] // rows[pivot, column], rows[pivot])
        pivot = column + int(np.flatnonzero(rows[column:, column])[0])
        rows[[column, pivot]] = rows[[pivot, column]]
        rows[column] *= np.sign(rows[column, column])
    return rows[:3]
