r"""Sine matrix of the primitive cell: a Coulomb matrix whose distance repeats with the lattice.

.. math::
    M_{ii} = \tfrac{1}{2} Z_i^{2.4}, \qquad
    M_{ij} = \frac{Z_i Z_j}{\left| \sum_k a_k \sin^2(\pi f_k) \right|},

with the cell vectors a_k (angstrom) and f the fractional coordinates of r_i - r_j; as its
eigenvalues or sorted (:mod:`features.materials._matrix`).

The published matrix depends on the vectors chosen to span the lattice. They are standardised here:
three shortest vectors, with angles all acute or none acute (Niggli's signs). A symmetric lattice
has several such sets, a hexagonal one three for example, and a crystal of lower symmetry than its
lattice looks different from each; the set that gives the matrix the largest norm is taken. So the
result is the same for any order of the atoms, rotation, translation, choice of cell and supercell.
It does jump where a small strain makes another set the shortest, as the published matrix does.
"""

from __future__ import annotations

import numpy as np

from features.materials._cells import Cells, Integers, ends
from features.materials._lattice import shortest_bases, voronoi_vectors
from features.materials._matrix import matrix_descriptor, matrix_of
from registry.records import Floats


def sine_matrix(lattice: Floats, positions: Floats, numbers: Integers) -> Floats:
    """Sine matrix of a cell as it stands, with the vectors it has.

    Args:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Fractional, shape ``(n, 3)``.
        numbers: Atomic numbers, shape ``(n,)``.

    Returns:
        Shape ``(n, n)``; e^2/angstrom off the diagonal as Faber et al. leave it.
    """
    return matrix_of(_fill, lattice, positions, numbers)


def _fill(cells: Cells, offset: Integers, matrices: Floats) -> Floats:
    from features.materials._kernel_charges import sine_matrices

    return sine_matrices(
        cells.lattices, cells.start, cells.positions, cells.numbers, offset, matrices
    )


def _fill_standard(cells: Cells, offset: Integers, matrices: Floats) -> Floats:
    candidates = [shortest_bases(vectors) for vectors in voronoi_vectors(cells.lattices)]
    counts = np.array([len(bases) for bases in candidates], dtype=np.int64)
    every = np.concatenate([np.empty((0, 3, 3)), *candidates])
    each = np.repeat(np.arange(len(counts)), counts)
    norms = _norms(cells.take(each).in_bases(every))
    # by cell and then by norm: the last of each cell has the largest
    best = np.lexsort((norms, each))[np.cumsum(counts) - 1]
    return _fill(cells.in_bases(every[best]), offset, matrices)


def _norms(cells: Cells) -> Floats:
    """Sum of the squares of each sine matrix, shape ``(cells,)``."""
    offset = ends(cells.sizes**2)
    matrices = np.empty(offset[-1])
    _fill(cells, offset, matrices)
    norms: Floats = np.add.reduceat(matrices**2, offset[:-1])
    return norms


DESCRIPTOR = matrix_descriptor(
    "sine_matrix",
    _fill_standard,
    source="Faber, Lindmaa, von Lilienfeld and Armiento, Int. J. Quantum Chem. 115, 1094 (2015), "
    "with standardised cell vectors",
    unit="",
)
