"""What other libraries do with the structures of ``bench_features``, on objects held ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from features.crystal import Crystal, crystal_of
from features.descriptor import descriptors
from features.materials._classes import CLASSES, class_by_number
from features.materials._primitive import Cell, primitive_cell
from registry.records import Floats

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

Work = Callable[[], object]


def primitive_atoms(structures: Sequence[Structure], most: int) -> list[Atoms]:
    """Primitive cells of at most so many atoms as ase's objects."""
    from ase import Atoms

    cells = [primitive_cell(_cell(crystal_of(structure))) for structure in structures]
    return [
        Atoms(c.numbers, scaled_positions=c.positions, cell=c.lattice, pbc=True)
        for c in cells
        if len(c.numbers) <= most
    ]


def class_atoms(structures: Sequence[Structure]) -> list[Atoms]:
    """Cells as ase's objects, numbers 1 to 7 for the classes in place of elements."""
    from ase import Atoms

    crystals = [crystal_of(structure) for structure in structures]
    return [
        # dscribe misses neighbours of an atom that lies outside the cell
        Atoms(class_by_number()[c.numbers] + 1, scaled_positions=c.positions % 1.0, cell=c.lattice)
        for c in crystals
    ]


def coulomb(structures: Sequence[Structure]) -> Work:
    """dscribe's Coulomb matrix of primitive cells, eigenvalues."""
    from dscribe.descriptors import CoulombMatrix

    most = descriptors()["coulomb_matrix"].parameters["n_atoms_max"]
    dscribe = CoulombMatrix(n_atoms_max=most, permutation="eigenspectrum")
    return _each(dscribe.create, primitive_atoms(structures, most))


def ewald(atoms: Sequence[Atoms], most: int) -> Work:
    """dscribe's Ewald sum matrix, eigenvalues."""
    from dscribe.descriptors import EwaldSumMatrix

    return _each(EwaldSumMatrix(n_atoms_max=most, permutation="eigenspectrum").create, atoms)


def acsf(structures: Sequence[Structure]) -> Work:
    """dscribe's symmetry functions of every site, with the parameters of the view."""
    from dscribe.descriptors import ACSF

    settings = descriptors()["acsf"].settings()
    dscribe = ACSF(
        r_cut=settings["r_cut"],
        g2_params=settings["g2"],
        g4_params=settings["g4"],
        g5_params=settings["g5"] or None,
        species=list(range(1, len(CLASSES) + 1)),
        periodic=True,
    )
    return _each(dscribe.create, _periodic(class_atoms(structures)))


def soap(structures: Sequence[Structure]) -> Work:
    """dscribe's power spectrum, averaged, with the parameters of the view."""
    from features.materials._soap import power_spectrum

    dscribe = power_spectrum(**descriptors()["soap"].settings())
    return _each(dscribe.create, _periodic(class_atoms(structures)))


def dense_gaussians(
    distance: Floats, weight: Floats, *, r_max: float, dr: float, alpha: float
) -> Floats:
    """Sum of Gaussians by its formula."""
    points = dr * np.arange(1, round(r_max / dr) + 1)
    curve: Floats = weight @ np.exp(-alpha * (distance[:, None] - points) ** 2)
    return curve


def _cell(crystal: Crystal) -> Cell:
    return Cell(crystal.lattice, crystal.positions, crystal.ordered_numbers("benchmark"))


def _periodic(atoms: list[Atoms]) -> list[Atoms]:
    for one in atoms:
        one.pbc = True
    return atoms


def _each(function: Callable[[Any], object], items: Sequence[Any]) -> Work:
    return lambda: [function(item) for item in items]
