r"""Coulomb matrix of the primitive cell, over nearest images.

.. math::
    M_{ii} = \tfrac{1}{2} Z_i^{2.4}, \qquad M_{ij} = \frac{Z_i Z_j}{d_{ij}},

as its eigenvalues or sorted (:mod:`features.materials._matrix`); charges in e, distances in
angstrom.

The matrix was made for molecules and ignores that a crystal goes on: of a crystal it depends on
the cell and on where its border runs. Both are fixed here. The cell is the primitive one, and
d_ij is the distance of j's *nearest image* from i, which depends on the lattice only and not on
the vectors chosen to span it. So the matrix is the same for any order of the atoms, rotation,
translation, choice of cell and supercell. What remains of the neglect: an atom does not meet its
own images, nor more than one image of another. For a molecule in a wide cell it is Rupp's matrix.
"""

from __future__ import annotations

from features.materials._cells import Cells, Integers
from features.materials._lattice import voronoi_vectors
from features.materials._matrix import matrix_descriptor, matrix_of
from registry.records import Floats


def coulomb_matrix(lattice: Floats, positions: Floats, numbers: Integers) -> Floats:
    """Coulomb matrix of a cell as it stands, over nearest images.

    Args:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Fractional, shape ``(n, 3)``.
        numbers: Atomic numbers, shape ``(n,)``.

    Returns:
        Shape ``(n, n)``; e^2/angstrom off the diagonal as Rupp et al. leave it.
    """
    return matrix_of(_fill, lattice, positions, numbers)


def _fill(cells: Cells, offset: Integers, matrices: Floats) -> Floats:
    from features.materials._kernel_charges import coulomb_matrices

    return coulomb_matrices(
        cells.lattices,
        voronoi_vectors(cells.lattices),
        cells.start,
        cells.positions,
        cells.numbers,
        offset,
        matrices,
    )


DESCRIPTOR = matrix_descriptor(
    "coulomb_matrix",
    _fill,
    source="Rupp et al., Phys. Rev. Lett. 108, 058301 (2012), eqs. 1-2, with nearest images; "
    "sorted: Montavon et al., Adv. Neural Inf. Process. Syst. 25, 440 (2012)",
    unit="",
)
