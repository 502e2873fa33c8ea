"""Images of the atoms of a crystal around a point, found by compiled loops.

The images of the atoms within the cutoff of the cell go into small boxes, column after column, so
that what surrounds an atom is a few runs of memory. Where a sum is symmetric, only half of the
translations is made: of T and -T the one whose first component that is not zero is positive.

Everything here follows ``find_points_in_spheres`` of pymatgen 2026.10 in the order of its
operations, so that a distance has the same last bit, and falls in the same bin.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from registry.records import Floats

    Integers = npt.NDArray[np.int64]

BOXES = 2
"""Boxes along the cutoff: fine enough that most of what is looked at is within it."""


class Cell(NamedTuple):
    """The crystal wrapped into its cell.

    Attributes:
        lattice: Cell vectors, ``(3, 3)``.
        inside: Cartesian positions in the cell, ``(n, 3)``.
        offset: Cells from ``inside`` to where the atom was given, ``(n, 3)``, whole numbers.
        reciprocal: Lengths of the reciprocal vectors (without 2 pi), ``(3,)``.
    """

    lattice: Floats
    inside: Floats
    offset: Floats
    reciprocal: Floats


class Images(NamedTuple):
    """Images of the atoms in boxes.

    Attributes:
        x, y, z: Positions, ``(n_images,)``, ordered by box.
        atom: Whose image it is.
        shift: Row of ``shifts``.
        shifts: Translations, ``(n_shifts, 3)``, whole numbers.
        first: Where each box begins in ``x``, ``(n_boxes + 1,)``.
        low: Corner of the first box, ``(3,)``.
        shape: Boxes along each axis, ``(3,)``.
        edge: Length of a box.
    """

    x: Floats
    y: Floats
    z: Floats
    atom: Integers
    shift: Integers
    shifts: Floats
    first: Integers
    low: Floats
    shape: Integers
    edge: float


@compiled
def wrapped(lattice: Floats, positions: Floats) -> Cell:
    """Wrap Cartesian positions ``(n, 3)`` into the cell."""
    per_volume = 1.0 / (
        lattice[0, 0] * (lattice[1, 1] * lattice[2, 2] - lattice[1, 2] * lattice[2, 1])
        + lattice[0, 1] * (lattice[1, 2] * lattice[2, 0] - lattice[1, 0] * lattice[2, 2])
        + lattice[0, 2] * (lattice[1, 0] * lattice[2, 1] - lattice[1, 1] * lattice[2, 0])
    )
    inverse = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            a, b, c, d = (j + 1) % 3, (i + 1) % 3, (j + 2) % 3, (i + 2) % 3
            minor = lattice[a, b] * lattice[c, d] - lattice[c, b] * lattice[a, d]
            inverse[i, j] = minor * per_volume
    n = len(positions)
    inside, offset = np.empty((n, 3)), np.empty((n, 3))
    part = np.empty(3)
    for i in range(n):
        for k in range(3):
            fraction = 0.0
            for m in range(3):
                fraction += positions[i, m] * inverse[m, k]
            part[k] = fraction - math.floor(fraction)
            offset[i, k] = np.rint(fraction - part[k])
        for k in range(3):
            inside[i, k] = 0.0
            for m in range(3):
                inside[i, k] += part[m] * lattice[m, k]
    return Cell(lattice, inside, offset, np.sqrt((inverse**2).sum(axis=0)))


@compiled
def images(cell: Cell, cutoff: float, half: bool) -> Images:
    """Make all images within ``cutoff`` of the box around the cell's atoms, or half of them.

    The cell's own atoms are the row of ``shifts`` that is zero; of half of them the first.
    """
    n = len(cell.inside)
    low, high = np.empty(3), np.empty(3)
    for k in range(3):
        low[k], high[k] = cell.inside[:, k].min(), cell.inside[:, k].max()
    reach = np.empty(3, np.int64)
    for k in range(3):
        reach[k] = math.floor(cutoff * cell.reciprocal[k] + 1.0)
    count = int(np.prod(2 * reach + 1)) * n
    at = np.empty((3, count))
    atom, shift = np.empty(count, np.int64), np.empty(count, np.int64)
    shifts = np.empty((count // n, 3))
    m, n_shifts = 0, 0
    move = np.empty(3)
    limit = cutoff * cutoff
    lattice = cell.lattice
    for a in range(0 if half else -reach[0], reach[0] + 1):
        for b in range(0 if half and a == 0 else -reach[1], reach[1] + 1):
            for c in range(0 if half and a == 0 and b == 0 else -reach[2], reach[2] + 1):
                outside = 0.0
                for k in range(3):
                    move[k] = a * lattice[0, k] + b * lattice[1, k] + c * lattice[2, k]
                    beyond = max(abs(move[k]) - (high[k] - low[k]), 0.0)
                    outside += beyond * beyond
                if outside > limit:
                    continue
                before = m
                for i in range(n):
                    outside = 0.0
                    for k in range(3):
                        here = move[k] + cell.inside[i, k]
                        at[k, m] = here
                        beyond = max(low[k] - here, here - high[k], 0.0)
                        outside += beyond * beyond
                    atom[m], shift[m] = i, n_shifts
                    m += outside <= limit
                if m > before:
                    shifts[n_shifts, 0], shifts[n_shifts, 1], shifts[n_shifts, 2] = a, b, c
                    n_shifts += 1
    return _boxed(at[:, :m], atom[:m], shift[:m], shifts[:n_shifts], cutoff)


@compiled
def _boxed(at: Floats, atom: Integers, shift: Integers, shifts: Floats, cutoff: float) -> Images:
    """Order images by box."""
    m = at.shape[1]
    low, span = np.empty(3), np.empty(3)
    for k in range(3):
        low[k] = at[k].min()
        span[k] = at[k].max() - low[k]
    edge = cutoff / BOXES
    shape = np.empty(3, np.int64)
    while True:
        for k in range(3):
            shape[k] = int(span[k] / edge) + 1
        if shape[0] * shape[1] * shape[2] <= 4 * m + 64:
            break
        edge *= 1.5
    box = np.empty(m, np.int64)
    first = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int64)
    for p in range(m):
        i, j = int((at[0, p] - low[0]) / edge), int((at[1, p] - low[1]) / edge)
        box[p] = (i * shape[1] + j) * shape[2] + int((at[2, p] - low[2]) / edge)
        first[box[p] + 1] += 1
    for b in range(1, len(first)):
        first[b] += first[b - 1]
    place = first[:-1].copy()
    x, y, z = np.empty(m), np.empty(m), np.empty(m)
    atom_of, shift_of = np.empty(m, np.int64), np.empty(m, np.int64)
    for p in range(m):
        q = place[box[p]]
        place[box[p]] += 1
        x[q], y[q], z[q] = at[0, p], at[1, p], at[2, p]
        atom_of[q], shift_of[q] = atom[p], shift[p]
    return Images(x, y, z, atom_of, shift_of, shifts, first, low, shape, edge)
