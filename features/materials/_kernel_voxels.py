"""Kernel of ``density_voxels``: Gaussians on a periodic grid."""

from __future__ import annotations

import numpy as np

from features.materials._compiled import compiled
from registry.records import Floats

TAIL = 18.0
"""A Gaussian is followed until it falls to exp(-TAIL) of its largest value on the grid."""


@compiled
def add_gaussians(
    basis: Floats, heights: Floats, positions: Floats, weights: Floats, sigma: float, grid: Floats
) -> None:
    """Add to each channel a Gaussian per atom whose values on the grid sum to its weight.

    Args:
        basis: Cell vectors, shape ``(3, 3)``, angstrom.
        heights: Of the cell along each vector, shape ``(3,)``, angstrom.
        positions: Fractional, shape ``(n, 3)``.
        weights: Shape ``(n, channels)``.
        sigma: Standard deviation, angstrom.
        grid: Shape ``(channels, m, m, m)``; its first point is the origin.
    """
    m = grid.shape[1]
    drop = np.empty((m, m, m))
    low = np.empty(3, dtype=np.int64)
    high = np.empty(3, dtype=np.int64)
    for atom in range(len(positions)):
        for k in range(3):
            reach = int(np.ceil(np.sqrt(2 * TAIL) * sigma / heights[k] * m)) + 1
            middle = int(np.rint(positions[atom, k] * m))
            low[k], high[k] = middle - reach, middle + reach + 1
        nearest = np.inf
        for i in range(low[0], high[0]):
            for j in range(low[1], high[1]):
                for k in range(low[2], high[2]):
                    nearest = min(nearest, _square(basis, positions, atom, i / m, j / m, k / m))
        drop[:, :, :] = 0.0
        for i in range(low[0], high[0]):
            for j in range(low[1], high[1]):
                for k in range(low[2], high[2]):
                    # relative to the nearest point, or a sharp one vanishes between points
                    away = _square(basis, positions, atom, i / m, j / m, k / m) - nearest
                    if away < 2 * TAIL * sigma * sigma:
                        drop[i % m, j % m, k % m] += np.exp(-away / (2 * sigma * sigma))
        drop /= drop.sum()
        for channel in range(weights.shape[1]):
            grid[channel] += weights[atom, channel] * drop


@compiled
def _square(basis: Floats, at: Floats, atom: int, x: float, y: float, z: float) -> float:
    """Square of the distance between an atom and a fractional position."""
    square = 0.0
    for k in range(3):
        along = (x - at[atom, 0]) * basis[0, k]
        along += (y - at[atom, 1]) * basis[1, k] + (z - at[atom, 2]) * basis[2, k]
        square += along * along
    return square
