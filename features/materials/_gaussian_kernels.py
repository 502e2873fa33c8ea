"""Sums of many equal Gaussians on a grid, by compiled loops; see ``_gaussians``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from features.crystal import Integers
    from registry.records import Floats


@compiled
def add_moments(
    distance: Floats, weight: Floats, per_bin: float, root: float, moments: Floats
) -> None:
    """Add ``weight t^n`` to the bin of each distance, t its offset from the bin's middle.

    Args:
        distance: Shape ``(n,)``, angstrom; what is beyond the last bin is left out.
        weight: Shape ``(n,)``.
        per_bin: Bins per angstrom; the first is around zero.
        root: Square root of alpha, 1/angstrom: the unit of t.
        moments: Added to, shape ``(n_bins, n_terms)``, a multiple of four terms.
    """
    n_bins, n_terms = moments.shape
    for p in range(len(distance)):
        place = np.rint(distance[p] * per_bin)
        if place < n_bins:
            t = root * (distance[p] - place / per_bin)
            b = np.uint64(place)
            # four powers at once: they do not wait for each other
            w0 = weight[p]
            w1, w2, w3 = w0 * t, w0 * (t * t), w0 * (t * t * t)
            t4 = (t * t) * (t * t)
            for n in range(np.uint64(0), np.uint64(n_terms), np.uint64(4)):
                moments[b, n] += w0
                moments[b, n + np.uint64(1)] += w1
                moments[b, n + np.uint64(2)] += w2
                moments[b, n + np.uint64(3)] += w3
                w0, w1, w2, w3 = w0 * t4, w1 * t4, w2 * t4, w3 * t4


@compiled
def on_grid(moments: Floats, bands: Floats, grid: Floats) -> None:
    """Add what the bins hold to the grid points around them.

    Args:
        moments: Shape ``(n_bins, n_terms)``; n_phases bins for each step of the grid.
        bands: Contribution of a bin of each phase to the points around it, shape
            ``(n_phases, n_terms, n_around)``, the middle one at the same step as the bin.
        grid: Added to, shape ``(n_points,)``; begins one step from zero.
    """
    n_phases, n_terms, n_around = bands.shape
    n_points, middle = len(grid), n_around // 2
    for b in range(len(moments)):
        if not moments[b].any():
            continue
        first = b // n_phases - 1 - middle
        low, high = max(-first, 0), min(n_points - first, n_around)
        if low >= high:
            continue
        target = grid[first + low : first + high]
        phase = b % n_phases
        for n in range(0, n_terms, 4):
            m0, m1, m2, m3 = moments[b, n], moments[b, n + 1], moments[b, n + 2], moments[b, n + 3]
            h0, h1 = bands[phase, n, low:high], bands[phase, n + 1, low:high]
            h2, h3 = bands[phase, n + 2, low:high], bands[phase, n + 3, low:high]
            for k in range(len(target)):
                target[k] += m0 * h0[k] + m1 * h1[k] + m2 * h2[k] + m3 * h3[k]


@compiled
def rows_on_grid(
    distance: Floats,
    weight: Floats,
    start: Integers,
    scale: tuple[float, float],
    bands: Floats,
    moments: Floats,
    rows: Floats,
) -> None:
    """Add each stretch of distances to a row of its own.

    Args:
        distance: Shape ``(n,)``, angstrom.
        weight: Shape ``(n,)``.
        start: Where each stretch begins, shape ``(n_rows + 1,)``.
        scale: Bins per angstrom; square root of alpha.
        bands: As of :func:`on_grid`.
        moments: Room to work in, shape ``(n_bins, n_terms)``.
        rows: Added to, shape ``(n_rows, n_points)``.
    """
    for i in range(len(rows)):
        here = slice(start[i], start[i + 1])
        moments[:] = 0.0
        add_moments(distance[here], weight[here], scale[0], scale[1], moments)
        on_grid(moments, bands, rows[i])


@compiled
def clusters_on_grid(
    displacement: Floats,
    charge: Floats,
    middle: Floats,
    start: Integers,
    scale: tuple[float, float],
    bands: Floats,
    moments: Floats,
    rows: Floats,
) -> None:
    """Add all pairs of each cluster, its middle included, to a row of its own.

    Args:
        displacement: From the middle to each other member, shape ``(n, 3)``, angstrom.
        charge: Of each member, shape ``(n,)``.
        middle: Charge of the middles, shape ``(n_clusters,)``.
        start: Where each cluster begins, shape ``(n_clusters + 1,)``.
        scale: Bins per angstrom; square root of alpha.
        bands: As of :func:`on_grid`.
        moments: Room to work in, shape ``(n_bins, n_terms)``.
        rows: Added to, shape ``(n_clusters, n_points)``.
    """
    longest = 1
    for i in range(len(rows)):
        longest = max(longest, start[i + 1] - start[i] + 1)
    distance, weight = np.empty(longest), np.empty(longest)
    for i in range(len(rows)):
        moments[:] = 0.0
        for p in range(start[i], start[i + 1]):
            x, y, z = displacement[p, 0], displacement[p, 1], displacement[p, 2]
            distance[0] = np.sqrt(x * x + y * y + z * z)
            weight[0] = middle[i] * charge[p]
            m = 1
            for q in range(start[i], p):
                dx, dy, dz = displacement[q, 0] - x, displacement[q, 1] - y, displacement[q, 2] - z
                distance[m] = np.sqrt(dx * dx + dy * dy + dz * dz)
                weight[m] = charge[p] * charge[q]
                m += 1
            add_moments(distance[:m], weight[:m], scale[0], scale[1], moments)
        on_grid(moments, bands, rows[i])
