r"""Eigenvalue spectrum of the Coulomb matrix of the primitive cell.

.. math::
    M_{ii} = \tfrac{1}{2} Z_i^{2.4}, \qquad M_{ij} = \frac{Z_i Z_j}{d_{ij}},

sorted by magnitude, largest first, and padded with zeros (charges in e, distances in angstrom).

The matrix was made for molecules and ignores that a crystal goes on: of a crystal it depends on
the cell and on where its border runs. Both are fixed here. The cell is the primitive one, and
d_ij is the distance of j's *nearest image* from i, which depends on the lattice only and not on
the vectors chosen to span it. So the spectrum is the same for any order of the atoms, rotation,
translation, choice of cell and supercell. What remains of the neglect: an atom does not meet its
own images, nor more than one image of another. For a molecule in a wide cell it is Rupp's matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.descriptor import Descriptor, Parameters
from features.materials._primitive import SYMPREC, Cell, primitive_cell
from registry.errors import Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal


def coulomb_spectrum(distances: Floats, numbers: npt.ArrayLike) -> Floats:
    """Eigenvalues of the Coulomb matrix, largest magnitude first.

    Args:
        distances: Between all atoms, shape ``(n, n)``, angstrom; the diagonal is not read.
        numbers: Atomic numbers, shape ``(n,)``.

    Returns:
        Shape ``(n,)``, e^2/angstrom off the diagonal as Rupp et al. leave it.

    Raises:
        Unsupported: When two atoms share a position.
    """
    charge = np.asarray(numbers, dtype=np.float64)
    apart = distances + np.diag(np.full(len(charge), np.inf))
    if apart.min() < SYMPREC:
        raise Unsupported(
            "coulomb_matrix: distance", f"atoms at least {SYMPREC} A apart", f"{apart.min():.2g} A"
        )
    matrix = np.outer(charge, charge) / apart
    np.fill_diagonal(matrix, 0.5 * charge**2.4)
    values: Floats = np.linalg.eigvalsh(matrix)
    return values[np.argsort(-np.abs(values), kind="stable")]


def _compute(crystal: Crystal, n_atoms_max: int) -> Floats:
    from pymatgen.core import Lattice

    numbers = crystal.ordered_numbers("coulomb_matrix")
    cell = primitive_cell(Cell(crystal.lattice, crystal.positions, numbers))
    if len(cell.numbers) > n_atoms_max:
        raise Unsupported(
            "coulomb_matrix: primitive cell", f"up to {n_atoms_max} atoms", str(len(cell.numbers))
        )
    # pymatgen looks for the nearest image in the reduced cell
    distances = Lattice(cell.lattice).get_all_distances(cell.positions, cell.positions)
    spectrum = np.zeros(n_atoms_max)
    spectrum[: len(cell.numbers)] = coulomb_spectrum(distances, cell.numbers)
    return spectrum


def _width(parameters: Parameters) -> int:
    n_atoms_max = parameters["n_atoms_max"]
    if not (isinstance(n_atoms_max, int) and n_atoms_max >= 1):
        raise WrongUse("n_atoms_max", "a whole number from 1", repr(n_atoms_max))
    return n_atoms_max


DESCRIPTOR = Descriptor(
    name="coulomb_matrix",
    version="1",
    parameters={"n_atoms_max": 200},
    units={"n_atoms_max": ""},
    width=_width,
    compute=_compute,
    unit="",
    source="Rupp et al., Phys. Rev. Lett. 108, 058301 (2012), eqs. 1-2, with nearest images",
    disorder="refused",
)
