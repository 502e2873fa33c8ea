"""All interatomic distances of a crystal up to a cutoff, periodic images included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.crystal import Integers
from features.materials._cells import ends
from registry.errors import BadInput
from registry.records import Floats

if TYPE_CHECKING:
    from features.materials._images import Images
    from features.materials._wrapped import Wrapped

MARGIN = 1e-6
"""Images are made this much beyond the cutoff, so that rounding misses none (angstrom)."""
SAME = 1e-8
"""Two positions closer than this are one (angstrom)."""

TIE = 1e-8
"""Distances this little below a bin's edge count as on it (angstrom): lattice parameters have few
digits, many distances sit on an edge exactly, and rounding must not decide their bin."""


class Pairs(NamedTuple):
    """Ordered pairs of atoms, grouped by centre in ascending order: every bond appears both ways.

    Attributes:
        centre: Index of the atom in the middle, shape ``(n_pairs,)``.
        neighbour: Index of the atom whose image is met, shape ``(n_pairs,)``.
        distance: Between the two, angstrom, shape ``(n_pairs,)``.
        image: Cells from the neighbour as it was given to the image met, shape ``(n_pairs, 3)``.
    """

    centre: Integers
    neighbour: Integers
    distance: Floats
    image: Integers

    def where(self, kept: Any) -> Pairs:
        """Keep some pairs, or put them in another order: by a mask or by places."""
        return Pairs(self.centre[kept], self.neighbour[kept], self.distance[kept], self.image[kept])

    def start(self, n_sites: int) -> Integers:
        """Where the pairs of each centre begin, and where the last ones end, ``(n_sites + 1,)``."""
        return np.searchsorted(self.centre, np.arange(n_sites + 1))


def neighbour_pairs(lattice: Floats, positions: Floats, cutoff: float) -> Pairs:
    """Find every pair of atoms at most ``cutoff`` apart; an atom meets its own images.

    Of two atoms in one place each meets the other; what counts as within the cutoff is what
    pymatgen's ``find_points_in_spheres`` counts.

    Args:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Cartesian positions, shape ``(n, 3)``, angstrom; may lie outside the cell.
        cutoff: Largest distance, angstrom.

    Raises:
        BadInput: For a cell without volume or atoms.
    """
    from features.materials._pair_kernels import listed

    cell, surroundings = around([lattice], [positions], cutoff)
    centre, neighbour, image, distance = listed(cell, surroundings, float(cutoff))
    return Pairs(centre, neighbour, distance, image)


def around(
    lattices: Sequence[Floats], positions: Sequence[Floats], cutoff: float, half: bool = False
) -> tuple[Wrapped, Images]:
    """Lay crystals end to end, wrapped into their cells, with what surrounds them.

    Args:
        lattices: Cell vectors of each, shape ``(3, 3)``, angstrom.
        positions: Cartesian positions in each, shape ``(n, 3)``, angstrom.
        cutoff: How far from an atom images are needed, angstrom.
        half: Make only one of each two images that lie opposite to each other.

    Raises:
        BadInput: For a cell without volume or atoms.
    """
    from features.materials._images import images
    from features.materials._wrapped import wrapped

    cells = np.concatenate(lattices, dtype=np.float64).reshape(-1, 3, 3)
    at = np.concatenate(positions, dtype=np.float64)
    start = ends([len(p) for p in positions])
    _refuse_impossible(cells, start, at)
    inside = wrapped(cells, start, at)
    return inside, images(inside, cutoff + MARGIN, half)


def displacements(lattice: Floats, positions: Floats, pairs: Pairs) -> Floats:
    """Vectors from centre to neighbour, shape ``(n_pairs, 3)``, angstrom."""
    apart: Floats = positions[pairs.neighbour] - positions[pairs.centre]
    return apart + pairs.image @ lattice


def pair_counts(
    lattice: Floats, positions: Floats, weights: Floats, edges: Floats, tie: float
) -> Floats:
    """Count ordered pairs of atoms by their labels and by distance, without listing them.

    Half of the pairs is looked at; one within 1e-9 bins of an edge is looked at again, both ways
    round, by the arithmetic of pymatgen's neighbour list, so that the counts are those of a
    histogram of that list, to the last one.

    Args:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Cartesian positions, shape ``(n, 3)``, angstrom; may lie outside the cell.
        weights: Share of each label on each site, shape ``(n, n_labels)``.
        edges: Edges of equal bins, the first at zero, shape ``(n_bins + 1,)``, angstrom. A bin
            holds its lower edge, the last one both.
        tie: Added to every distance before binning.

    Returns:
        For centre, neighbour and bin the sum of weight times weight, shape
        ``(n_labels, n_labels, n_bins)``.

    Raises:
        BadInput: For a cell without volume or atoms.
    """
    from features.materials._grouping import grouped
    from features.materials._pair_kernels import count

    shares, given = _plain(weights), _plain(positions)
    kinds, first = grouped(shares)
    cell, surroundings = around([lattice], [given], float(edges[-1]), half=True)
    counts: Floats = count(
        cell, surroundings, given, kinds, shares[first], _plain(edges), float(tie)
    )
    return counts


def _refuse_impossible(lattices: Floats, start: Integers, positions: Floats) -> None:
    volumes = np.abs(np.linalg.det(lattices))
    sizes = np.diff(start)
    wrong = ~(volumes > 0) | (sizes == 0)
    lost = np.flatnonzero(~np.isfinite(positions).all(axis=1))
    wrong[np.searchsorted(start, lost, side="right") - 1] = True
    if wrong.any():
        first = int(np.argmax(wrong))
        found = f"{sizes[first]} in a cell of {volumes[first]:g} cubic angstrom"
        raise BadInput("positions", "finite ones in a cell with volume", found)


def _plain(values: Floats) -> Floats:
    """An array of the one layout that the kernels are compiled for."""
    return np.require(values, np.float64, ("C", "W"))
