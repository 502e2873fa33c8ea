r"""Atoms as Gaussians on a grid over the reduced cell, a channel for each class of elements.

Voxel (i, j, k) of a channel holds

.. math::
    \sum_j w_j \, g(|r_{ijk} - r_j|), \qquad g(d) \propto \sum_T e^{-|d + T|^2 / 2\sigma^2}

with the occupancy w_j of site j by the class (``_classes``) and g normalised to a sum of one over
the grid: the share of an atom in the voxel, so that a channel sums to the atoms of its class in the
cell. The values run over channels and then the cell vectors, last one fastest.

A grid needs a cell and an origin, and a crystal has neither. Both are standardised:

- the cell is primitive and spanned by three shortest vectors in ascending order, angles all acute
  or none acute;
- the origin is an atom of the rarest kind of site.

Of all choices left (equal lengths, signs, several such atoms) the one is taken that is largest in a
fixed sum over the angles of its cell and the longest Fourier components of its density
(:data:`MODES`). Choices that tie there are related by symmetry and give the same grid. So the
vector is the same for any order of the atoms, rotation, translation, choice of cell and supercell,
and for both hands of a chiral crystal. It is not continuous: a small strain may make another vector
the shortest, a small move of an atom another choice the first, and all voxels change places. Size
and shape of the cell are not in the vector but for the widths of the Gaussians;
:func:`standardised` gives the cell.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._classes import CLASSES, class_weights
from features.materials._compiled import LOADS
from features.materials._grid import positive
from features.materials._lattice import cosines, ordered_signed, shortest_bases, voronoi_vectors
from features.materials._primitive import Cell, primitive_cell
from registry.errors import Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal, Integers

MODES = np.array([h for h in product(range(-2, 3), repeat=3) if h > (0, 0, 0)])
"""Fourier components that decide among equal choices, one of h and -h, shape ``(62, 3)``."""
FACTORS = np.exp(2j * np.pi * np.sqrt(2) * np.arange(1, len(MODES) + 1) ** 2)
"""Phases without a pattern: no symmetry of the modes may carry over to their sum."""
LEAN = np.sqrt([2.0, 3.0, 5.0])
"""Weights of the cosines between the cell vectors in the same sum: they may differ, too."""
KINDS = 127
"""Kinds of sites that are told apart."""
DECIMALS = 4
"""Occupancies are the same when they agree to so many decimals."""


class Standardised(NamedTuple):
    """Cell vectors ``(3, 3)`` in angstrom, fractional positions ``(n, 3)``, share of each class on
    each site ``(n, len(CLASSES))``."""

    basis: Floats
    positions: Floats
    weights: Floats


def voxels(
    basis: Floats, positions: Floats, weights: Floats, *, n_grid: int, sigma: float
) -> Floats:
    """Density of atoms on a periodic grid.

    Args:
        basis: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Fractional, shape ``(n, 3)``.
        weights: Share of each channel on each site, shape ``(n, channels)``.
        n_grid: Points along each cell vector, the first one at the origin.
        sigma: Standard deviation of the Gaussians, angstrom.

    Returns:
        Atoms per voxel, shape ``(channels, n_grid, n_grid, n_grid)``.
    """
    from features.materials._kernel_voxels import add_gaussians

    grid = np.zeros((weights.shape[1], n_grid, n_grid, n_grid))
    heights = 1 / np.linalg.norm(np.linalg.inv(basis), axis=0)
    add_gaussians(
        np.ascontiguousarray(basis),
        heights,
        np.ascontiguousarray(positions),
        np.ascontiguousarray(weights),
        sigma,
        grid,
    )
    return grid


def standardised(crystal: Crystal) -> Standardised:
    """Give a crystal the cell and the origin that its grid has.

    Raises:
        Unsupported: When the primitive cell cannot be found.
    """
    kinds, classes = _kinds(crystal)
    cell = primitive_cell(Cell(crystal.lattice, crystal.positions, kinds))
    bases = ordered_signed(shortest_bases(voronoi_vectors(cell.lattice[None])[0]))
    places = cell.positions @ np.rint(cell.lattice @ np.linalg.inv(bases))
    found, counts = np.unique(cell.numbers, return_counts=True)
    rare = np.flatnonzero(cell.numbers == found[counts.argmin()])
    waves = np.exp(2j * np.pi * places @ MODES.T)
    total = ((1 + cell.numbers)[:, None] * waves).sum(axis=1) * FACTORS
    score = np.einsum("bm,bom->bo", total, waves[:, rare].conj()).real
    score += (cosines(bases) @ LEAN)[:, None]
    basis, origin = np.unravel_index(np.argmax(score), score.shape)
    shifted = places[basis] - places[basis, rare[origin]]
    return Standardised(bases[basis], shifted, classes[cell.numbers])


def _kinds(crystal: Crystal) -> tuple[Integers, Floats]:
    """What sits on each site, numbered ``(n,)``; share of each class ``(kinds, len(CLASSES))``."""
    _, shares = crystal.elements()
    kinds, kind = np.unique(np.round(shares, DECIMALS), axis=0, return_inverse=True)
    if len(kinds) > KINDS:
        raise Unsupported("density_voxels: sites", f"up to {KINDS} kinds", str(len(kinds)))
    kind = kind.reshape(-1)
    members = kind == np.arange(len(kinds))[:, None]
    return kind, members @ class_weights(crystal) / members.sum(axis=1, keepdims=True)


def _compute(crystal: Crystal, n_grid: int, sigma: float) -> Floats:
    return voxels(*standardised(crystal), n_grid=n_grid, sigma=sigma).ravel()


def _width(parameters: Parameters) -> int:
    n_grid = parameters["n_grid"]
    positive("sigma", parameters["sigma"])
    if not (isinstance(n_grid, int) and 1 <= n_grid <= 128):
        raise WrongUse("n_grid", "a whole number from 1 to 128", repr(n_grid))
    return len(CLASSES) * n_grid**3


DESCRIPTOR = Descriptor(
    name="density_voxels",
    version="1",
    parameters={"n_grid": 12, "sigma": 0.5},
    units={"n_grid": "", "sigma": "angstrom"},
    width=_width,
    compute=_compute,
    unit="",
    source="after Hoffmann et al., arXiv:1909.00949 (2019), with a standardised cell and origin",
    disorder="weighted",
    loads=LOADS,
)
