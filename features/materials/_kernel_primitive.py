"""Kernels of ``_primitive``: pure translations of many cells, and the cells they leave."""

from __future__ import annotations

import numpy as np

from features.materials._cells import Integers
from features.materials._compiled import compiled
from registry.records import Floats

ELEMENTS = 128
"""Atomic numbers are below."""
NO_GROUP = -1
"""In place of a number of atoms: the translations found do not fit together."""


@compiled
def reduce_cells(
    lattices: Floats,
    limits: Floats,
    start: Integers,
    positions: Floats,
    numbers: Integers,
    symprec: float,
    bases: Integers,
    kept: Integers,
) -> tuple[Integers, Integers]:
    """Find the smallest cell that repeats to the same crystal, for each of many.

    The last two arguments are filled: new cell vectors in units of the old ones over the number
    of translations, and which of all atoms are kept, at the front of the stretch of their cell.
    ``limits`` says how much each fractional coordinate may differ at most where a distance is
    below ``symprec``.

    Returns:
        Atoms of each reduced cell, or ``NO_GROUP``; number of translations of each.
    """
    sizes = np.empty(len(lattices), dtype=np.int64)
    orders = np.empty(len(lattices), dtype=np.int64)
    for c in range(len(lattices)):
        first, last = start[c], start[c + 1]
        moves, image, order = _translations(
            lattices[c], limits[c], positions[first:last], numbers[first:last], symprec
        )
        _basis(moves, order, bases[c])
        n = 0
        for atom in range(last - first):
            # of each set of equivalent atoms the first one stays
            if image[atom] == atom:
                kept[first + n] = first + atom
                n += 1
        volume = bases[c, 0, 0] * bases[c, 1, 1] * bases[c, 2, 2]
        fits = n * order == last - first and volume == order * order
        sizes[c] = n if fits else NO_GROUP
        orders[c] = order
    return sizes, orders


@compiled
def _translations(
    lattice: Floats, limits: Floats, positions: Floats, numbers: Integers, symprec: float
) -> tuple[Floats, Integers, int]:
    """Translations that map the crystal onto itself, fractional, one a row, the rest zero.

    Also the first of the images of every atom, and how many translations there are.
    """
    n = len(numbers)
    members, first = _by_kind(numbers)
    rarest, divisor = -1, 0
    for z in range(ELEMENTS):
        count = first[z + 1] - first[z]
        divisor = _gcd(divisor, count)
        if count > 0 and (rarest < 0 or count < first[rarest + 1] - first[rarest]):
            rarest = z
    image = np.arange(n)
    moves = np.zeros((max(divisor, 1), 3))
    order = 1
    if divisor < 2:
        return moves, image, order
    at = np.empty((n, 3))
    for m in range(n):
        for k in range(3):
            at[m, k] = positions[members[m], k]
    # which atom each lands on, and by which move each was last landed on
    landing = np.zeros((2, n), dtype=np.int64)
    move = np.empty(3)
    origin = first[rarest]
    for candidate in range(origin + 1, first[rarest + 1]):
        if order == divisor:
            break
        for k in range(3):
            move[k] = at[candidate, k] - at[origin, k]
        if not _divides(move, divisor, limits):
            continue
        if _maps(move, lattice, limits, at, first, symprec, landing, candidate):
            for k in range(3):
                moves[order, k] = move[k]
            order += 1
            for m in range(n):
                image[members[m]] = min(image[members[m]], members[landing[0, m]])
    return moves, image, order


@compiled
def _by_kind(numbers: Integers) -> tuple[Integers, Integers]:
    """Atoms sorted by element, and where each element begins, shape ``(ELEMENTS + 1,)``."""
    first = np.zeros(ELEMENTS + 1, dtype=np.int64)
    for z in numbers:
        first[z + 1] += 1
    free = np.empty(ELEMENTS, dtype=np.int64)
    for z in range(ELEMENTS):
        free[z] = first[z]
        first[z + 1] += first[z]
    members = np.empty(len(numbers), dtype=np.int64)
    for atom in range(len(numbers)):
        z = numbers[atom]
        members[free[z]] = atom
        free[z] += 1
    return members, first


@compiled
def _divides(move: Floats, divisor: int, limits: Floats) -> bool:
    """Whether the move, so many times, leads to a lattice point, and once does not."""
    trivial = True
    for k in range(3):
        whole = move[k] * divisor
        if abs(whole - np.rint(whole)) > 2 * divisor * limits[k]:
            return False
        trivial = trivial and abs(move[k] - np.rint(move[k])) <= limits[k]
    return not trivial


@compiled
def _maps(
    move: Floats,
    lattice: Floats,
    limits: Floats,
    at: Floats,
    first: Integers,
    symprec: float,
    landing: Integers,
    mark: int,
) -> bool:
    """Whether every atom lands on one of its kind, each on another; atoms are sorted by kind."""
    for kind in range(ELEMENTS):
        low, high = first[kind], first[kind + 1]
        guess = low
        for atom in range(low, high):
            x0, y0, z0 = at[atom, 0] + move[0], at[atom, 1] + move[1], at[atom, 2] + move[2]
            landed = -1
            for step in range(high - low):
                # symmetry writes atoms in like order: begin behind the last one found
                other = guess + step if guess + step < high else guess + step - high + low
                x = x0 - at[other, 0]
                x -= np.rint(x)
                if abs(x) > limits[0]:
                    continue
                y = y0 - at[other, 1]
                y -= np.rint(y)
                if abs(y) > limits[1]:
                    continue
                z = z0 - at[other, 2]
                z -= np.rint(z)
                square = 0.0
                for k in range(3):
                    square += (x * lattice[0, k] + y * lattice[1, k] + z * lattice[2, k]) ** 2
                if square < symprec * symprec:
                    landed = other
                    break
            if landed < 0 or landing[1, landed] == mark:
                return False
            landing[1, landed] = mark
            landing[0, atom] = landed
            guess = landed + 1 if landed + 1 < high else low
    return True


@compiled
def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


@compiled
def _basis(moves: Floats, order: int, basis: Integers) -> None:
    """Upper triangular basis, times ``order``, of the lattice that the moves add to the cell's.

    A group of that order has only multiples of 1/order: rounding removes the noise.
    """
    row = np.empty(3, dtype=np.int64)
    for k in range(3):
        for column in range(3):
            basis[k, column] = order if k == column else 0
    for n in range(1, order):
        for k in range(3):
            row[k] = round(moves[n, k] * order)
        for k in range(3):
            # Euclid's algorithm on two rows: the second ends with a zero in column k
            while row[k] != 0:
                times = basis[k, k] // row[k]
                for column in range(3):
                    rest = basis[k, column] - times * row[column]
                    basis[k, column] = row[column]
                    row[column] = rest
            if basis[k, k] < 0:
                for column in range(3):
                    basis[k, column] = -basis[k, column]
