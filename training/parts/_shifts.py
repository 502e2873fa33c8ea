r"""Constituents that are the same pattern, shifted: what solid solution does to a factorisation.

A lattice that grows by the strain e moves every line by the same step in the logarithm of Q,
:math:`\ln Q \to \ln Q - \ln(1 + e)`, so two patterns are compared by their cross-correlation on an
even grid of ln Q, as far as a strain can shift them. Stanev et al., npj Comput. Mater. 4, 43
(2018), doi:10.1038/s41524-018-0099-2, find shifted copies by cross-correlation likewise; here the
limits are a strain and a cosine, and copies of copies are copies.
"""

from __future__ import annotations

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.models import Labels

FINER = 2
"""Points of the logarithmic grid for each point of the given one."""


def correlations(parts: Floats, x: Floats, strain: float) -> tuple[Floats, Floats]:
    """Largest cosine of every pair of patterns over all strains within a limit, and that strain.

    Args:
        parts: Non-negative patterns, shape ``(k, points)``.
        x: Their axis, which a strain multiplies (Q, r), ascending, shape ``(points,)``.
        strain: Largest strain.

    Returns:
        Cosines ``(k, k)`` and strains ``(k, k)``: by how much the lines of the row are at larger
        spacings (smaller x) than those of the column.

    Raises:
        BadInput: For an axis that is not above zero.
    """
    if not (x > 0).all():
        raise BadInput("axis of the patterns", "values above 0, which a strain scales", f"{x[0]:g}")
    grid = np.linspace(np.log(x[0]), np.log(x[-1]), FINER * len(x))
    curves = np.stack([np.interp(grid, np.log(x), part) for part in parts])
    lengths = np.linalg.norm(curves, axis=1, keepdims=True)
    curves = np.divide(curves, lengths, out=np.zeros_like(curves), where=lengths > 0)
    step = grid[1] - grid[0]
    most = int(np.log1p(strain) / step)
    best = np.full((len(parts), len(parts)), -1.0)
    shift = np.zeros_like(best)
    for lag in range(most + 1):
        # lines of the row stand `lag` points before those of the column
        alike = curves[:, : len(grid) - lag] @ curves[:, lag:].T
        for found, sign in ((alike, 1), (alike.T, -1)):
            better = found > best
            best[better] = found[better]
            shift[better] = sign * np.expm1(lag * step)
    return best, shift


def copies(parts: Floats, x: Floats, strain: float, alike: float) -> Labels:
    """Which patterns are one, shifted: number of its group for each, shape ``(k,)``.

    Args:
        parts: Patterns, shape ``(k, points)``.
        x: Their axis, shape ``(points,)``.
        strain: Largest strain between two copies.
        alike: Least cosine of two copies.
    """
    from scipy.sparse.csgraph import connected_components

    best, _ = correlations(parts, x, strain)
    _, group = connected_components(best >= alike, directed=False)
    return np.asarray(group, dtype=np.int64)
