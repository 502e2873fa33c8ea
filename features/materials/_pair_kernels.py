"""Pairs of atoms of a crystal, counted and listed by compiled loops; see ``_neighbours``.

A kernel calls no kernel of another file: numba would not notice that one change.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from features.crystal import Integers
    from features.materials._images import Images
    from features.materials._wrapped import Wrapped
    from registry.records import Floats

SAME = 1e-8
"""What pymatgen adds to the square of the cutoff (square angstrom)."""
ROUNDING = 1e-9
"""A position on the bins this close to an edge (in bins) is decided by exact distances."""


@compiled
def near(
    images: Images, c: int, centre: Floats, cutoff: float, index: Integers, square: Floats
) -> int:
    """Find the images of one crystal within ``cutoff`` of a point.

    Writes their places to ``index`` and their squared distances to ``square``, both as long as
    a crystal has images, and gives how many there are. An atom finds itself.
    """
    limit = cutoff * cutoff + SAME
    reach = limit + 1e-6
    low, shape, edge = images.low[c], images.shape[c], images.edge[c]
    cx, cy, cz = centre[0] - low[0], centre[1] - low[1], centre[2] - low[2]
    x, y, z = centre[0], centre[1], centre[2]
    radius = math.sqrt(reach)
    found = 0
    per = 1.0 / edge
    for i in range(
        max(int((cx - radius) * per), 0), min(int((cx + radius) * per), shape[0] - 1) + 1
    ):
        dx = max(i * edge - cx, cx - (i + 1) * edge, 0.0)
        wide = reach - dx * dx
        radius_y = math.sqrt(max(wide, 0.0))
        bottom = max(int((cz - radius_y) * per), 0)
        top = min(int((cz + radius_y) * per), shape[2] - 1)
        for j in range(
            max(int((cy - radius_y) * per), 0), min(int((cy + radius_y) * per), shape[1] - 1) + 1
        ):
            dy = max(j * edge - cy, cy - (j + 1) * edge, 0.0)
            if dy * dy > wide or top < bottom:
                continue
            column = images.box[c] + (i * shape[1] + j) * shape[2]
            start, stop = images.first[column + bottom], images.first[column + top + 1]
            for p in range(np.uint64(start), np.uint64(stop)):
                dx_p, dy_p, dz_p = images.x[p] - x, images.y[p] - y, images.z[p] - z
                here = dx_p * dx_p + dy_p * dy_p + dz_p * dz_p
                index[np.uint64(found)] = p
                square[np.uint64(found)] = here
                found += here < limit
    return found


@compiled
def count(
    cell: Wrapped,
    surroundings: Images,
    positions: Floats,
    kinds: Integers,
    weights: Floats,
    edges: Floats,
    tie: float,
) -> Floats:
    """Count ordered pairs of atoms by the labels of both and by distance.

    Args:
        cell: One crystal wrapped into its cell.
        surroundings: Half of its images, the cell's own atoms first in ``shifts``.
        positions: The atoms as given, Cartesian, ``(n, 3)``, angstrom.
        kinds: Kind of each atom, ``(n,)``, each a row of ``weights``.
        weights: Share of each label in each kind, ``(n_kinds, n_labels)``.
        edges: Edges of equal bins from zero, ``(n_bins + 1,)``, angstrom; the last one included.
        tie: Added to every distance.

    Returns:
        Sum over pairs of weight times weight, ``(n_labels, n_labels, n_bins)``.
    """
    n_bins, (n_kinds, n_labels) = len(edges) - 1, weights.shape
    size = len(surroundings.x)
    index, square, place = np.empty(size, np.int64), np.empty(size), np.empty(size)
    n = len(positions)
    # whoever is later: of two atoms of the cell itself each pair once, of all others always
    rank, row = np.empty(size, np.int64), np.empty(size, np.int64)
    for p in range(size):
        home = surroundings.shift[p] == 0
        rank[p] = surroundings.atom[p] if home else n
        row[p] = kinds[surroundings.atom[p]] * n_bins
    sums = np.zeros((n_labels, n_labels, n_bins))
    inverse = 1.0 / (edges[1] - edges[0])
    order = np.argsort(kinds)
    shares = np.empty((2, n_labels))
    counts = np.zeros(n_kinds * n_bins, np.int64)
    for m in range(n):
        i = order[m]
        found = near(surroundings, 0, cell.inside[i], edges[-1], index, square)
        for p in range(found):
            place[p] = (math.sqrt(square[p]) + tie) * inverse
        for p in range(found):
            q = np.uint64(index[p])
            if rank[q] <= i:
                continue
            whole = int(place[p])
            within = place[p] - whole
            if within < ROUNDING or within > 1 - ROUNDING:
                j = surroundings.atom[q]
                shares[0], shares[1] = weights[kinds[i]], weights[kinds[j]]
                shift = surroundings.shifts[surroundings.shift[q]]
                _add_exactly(sums, cell, positions, (i, j), shift, shares, edges, tie)
            elif whole < n_bins:
                counts[np.uint64(row[q] + whole)] += 1
        if m + 1 == n or kinds[order[m + 1]] != kinds[i]:
            _add(sums, counts.reshape(n_kinds, n_bins), kinds[i], weights)
            counts[:] = 0
    return sums


@compiled
def _add(sums: Floats, counts: Integers, kind: int, weights: Floats) -> None:
    """Add what surrounds the atoms of one kind, and the same pairs the other way round."""
    n_kinds, n_labels = weights.shape
    for other in range(n_kinds):
        for b in range(n_labels):
            for a in range(n_labels):
                share = weights[kind, a] * weights[other, b]
                if share > 0:
                    for k in range(counts.shape[1]):
                        sums[a, b, k] += share * counts[other, k]
                        sums[b, a, k] += share * counts[other, k]


@compiled
def _add_exactly(
    sums: Floats,
    cell: Wrapped,
    given: Floats,
    pair: tuple[int, int],
    shift: Floats,
    shares: Floats,
    edges: Floats,
    tie: float,
) -> None:
    """Add a pair close to the edge of a bin: each way round with its own last bit."""
    lattice = cell.lattices[0]
    for way in range(2):
        one, other, sign = pair[way], pair[1 - way], 1.0 - 2.0 * way
        u = sign * shift[0] + cell.offset[one, 0]
        v = sign * shift[1] + cell.offset[one, 1]
        w = sign * shift[2] + cell.offset[one, 2]
        square = 0.0
        for k in range(3):
            there = (
                u * lattice[0, k] + v * lattice[1, k] + w * lattice[2, k] + cell.inside[other, k]
            )
            square += (there - given[one, k]) * (there - given[one, k])
        distance = math.sqrt(square) + tie
        # the last bin holds its upper edge
        place = np.searchsorted(edges, distance, side="right") - 1 - int(distance == edges[-1])
        if place < len(edges) - 1:
            for a in range(shares.shape[1]):
                for b in range(shares.shape[1]):
                    sums[a, b, place] += shares[way, a] * shares[1 - way, b]


@compiled
def listed(
    cell: Wrapped, surroundings: Images, cutoff: float
) -> tuple[Integers, Integers, Integers, Floats]:
    """List ordered pairs of atoms at most ``cutoff`` apart, centre by centre.

    Args:
        cell: One crystal wrapped into its cell.
        surroundings: All of its images.
        cutoff: Largest distance, angstrom.

    Returns:
        Centre, neighbour, cells from the neighbour as given to the one met ``(n_pairs, 3)``,
        distance.
    """
    size, n = len(surroundings.x), len(cell.inside)
    index, square = np.empty(size, np.int64), np.empty(size)
    room = size + 64
    centre, neighbour = np.empty(room, np.int64), np.empty(room, np.int64)
    image, distance = np.empty((room, 3), np.int64), np.empty(room)
    offset = cell.offset.astype(np.int64)
    shifts = surroundings.shifts.astype(np.int64)
    total = 0
    for i in range(n):
        found = near(surroundings, 0, cell.inside[i], cutoff, index, square)
        if total + found > room:
            room = 2 * (total + found)
            centre, neighbour = _grown(centre, room), _grown(neighbour, room)
            image, distance = _grown(image, room), _grown(distance, room)
        for p in range(found):
            q = np.uint64(index[p])
            j = surroundings.atom[q]
            shift = surroundings.shift[q]
            if i == j and square[p] <= SAME * SAME:
                continue
            centre[total], neighbour[total] = i, j
            distance[total] = math.sqrt(square[p])
            for k in range(3):
                image[total, k] = shifts[shift, k] + offset[i, k] - offset[j, k]
            total += 1
    return centre[:total], neighbour[:total], image[:total], distance[:total]


@compiled
def _grown(values: Any, room: int) -> Any:
    """Copy an array to a longer one."""
    longer = np.empty((room, *values.shape[1:]), values.dtype)
    longer[: len(values)] = values
    return longer


@compiled
def edge_rows(
    cells: Wrapped,
    surroundings: Images,
    cutoff: float,
    charges: Floats,
    rows: Floats,
    start: Integers,
) -> int:
    """Lay out the pairs of many crystals as rows: see ``crystal_graph``.

    Args:
        cells: Crystals wrapped into their cells.
        surroundings: All of their images.
        cutoff: Largest distance, angstrom.
        charges: Mean Z of each site, ``(n_sites,)``.
        rows: Filled as far as it reaches, ``(room, 8)``.
        start: Filled: where the rows of each site begin, and where the last ones end,
            ``(n_sites + 1,)``.

    Returns:
        How many rows there are.
    """
    index, square = np.empty(surroundings.most, np.int64), np.empty(surroundings.most)
    total = 0
    start[0] = 0
    for c in range(len(cells.lattices)):
        origin = cells.start[c]
        for i in range(origin, cells.start[c + 1]):
            found = near(surroundings, c, cells.inside[i], cutoff, index, square)
            for p in range(found):
                q = np.uint64(index[p])
                j = origin + surroundings.atom[q]
                if i == j and square[p] <= SAME * SAME:
                    continue
                if total < len(rows):
                    row, shift = rows[total], surroundings.shifts[surroundings.shift[q]]
                    row[0], row[1] = i - origin, j - origin
                    for k in range(3):
                        row[2 + k] = shift[k] + cells.offset[i, k] - cells.offset[j, k]
                    row[5] = math.sqrt(square[p])
                    row[6], row[7] = charges[i], charges[j]
                total += 1
            start[i + 1] = total
    return total
