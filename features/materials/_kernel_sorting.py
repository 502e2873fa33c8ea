"""Kernel of ``_matrix``: rows in an order that hardly ever depends on the order of the atoms."""

from __future__ import annotations

import numpy as np

from features.materials._cells import Integers
from features.materials._compiled import compiled
from registry.records import Floats

TIE = 1e-8
"""Norms and entries that differ by less, relative to the norm, are the same."""


@compiled
def fill_sorted(
    matrices: Floats, offset: Integers, sizes: Integers, n_atoms_max: int, vectors: Floats
) -> None:
    """Write the upper triangle of each sorted matrix, padded to ``n_atoms_max`` rows, to its row.

    Args:
        matrices: Row by row and end to end; matrix m from ``offset[m]`` on.
        offset: Shape ``(matrices + 1,)``.
        sizes: Rows of each; a matrix of none is left out.
        n_atoms_max: At least the largest size.
        vectors: Zeros, shape ``(matrices, n_atoms_max * (n_atoms_max + 1) / 2)``.
    """
    for m in range(len(sizes)):
        n = sizes[m]
        matrix = matrices[offset[m] : offset[m] + n * n].reshape(n, n)
        order = _order(matrix)
        begin = 0
        for i in range(n):
            for j in range(i, n):
                vectors[m, begin + j - i] = matrix[order[i], order[j]]
            begin += n_atoms_max - i


@compiled
def _order(matrix: Floats) -> Integers:
    """Rows by norm, largest first; equal ones by their entries against rows placed before."""
    n = len(matrix)
    order = np.arange(n)
    norms = np.empty(n)
    for i in range(n):
        square = 0.0
        for j in range(n):
            square += matrix[i, j] ** 2
        norms[i] = np.sqrt(square)
    for place in range(n):
        best = place
        for rival in range(place + 1, n):
            if _before(matrix, norms, order, place, rival, best):
                best = rival
        order[place], order[best] = order[best], order[place]
    return order


@compiled
def _before(
    matrix: Floats, norms: Floats, order: Integers, place: int, rival: int, best: int
) -> bool:
    """Whether the rival goes to this place rather than the best one so far."""
    row, other = order[rival], order[best]
    tie = TIE * norms[other]
    if abs(norms[row] - norms[other]) > tie:
        return bool(norms[row] > norms[other])
    for placed in range(place):
        gain = matrix[row, order[placed]] - matrix[other, order[placed]]
        if abs(gain) > tie:
            return bool(gain > 0)
    return False
