r"""Sums of weighted Gaussians of one width on a uniform grid of distances.

A fast Gauss transform (Greengard and Strain, SIAM J. Sci. Stat. Comput. 12, 79 (1991)). Distances
go to bins; with t the offset from the bin's middle and y the way from there to R, both in units of
1/sqrt(alpha),

    exp(-(y - t)^2) = sum_n t^n / n! h_n(y),   h_0 = exp(-y^2),  h_n+1 = 2 y h_n - 2 n h_n-1,

so that a bin is known by a few sums over its t^n, and no exponential is taken per distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.crystal import Integers
from features.materials._grid import positive, steps
from registry.records import Floats

TAIL = 28.0
"""A Gaussian is followed until it falls to exp(-TAIL), 7e-13 of its peak."""
BIN = 0.35
TERMS = 12
"""Width of a bin in units of 1/sqrt(alpha), and terms of the series. Offsets reach half a bin: the
first term left out is at most (BIN / sqrt(2))^TERMS / sqrt(TERMS!), 2e-12; a multiple of four."""


@dataclass(frozen=True)
class Grid:
    """A grid of distances dr, 2 dr, ... and how a Gaussian looks on it.

    Attributes:
        points: Number of points.
        reach: How far a Gaussian is followed, angstrom.
        root: Square root of alpha, 1/angstrom.
        per_bin: Bins per angstrom.
        bins: Bins from zero to ``reach`` beyond the last point.
        bands: What a bin gives to the points around it, shape ``(phases, TERMS, points around)``.
    """

    points: int
    reach: float
    root: float
    per_bin: float
    bins: int
    bands: Floats

    def rows(self, distance: Floats, weight: Floats, start: Integers) -> Floats:
        """Sum each stretch ``start[i]:start[i + 1]`` of distances, shape ``(n_rows, points)``."""
        from features.materials._gaussian_kernels import rows_on_grid

        rows = np.zeros((len(start) - 1, self.points))
        lists = (_plain(distance), _plain(weight), np.require(start, np.int64, ("C", "W")))
        rows_on_grid(*lists, (self.per_bin, self.root), self.bands, self._room(), rows)
        return rows

    def clusters(
        self, displacement: Floats, charge: Floats, middle: Floats, start: Integers
    ) -> Floats:
        """Sum the charges' products over all pairs of each cluster, shape ``(n_rows, points)``.

        Args:
            displacement: From the middle of its cluster to each member, shape ``(n, 3)``, angstrom.
            charge: Of each member, shape ``(n,)``.
            middle: Charge of the atom in the middle of each cluster, shape ``(n_rows,)``.
            start: Where each cluster begins and the last ends, shape ``(n_rows + 1,)``.
        """
        from features.materials._gaussian_kernels import clusters_on_grid

        rows = np.zeros((len(start) - 1, self.points))
        members = (_plain(displacement), _plain(charge), _plain(middle))
        first = np.require(start, np.int64, ("C", "W"))
        scale = (self.per_bin, self.root)
        clusters_on_grid(*members, first, scale, self.bands, self._room(), rows)
        return rows

    def _room(self) -> Floats:
        return np.zeros((self.bins, TERMS))


def _plain(values: Floats) -> Floats:
    """An array of the one layout that the kernels are compiled for."""
    return np.require(values, np.float64, ("C", "W"))


@lru_cache(maxsize=32)
def gaussian_grid(r_max: float, dr: float, alpha: float) -> Grid:
    """Prepare a grid dr, 2 dr, ..., r_max (angstrom) for Gaussians exp(-alpha d^2).

    Raises:
        WrongUse: When a parameter is not positive or the steps do not fit.
    """
    points = steps("r_max", r_max, "dr", dr)
    root = float(np.sqrt(positive("alpha", alpha)))
    phases = int(np.ceil(dr * root / BIN))
    width = dr / phases
    reach = float(np.sqrt(TAIL)) / root
    around = int(np.ceil(reach / dr)) + 1
    step = np.arange(-around, around + 1)
    bands = np.stack(
        [np.stack(list(_hermite(root * (dr * step - phase * width)))) for phase in range(phases)]
    )
    bins = (points + around) * phases
    return Grid(points, reach, root, 1.0 / width, bins, bands)


def _hermite(y: Floats) -> Iterator[Floats]:
    """Hermite functions ``h_n(y) / n!`` for n = 0, ..., TERMS - 1."""
    before, now = np.zeros_like(y), np.exp(-(y**2))
    for order in range(TERMS):
        yield now
        # the recurrence of h_n, divided by (n + 1)!
        before, now = now, 2 * (y * now - before) / (order + 1)
