"""The Coulomb spectrum is Rupp's for a molecule, and defined for a crystal."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase.build import molecule
from dscribe.descriptors import CoulombMatrix
from pymatgen.core import Lattice, Structure

from features.materials.coulomb_matrix import DESCRIPTOR, coulomb_spectrum
from registry.errors import Unsupported, WrongUse


def spectrum(structure, **parameters):
    return DESCRIPTOR.run(structure, DESCRIPTOR.settings(**parameters))


@pytest.mark.parametrize("name", ["H2O", "C6H6", "CH3CH2OH", "SO2"])
def test_a_molecule_in_a_wide_cell_has_the_spectrum_dscribe_gives(name):
    atoms = molecule(name)
    expected = CoulombMatrix(n_atoms_max=20, permutation="eigenspectrum").create(atoms)
    structure = Structure(
        Lattice.cubic(50), atoms.numbers, atoms.positions, coords_are_cartesian=True
    )
    np.testing.assert_allclose(spectrum(structure, n_atoms_max=20), expected, rtol=1e-9, atol=1e-9)


def test_hydrogen_has_its_closed_form():
    found = coulomb_spectrum(np.array([[0.0, 0.74], [0.74, 0.0]]), [1, 1])
    # [[1/2, 1/d], [1/d, 1/2]] has the eigenvalues 1/2 +- 1/d
    np.testing.assert_allclose(found, [0.5 + 1 / 0.74, 0.5 - 1 / 0.74])


def test_a_crystal_takes_nearest_images():
    structure = Structure(
        Lattice.from_parameters(4.1, 5.3, 6.2, 61, 68, 112),
        ["Ca", "C", "O", "O"],
        [[0.02, 0.9, 0.5], [0.5, 0.1, 0.97], [0.4, 0.62, 0.1], [0.81, 0.3, 0.3]],
    )
    images = np.array(list(product(range(-4, 5), repeat=3))) @ structure.lattice.matrix
    at = structure.cart_coords
    distance = np.linalg.norm(at[:, None, None] - at[None, :, None] + images, axis=-1).min(axis=-1)
    charge = np.array(structure.atomic_numbers, dtype=float)
    matrix = np.diag(0.5 * charge**2.4)
    for i, j in product(range(4), repeat=2):
        if i != j:
            matrix[i, j] = charge[i] * charge[j] / distance[i, j]
    expected = sorted(np.linalg.eigvalsh(matrix), key=abs, reverse=True)
    np.testing.assert_allclose(spectrum(structure)[:4], expected, rtol=1e-10)
    assert not spectrum(structure)[4:].any()


def test_a_large_cell_of_a_small_crystal_is_taken():
    copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.61), ["Cu"], [[0, 0, 0]])
    found = spectrum(copper * (2, 2, 2), n_atoms_max=1)
    np.testing.assert_allclose(found, [0.5 * 29**2.4])


@pytest.mark.parametrize(
    ("structure", "reason"),
    [
        (
            Structure(Lattice.cubic(4), ["Fe", "O"], [[0, 0, 0], [0.5] * 3]),
            "up to 1 atoms, found 2",
        ),
        (Structure(Lattice.cubic(4), [{"Fe": 0.5}], [[0, 0, 0]]), "one species at full occupancy"),
        (Structure(Lattice.cubic(4), ["Fe", "O"], [[0, 0, 0], [0, 0, 1e-4]]), "1 atoms"),
        (Structure(Lattice.cubic(4), ["Fe", "Fe"], [[0, 0, 0], [0, 0, 0]]), "apart"),
        (Structure(Lattice.cubic(4), ["X"], [[0, 0, 0]]), "placeholder X"),
    ],
)
def test_what_it_cannot_describe_is_refused_with_the_reason(structure, reason):
    with pytest.raises(Unsupported, match=reason):
        spectrum(structure, n_atoms_max=1)


def test_atoms_on_top_of_each_other_are_refused():
    structure = Structure(Lattice.cubic(4), ["Fe", "O"], [[0, 0, 0], [0, 0, 1e-4]])
    with pytest.raises(Unsupported, match=r"distance.*0\.0004 A"):
        spectrum(structure)


@pytest.mark.parametrize("n_atoms_max", [0, -1, 2.5])
def test_an_impossible_size_is_told(n_atoms_max):
    with pytest.raises(WrongUse, match="n_atoms_max"):
        DESCRIPTOR.width({"n_atoms_max": n_atoms_max})
