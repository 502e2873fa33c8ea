"""All interatomic distances of a crystal up to a cutoff, periodic images included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from registry.records import Floats

SAME = 1e-8
"""Two positions closer than this are one (angstrom)."""


class Pairs(NamedTuple):
    """Ordered pairs of atoms, each of shape ``(n_pairs,)``: every bond appears both ways."""

    centre: npt.NDArray[np.int64]
    neighbour: npt.NDArray[np.int64]
    distance: Floats


def neighbour_pairs(lattice: Floats, positions: Floats, cutoff: float) -> Pairs:
    """Find every pair of atoms at most ``cutoff`` apart; an atom meets its own images.

    Args:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Cartesian positions, shape ``(n, 3)``, angstrom; may lie outside the cell.
        cutoff: Largest distance, angstrom.
    """
    from pymatgen.optimization.neighbors import find_points_in_spheres

    inside = np.ascontiguousarray(positions, dtype=np.float64)
    centre, neighbour, _, distance = find_points_in_spheres(
        inside,
        inside,
        r=float(cutoff),
        pbc=np.ones(3, dtype=np.int64),
        lattice=np.ascontiguousarray(lattice, dtype=np.float64),
        tol=SAME,
    )
    apart = (centre != neighbour) | (distance > SAME)
    return Pairs(centre[apart], neighbour[apart], distance[apart])
