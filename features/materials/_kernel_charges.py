"""Kernels of the Coulomb and the sine matrix over many cells laid end to end.

Both write the matrices into one flat array, that of cell c (n by n) from ``offset[c]`` on, and
return the closest approach of two atoms in each cell.
"""

from __future__ import annotations

import numpy as np

from features.materials._cells import Integers
from features.materials._compiled import compiled
from registry.records import Floats

BEYOND = 0.5 + 1e-12
"""Past the half-way plane, and not just by rounding."""
NEAR = 0.1
"""Only atoms with less as the sum of their squared sines can be on top of each other."""


@compiled
def coulomb_matrices(
    lattices: Floats,
    voronoi: Floats,
    start: Integers,
    positions: Floats,
    numbers: Integers,
    offset: Integers,
    matrices: Floats,
) -> Floats:
    """Write Coulomb matrices over nearest images; ``voronoi`` has shape ``(cells, 7, 3)``."""
    closest = np.full(len(lattices), np.inf)
    squares = np.empty(7)
    for c in range(len(lattices)):
        n = start[c + 1] - start[c]
        for v in range(7):
            squares[v] = voronoi[c, v, 0] ** 2 + voronoi[c, v, 1] ** 2 + voronoi[c, v, 2] ** 2
        inside = 0.25 * squares.min()
        for i in range(n):
            at = start[c] + i
            matrices[offset[c] + i * n + i] = 0.5 * numbers[at] ** 2.4
            for j in range(i):
                other = start[c] + j
                x, y, z = 0.0, 0.0, 0.0
                for k in range(3):
                    f = positions[at, k] - positions[other, k]
                    f -= np.rint(f)
                    x += f * lattices[c, k, 0]
                    y += f * lattices[c, k, 1]
                    z += f * lattices[c, k, 2]
                # within the sphere that the Voronoi cell holds there is nothing to do
                moved = x * x + y * y + z * z > inside
                while moved:
                    moved = False
                    for v in range(7):
                        dot = x * voronoi[c, v, 0] + y * voronoi[c, v, 1] + z * voronoi[c, v, 2]
                        if abs(dot) > BEYOND * squares[v]:
                            times = np.rint(dot / squares[v])
                            x -= times * voronoi[c, v, 0]
                            y -= times * voronoi[c, v, 1]
                            z -= times * voronoi[c, v, 2]
                            moved = True
                distance = np.sqrt(x * x + y * y + z * z)
                closest[c] = min(closest[c], distance)
                value = numbers[at] * numbers[other] / distance
                matrices[offset[c] + i * n + j] = value
                matrices[offset[c] + j * n + i] = value
    return closest


@compiled
def sine_matrices(
    bases: Floats,
    start: Integers,
    positions: Floats,
    numbers: Integers,
    offset: Integers,
    matrices: Floats,
) -> Floats:
    """Write sine matrices; positions are fractional in the bases, ``(cells, 3, 3)``."""
    closest = np.full(len(bases), np.inf)
    for c in range(len(bases)):
        n = start[c + 1] - start[c]
        for i in range(n):
            at = start[c] + i
            matrices[offset[c] + i * n + i] = 0.5 * numbers[at] ** 2.4
            for j in range(i):
                other = start[c] + j
                square = 0.0
                f0 = positions[at, 0] - positions[other, 0]
                f1 = positions[at, 1] - positions[other, 1]
                f2 = positions[at, 2] - positions[other, 2]
                s0, s1, s2 = np.sin(np.pi * f0), np.sin(np.pi * f1), np.sin(np.pi * f2)
                s0, s1, s2 = s0 * s0, s1 * s1, s2 * s2
                for k in range(3):
                    square += (s0 * bases[c, 0, k] + s1 * bases[c, 1, k] + s2 * bases[c, 2, k]) ** 2
                if s0 + s1 + s2 < NEAR:
                    f0, f1, f2 = f0 - np.rint(f0), f1 - np.rint(f1), f2 - np.rint(f2)
                    direct = 0.0
                    for k in range(3):
                        x = f0 * bases[c, 0, k] + f1 * bases[c, 1, k] + f2 * bases[c, 2, k]
                        direct += x * x
                    closest[c] = min(closest[c], np.sqrt(direct))
                value = numbers[at] * numbers[other] / np.sqrt(square)
                matrices[offset[c] + i * n + j] = value
                matrices[offset[c] + j * n + i] = value
    return closest
