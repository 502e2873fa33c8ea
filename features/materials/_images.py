"""Images of the atoms of crystals around a point, found by compiled loops.

The images of the atoms within the cutoff of the cell go into small boxes, column after column, so
that what surrounds an atom is a few runs of memory. Where a sum is symmetric, only half of the
translations is made: of T and -T the one whose first component that is not zero is positive.
Many crystals are laid end to end: a call from Python costs as much as a small crystal.

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
    from features.materials._wrapped import Wrapped
    from registry.records import Floats

    Integers = npt.NDArray[np.int64]

BOXES = 2
"""Boxes along the cutoff: fine enough that most of what is looked at is within it."""


class Images(NamedTuple):
    """Images of the atoms in boxes, those of the first crystal before those of the next.

    Attributes:
        x, y, z: Positions, ``(n_images,)``, ordered by box.
        atom: Whose image it is, counted within its crystal.
        shift: Row of ``shifts``.
        shifts: Translations, ``(n_shifts, 3)``, whole numbers.
        first: Where each box begins in ``x``, and where the last one of a crystal ends.
        box: Where the boxes of each crystal begin in ``first``, ``(crystals + 1,)``.
        low: Corner of the first box, ``(crystals, 3)``.
        shape: Boxes along each axis, ``(crystals, 3)``.
        edge: Length of a box, ``(crystals,)``.
        most: Most images of one crystal.
    """

    x: Floats
    y: Floats
    z: Floats
    atom: Integers
    shift: Integers
    shifts: Floats
    first: Integers
    box: Integers
    low: Floats
    shape: Integers
    edge: Floats
    most: int


@compiled
def images(cells: Wrapped, cutoff: float, half: bool) -> Images:
    """Make all images within ``cutoff`` of the box around each cell's atoms, or half of them.

    A cell's own atoms are its row of ``shifts`` that is zero; of half of them its first.
    """
    n_cells = len(cells.lattices)
    reach, limits = np.empty((n_cells, 3), np.int64), np.zeros((n_cells + 1, 2), np.int64)
    most = 0
    for c in range(n_cells):
        n_shifts = 1
        for k in range(3):
            reach[c, k] = math.floor(cutoff * cells.reciprocal[c, k] + 1.0)
            n_shifts *= 2 * reach[c, k] + 1
        n_images = n_shifts * (cells.start[c + 1] - cells.start[c])
        limits[c + 1, 0], limits[c + 1, 1] = limits[c, 0] + n_shifts, limits[c, 1] + n_images
        most = max(most, n_images)
    # room for more than there will be: what is not written to costs no memory
    room = limits[n_cells, 1]
    x, y, z = np.empty(room), np.empty(room), np.empty(room)
    atom, shift = np.empty(room, np.int64), np.empty(room, np.int64)
    shifts = np.empty((limits[n_cells, 0], 3))
    first = np.empty(4 * room + 65 * n_cells, np.int64)
    box = np.zeros(n_cells + 1, np.int64)
    low, shape = np.empty((n_cells, 3)), np.empty((n_cells, 3), np.int64)
    edge = np.empty(n_cells)
    made = (np.empty((3, most)), np.empty(most, np.int64), np.empty(most, np.int64))
    places = np.empty(most, np.int64)
    total, n_shifts, most = 0, 0, 0
    for c in range(n_cells):
        m, n_shifts = _make(cells, c, reach[c], cutoff, half, made, shifts, n_shifts)
        edge[c] = _lay_boxes(made[0], m, cutoff, low[c], shape[c])
        n_boxes = shape[c, 0] * shape[c, 1] * shape[c, 2]
        box[c + 1] = box[c] + n_boxes + 1
        here = first[box[c] : box[c + 1]]
        _count_boxes(made[0], m, edge[c], low[c], shape[c], places, here, total)
        for p in range(m):
            q = here[places[p]]
            here[places[p]] += 1
            x[q], y[q], z[q] = made[0][0, p], made[0][1, p], made[0][2, p]
            atom[q], shift[q] = made[1][p], made[2][p]
        # each box now begins where the next one does
        for b in range(n_boxes, 0, -1):
            here[b] = here[b - 1]
        here[0] = total
        total += m
        most = max(most, m)
    x, y, z, atom, shift = x[:total], y[:total], z[:total], atom[:total], shift[:total]
    return Images(
        x, y, z, atom, shift, shifts[:n_shifts], first[: box[-1]], box, low, shape, edge, most
    )


@compiled
def _make(
    cells: Wrapped,
    c: int,
    reach: Integers,
    cutoff: float,
    half: bool,
    made: tuple[Floats, Integers, Integers],
    shifts: Floats,
    n_shifts: int,
) -> tuple[int, int]:
    """Write the images of one crystal to ``made``: positions, atoms, rows of ``shifts``.

    Returns:
        How many there are, and how many rows of ``shifts`` are filled by now.
    """
    at, atom, shift = made
    lattice = cells.lattices[c]
    inside = cells.inside[cells.start[c] : cells.start[c + 1]]
    low, high, move = np.empty(3), np.empty(3), np.empty(3)
    for k in range(3):
        low[k], high[k] = inside[:, k].min(), inside[:, k].max()
    limit = cutoff * cutoff
    m = 0
    for a in range(0 if half else -reach[0], reach[0] + 1):
        for b in range(0 if half and a == 0 else -reach[1], reach[1] + 1):
            for d in range(0 if half and a == 0 and b == 0 else -reach[2], reach[2] + 1):
                outside = 0.0
                for k in range(3):
                    move[k] = a * lattice[0, k] + b * lattice[1, k] + d * lattice[2, k]
                    beyond = max(abs(move[k]) - (high[k] - low[k]), 0.0)
                    outside += beyond * beyond
                if outside > limit:
                    continue
                before = m
                for i in range(len(inside)):
                    outside = 0.0
                    for k in range(3):
                        here = move[k] + inside[i, k]
                        at[k, m] = here
                        beyond = max(low[k] - here, here - high[k], 0.0)
                        outside += beyond * beyond
                    atom[m], shift[m] = i, n_shifts
                    m += outside <= limit
                if m > before:
                    shifts[n_shifts, 0], shifts[n_shifts, 1], shifts[n_shifts, 2] = a, b, d
                    n_shifts += 1
    return m, n_shifts


@compiled
def _lay_boxes(at: Floats, m: int, cutoff: float, low: Floats, shape: Integers) -> float:
    """Find the corner and the number of boxes along each axis; gives the length of a box."""
    span = np.empty(3)
    for k in range(3):
        low[k] = at[k, :m].min()
        span[k] = at[k, :m].max() - low[k]
    edge = cutoff / BOXES
    while True:
        for k in range(3):
            shape[k] = int(span[k] / edge) + 1
        if shape[0] * shape[1] * shape[2] <= 4 * m + 64:
            return edge
        edge *= 1.5


@compiled
def _count_boxes(
    at: Floats,
    m: int,
    edge: float,
    low: Floats,
    shape: Integers,
    places: Integers,
    first: Integers,
    total: int,
) -> None:
    """Write the box of each image, and where each box begins behind ``total`` other images."""
    first[:] = 0
    x, y, z = low
    for p in range(m):
        i, j = int((at[0, p] - x) / edge), int((at[1, p] - y) / edge)
        places[p] = (i * shape[1] + j) * shape[2] + int((at[2, p] - z) / edge)
    for p in range(m):
        first[places[p] + 1] += 1
    first[0] = total
    for b in range(1, len(first)):
        first[b] += first[b - 1]
