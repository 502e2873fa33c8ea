"""Kernel of the Ewald matrix over many cells laid end to end.

Lattice points within a sphere are run through coordinate by coordinate: with cell vectors that are
the rows of a lower triangular matrix, the last coordinate of a point depends on one index only,
the one before on two. The triangular matrix of the reciprocal lattice is the inverse transpose.
"""

from __future__ import annotations

import math

import numpy as np

from features.materials._cells import Integers
from features.materials._compiled import compiled
from registry.records import Floats

BLOCK = 64
"""Reciprocal lattice points whose terms are added in one product of matrices."""


@compiled
def ewald_matrices(
    triangles: Floats,
    start: Integers,
    positions: Floats,
    charges: Floats,
    alphas: Floats,
    reach: float,
    offset: Integers,
    matrices: Floats,
) -> Floats:
    """Write Ewald matrices; returns the closest approach of two atoms in each cell.

    Args:
        triangles: Cell vectors as lower triangular matrices, shape ``(cells, 3, 3)``, angstrom.
        start: First atom of each cell, shape ``(cells + 1,)``.
        positions: Fractional, shape ``(atoms, 3)``.
        charges: Shape ``(atoms,)``.
        alphas: Splitting parameters, shape ``(cells,)``, 1/angstrom.
        reach: Both sums end where their terms are ``exp(-reach^2)``.
        offset: Where each matrix begins, shape ``(cells + 1,)``.
        matrices: Filled, row by row.
    """
    closest = np.full(len(triangles), np.inf)
    for c in range(len(triangles)):
        n = start[c + 1] - start[c]
        matrix = matrices[offset[c] : offset[c + 1]].reshape(n, n)
        at = positions[start[c] : start[c + 1]]
        volume = triangles[c, 0, 0] * triangles[c, 1, 1] * triangles[c, 2, 2]
        alpha = alphas[c]
        _reciprocal(triangles[c], volume, at, alpha, reach, matrix)
        closest[c] = _add_real(triangles[c], at, alpha, reach / alpha, matrix)
        # of every charge its own Gaussian is taken back, and the background added
        background = math.pi / (volume * alpha * alpha)
        for i in range(n):
            q = charges[start[c] + i]
            for j in range(i + 1):
                value = q * charges[start[c] + j] * (matrix[i, j] - background)
                matrix[i, j] = value
                matrix[j, i] = value
            matrix[i, i] = 0.5 * matrix[i, i] - q * q * alpha / math.sqrt(math.pi)
    return closest


@compiled
def _add_real(triangle: Floats, at: Floats, alpha: float, cutoff: float, matrix: Floats) -> float:
    """Add sum erfc(alpha r) / r over images to the lower triangle; returns the shortest r."""
    a = triangle
    closest = np.inf
    for i in range(len(at)):
        for j in range(i + 1):
            f0, f1, f2 = at[i, 0] - at[j, 0], at[i, 1] - at[j, 1], at[i, 2] - at[j, 2]
            total = 0.0
            low, high = _between(f2, cutoff / a[2, 2])
            for n2 in range(low, high + 1):
                g2 = f2 + n2
                z = g2 * a[2, 2]
                left = cutoff * cutoff - z * z
                shift = g2 * a[2, 1] / a[1, 1]
                low, high = _between(f1 + shift, math.sqrt(max(left, 0.0)) / a[1, 1])
                for n1 in range(low, high + 1):
                    g1 = f1 + n1
                    y = g1 * a[1, 1] + g2 * a[2, 1]
                    rest = left - y * y
                    shift = (g1 * a[1, 0] + g2 * a[2, 0]) / a[0, 0]
                    low, high = _between(f0 + shift, math.sqrt(max(rest, 0.0)) / a[0, 0])
                    for n0 in range(low, high + 1):
                        if i == j and n0 == 0 and n1 == 0 and n2 == 0:
                            continue
                        x = (f0 + n0 + shift) * a[0, 0]
                        r = math.sqrt(x * x + y * y + z * z)
                        closest = min(closest, r)
                        total += math.erfc(alpha * r) / r
            matrix[i, j] += total
    return closest


@compiled
def _between(middle: float, half: float) -> tuple[int, int]:
    """Whole numbers n with abs(middle + n) <= half."""
    return math.ceil(-half - middle), math.floor(half - middle)


@compiled
def _reciprocal(
    triangle: Floats, volume: float, at: Floats, alpha: float, reach: float, matrix: Floats
) -> None:
    """Write (4 pi / V) sum over G of exp(-(G / 2 alpha)^2) cos(G r_ij) / G^2."""
    n = len(at)
    cutoff = 2 * alpha * reach
    matrix[:, :] = 0.0
    # rows of the inverse transpose, upper triangular, times 2 pi
    b = _inverse_transpose(triangle)
    block = np.empty((2 * BLOCK, n))
    filled = 0
    # one of G and -G
    for h0 in range(_between(0.0, cutoff / b[0, 0])[1] + 1):
        x = h0 * b[0, 0]
        left = cutoff * cutoff - x * x
        shift = h0 * b[0, 1] / b[1, 1]
        low, high = _between(shift, math.sqrt(max(left, 0.0)) / b[1, 1])
        for h1 in range(max(low, 0) if h0 == 0 else low, high + 1):
            y = (h1 + shift) * b[1, 1]
            rest = left - y * y
            turn = (h0 * b[0, 2] + h1 * b[1, 2]) / b[2, 2]
            low, high = _between(turn, math.sqrt(max(rest, 0.0)) / b[2, 2])
            for h2 in range(max(low, 1) if h0 == 0 and h1 == 0 else low, high + 1):
                z = (h2 + turn) * b[2, 2]
                square = x * x + y * y + z * z
                weight = math.exp(-square / (4 * alpha * alpha)) / square
                factor = math.sqrt(8 * math.pi / volume * weight)
                for i in range(n):
                    phase = 2 * math.pi * (h0 * at[i, 0] + h1 * at[i, 1] + h2 * at[i, 2])
                    block[2 * filled, i] = factor * math.cos(phase)
                    block[2 * filled + 1, i] = factor * math.sin(phase)
                filled += 1
                if filled == BLOCK:
                    _add_product(block, 2 * filled, matrix)
                    filled = 0
    _add_product(block, 2 * filled, matrix)


@compiled
def _add_product(block: Floats, rows: int, matrix: Floats) -> None:
    """Add block^T block of the first rows."""
    n = matrix.shape[0]
    for row in range(rows):
        terms = block[row]
        for i in range(n):
            factor, sums = terms[i], matrix[i]
            for j in range(n):
                sums[j] += factor * terms[j]


@compiled
def _inverse_transpose(a: Floats) -> Floats:
    """2 pi times the inverse transpose of a lower triangular matrix."""
    b = np.zeros((3, 3))
    for k in range(3):
        b[k, k] = 2 * math.pi / a[k, k]
    b[0, 1] = -a[1, 0] * b[1, 1] / a[0, 0]
    b[1, 2] = -a[2, 1] * b[2, 2] / a[1, 1]
    b[0, 2] = -(a[1, 0] * b[1, 2] + a[2, 0] * b[2, 2]) / a[0, 0]
    return b
