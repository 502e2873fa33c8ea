"""Kernel of ``_lattice``: obtuse superbases by Selling's algorithm."""

from __future__ import annotations

import numpy as np

from features.materials._compiled import compiled
from registry.records import Floats

RIGHT = 1e-10
"""Cosines below count as zero: rounding must not keep the algorithm turning."""


@compiled
def fill_voronoi(lattices: Floats, vectors: Floats) -> None:
    """Write the seven Voronoi vectors of each lattice, shape ``(cells, 7, 3)``."""
    for c in range(len(lattices)):
        for k in range(3):
            total = 0.0
            for n in range(3):
                vectors[c, n, k] = lattices[c, n, k]
                total += lattices[c, n, k]
            vectors[c, 3, k] = -total
        while _turn(vectors[c]):
            pass
        for n in range(3):
            for k in range(3):
                vectors[c, 4 + n, k] = vectors[c, n, k] + vectors[c, 3, k]


@compiled
def _turn(base: Floats) -> bool:
    """One step of Selling: of the two vectors at the sharpest angle turn one round."""
    one, other, sharpest = 0, 0, RIGHT
    for i in range(4):
        for j in range(i):
            dot, square_i, square_j = 0.0, 0.0, 0.0
            for k in range(3):
                dot += base[i, k] * base[j, k]
                square_i += base[i, k] ** 2
                square_j += base[j, k] ** 2
            cosine = dot / np.sqrt(square_i * square_j)
            if cosine > sharpest:
                one, other, sharpest = i, j, cosine
    if one == other:
        return False
    for k in range(3):
        for n in range(4):
            if n not in (one, other):
                base[n, k] += base[one, k]
        base[one, k] = -base[one, k]
    return True
