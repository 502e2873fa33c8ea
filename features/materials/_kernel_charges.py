"""Kernels of the Coulomb and the sine matrix over many cells laid end to end.

Both write the matrices into one flat array, that of cell c (n by n) from ``offset[c]`` on, and
return the closest approach of two atoms in each cell.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.materials._cells import Integers
from features.materials._compiled import compiled
from registry.records import Floats

Flags = npt.NDArray[np.bool_]
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
    most = 0
    for c in range(len(lattices)):
        most = max(most, start[c + 1] - start[c])
    apart, far = np.empty((4, most * (most - 1) // 2)), np.empty(most * (most - 1) // 2, np.bool_)
    for c in range(len(lattices)):
        n = start[c + 1] - start[c]
        for v in range(7):
            squares[v] = voronoi[c, v, 0] ** 2 + voronoi[c, v, 1] ** 2 + voronoi[c, v, 2] ** 2
        _separate(lattices[c], positions[start[c] : start[c + 1]], apart)
        _mark_far(voronoi[c], squares, n * (n - 1) // 2, apart, far)
        least = np.inf
        for pair in range(n * (n - 1) // 2):
            if far[pair]:
                _bring_near(voronoi[c], squares, apart, pair)
            least = min(least, apart[3, pair])
        closest[c] = np.sqrt(least)
        _write_matrix(
            numbers[start[c] : start[c + 1]], apart[3], matrices[offset[c] : offset[c + 1]]
        )
    return closest


@compiled
def _separate(lattice: Floats, positions: Floats, apart: Floats) -> None:
    """Write the vectors between all pairs (i, j < i), and their squares, ``(4, pairs)``.

    They are reduced along the cell vectors; one pair follows the other, for long plain loops.
    """
    x, y, z, square = apart
    pair = 0
    for i in range(len(positions)):
        for j in range(i):
            x[pair + j] = positions[i, 0] - positions[j, 0]
            y[pair + j] = positions[i, 1] - positions[j, 1]
            z[pair + j] = positions[i, 2] - positions[j, 2]
        pair += i
    for p in range(pair):
        f, g, h = x[p] - np.rint(x[p]), y[p] - np.rint(y[p]), z[p] - np.rint(z[p])
        x[p] = f * lattice[0, 0] + g * lattice[1, 0] + h * lattice[2, 0]
        y[p] = f * lattice[0, 1] + g * lattice[1, 1] + h * lattice[2, 1]
        z[p] = f * lattice[0, 2] + g * lattice[1, 2] + h * lattice[2, 2]
        square[p] = x[p] * x[p] + y[p] * y[p] + z[p] * z[p]


@compiled
def _mark_far(voronoi: Floats, squares: Floats, pairs: int, apart: Floats, far: Flags) -> None:
    """Mark the vectors that lie beyond a half-way plane."""
    x, y, z, square = apart
    # the Voronoi cell holds a sphere
    inside = 0.25 * squares.min()
    for p in range(pairs):
        beyond = False
        for v in range(7):
            dot = x[p] * voronoi[v, 0] + y[p] * voronoi[v, 1] + z[p] * voronoi[v, 2]
            beyond |= abs(dot) > BEYOND * squares[v]
        far[p] = beyond & (square[p] > inside)


@compiled
def _bring_near(voronoi: Floats, squares: Floats, apart: Floats, pair: int) -> None:
    """Put the vector to the nearest image in place of one."""
    x, y, z = apart[0, pair], apart[1, pair], apart[2, pair]
    moved = True
    while moved:
        moved = False
        for v in range(7):
            dot = x * voronoi[v, 0] + y * voronoi[v, 1] + z * voronoi[v, 2]
            if abs(dot) > BEYOND * squares[v]:
                times = np.rint(dot / squares[v])
                x -= times * voronoi[v, 0]
                y -= times * voronoi[v, 1]
                z -= times * voronoi[v, 2]
                moved = True
    apart[3, pair] = x * x + y * y + z * z


@compiled
def _write_matrix(numbers: Integers, square: Floats, matrix: Floats) -> None:
    """Write a Coulomb matrix of squared distances (i, j < i), row by row."""
    n = len(numbers)
    pair = 0
    for i in range(n):
        matrix[i * n + i] = 0.5 * numbers[i] ** 2.4
        for j in range(i):
            matrix[i * n + j] = numbers[i] * numbers[j] / np.sqrt(square[pair + j])
        pair += i
    for i in range(n):
        for j in range(i):
            matrix[j * n + i] = matrix[i * n + j]


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
