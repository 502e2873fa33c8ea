r"""Ewald matrix of the primitive cell: the Coulomb energy of every atom with all images of another.

With charges q = Z in a uniform background that makes the cell neutral,

.. math::
    M_{ij} &= q_i q_j \Big[ \sum_T \frac{\operatorname{erfc}(\alpha |r_{ij} + T|)}{|r_{ij} + T|}
        + \frac{4\pi}{V} \sum_{G \ne 0} \frac{e^{-G^2 / 4\alpha^2}}{G^2} \cos(G \cdot r_{ij})
        - \frac{\pi}{V \alpha^2} \Big], \\
    M_{ii} &= \tfrac{1}{2} q_i^2 \Big[ \sum_{T \ne 0} \frac{\operatorname{erfc}(\alpha T)}{T}
        + \frac{4\pi}{V} \sum_{G \ne 0} \frac{e^{-G^2 / 4\alpha^2}}{G^2}
        - \frac{\pi}{V \alpha^2} \Big] - \frac{\alpha}{\sqrt\pi} q_i^2

in e^2/angstrom (times 14.3996 for eV); as its eigenvalues or sorted
(:mod:`features.materials._matrix`). The diagonal and one triangle sum to the energy of the cell.

The splitting parameter alpha moves work from one sum to the other and leaves the values as they
are. It does not in the matrix as Faber et al. print it, whose terms off the diagonal hold
q_i^2 + q_j^2; this is the correction of Himanen et al., the matrix of dscribe. pymatgen's
``EwaldSummation.total_energy_matrix`` is in eV, shares M_ij between (i, j) and (j, i), and leaves
out the background. The matrix depends on the crystal and not on how its cell is written down.
"""

from __future__ import annotations

import math

import numpy as np

from features.materials._cells import Cells, Integers, ends
from features.materials._lattice import voronoi_vectors
from features.materials._matrix import matrix_descriptor
from registry.records import Floats

REACH = math.sqrt(math.log(1e9))
"""Terms of both sums are followed until they fall to 1e-9."""
SPLIT = 3.2
"""alpha times the cube root of the volume: where both sums take equally long here."""


def ewald_matrix(
    lattice: Floats, positions: Floats, charges: Floats, alpha: float | None = None
) -> Floats:
    """Ewald matrix of a cell as it stands, with any charges.

    Args:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Fractional, shape ``(n, 3)``.
        charges: In units of e, shape ``(n,)``.
        alpha: Splitting parameter, 1/angstrom; chosen for speed when None.

    Returns:
        Shape ``(n, n)``, e^2/angstrom.
    """
    n = len(charges)
    cell = Cells(
        np.array(lattice, dtype=np.float64)[None],
        ends([n]),
        np.array(positions, dtype=np.float64),
        np.zeros(n, dtype=np.int64),
    )
    matrix = np.empty(n * n)
    _sum(cell, np.array(charges, dtype=np.float64), alpha, ends([n * n]), matrix)
    return matrix.reshape(n, n)


def _fill(cells: Cells, offset: Integers, matrices: Floats) -> Floats:
    return _sum(cells, cells.numbers.astype(np.float64), None, offset, matrices)


def _sum(
    cells: Cells, charges: Floats, alpha: float | None, offset: Integers, matrices: Floats
) -> Floats:
    from features.materials._kernel_ewald import ewald_matrices

    # three of the four vectors of an obtuse superbasis: short, so that little is looked at in vain
    reduced = cells.in_bases(voronoi_vectors(cells.lattices)[:, :3])
    triangles = np.linalg.cholesky(reduced.lattices @ reduced.lattices.transpose(0, 2, 1))
    volumes = np.linalg.det(triangles)
    alphas = SPLIT / np.cbrt(volumes) if alpha is None else np.full(len(volumes), alpha)
    return ewald_matrices(
        triangles, reduced.start, reduced.positions, charges, alphas, REACH, offset, matrices
    )


DESCRIPTOR = matrix_descriptor(
    "ewald_matrix",
    _fill,
    source="Faber, Lindmaa, von Lilienfeld and Armiento, Int. J. Quantum Chem. 115, 1094 (2015); "
    "terms off the diagonal as in Himanen et al., Comput. Phys. Commun. 247, 106949 (2020)",
    unit="e^2/angstrom",
)
