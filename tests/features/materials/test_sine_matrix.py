"""The sine matrix is Faber's, and its cell vectors are standardised."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from dscribe.descriptors import SineMatrix
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from features.materials._lattice import shortest_bases, voronoi_vectors
from features.materials.sine_matrix import DESCRIPTOR, sine_matrix
from registry.errors import Unsupported

CALCITE = Structure.from_spacegroup(
    "R-3c",
    Lattice.hexagonal(4.988, 17.061),
    ["Ca", "C", "O"],
    [[0, 0, 0], [0, 0, 0.25], [0.25706, 0, 0.25]],
)
TRICLINIC = Structure(
    Lattice.from_parameters(4.1, 5.3, 6.2, 81, 78, 107),
    ["Ca", "C", "O", "O"],
    [[0.02, 0.9, 0.5], [0.5, 0.1, 0.97], [0.4, 0.62, 0.1], [0.81, 0.3, 0.3]],
)


def matrix_of(structure):
    return sine_matrix(
        structure.lattice.matrix, structure.frac_coords, np.array(structure.atomic_numbers)
    )


@pytest.mark.filterwarnings("ignore:Please use atoms.calc:FutureWarning")
@pytest.mark.parametrize("structure", [CALCITE, TRICLINIC], ids=["calcite", "triclinic"])
def test_a_cell_as_it_stands_has_the_matrix_dscribe_gives(structure):
    n = len(structure)
    atoms = Atoms(
        structure.atomic_numbers, structure.cart_coords, cell=structure.lattice.matrix, pbc=True
    )
    expected = SineMatrix(n_atoms_max=n, permutation="none").create(atoms).reshape(n, n)
    np.testing.assert_allclose(matrix_of(structure), expected, rtol=1e-9)


def test_rock_salt_has_its_closed_form():
    a = 5.64
    # sin^2 of half a turn is one along each cube edge: phi = a sqrt(3)
    structure = Structure(Lattice.cubic(a), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    off = 11 * 17 / (a * np.sqrt(3))
    expected = [[0.5 * 11**2.4, off], [off, 0.5 * 17**2.4]]
    np.testing.assert_allclose(matrix_of(structure), expected, rtol=1e-12)


def test_matminer_gives_the_same_in_bohr():
    # matminer 0.10.1, SineCoulombMatrix(flatten=False), first row; its bohr has five digits
    found = matrix_of(TRICLINIC)[0]
    expected = [7.73612545166654, 10.824794195198242, 15.404418405175422]
    np.testing.assert_allclose(found[1:] / 1.8897261254578281, expected, rtol=2e-5)


def test_the_standard_vectors_are_used():
    found = DESCRIPTOR.run(TRICLINIC, DESCRIPTOR.settings(n_atoms_max=4))
    (basis,) = shortest_bases(voronoi_vectors(TRICLINIC.lattice.matrix[None])[0])
    standard = Structure(basis, TRICLINIC.species, TRICLINIC.cart_coords, coords_are_cartesian=True)
    expected = sorted(np.linalg.eigvalsh(matrix_of(standard)), key=abs, reverse=True)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@settings(max_examples=30, deadline=None)
@given(
    shape=st.sampled_from(["hexagonal", "fcc", "bcc", "rhombohedral"]),
    turn=st.integers(0, 47),
    at=st.lists(st.tuples(*[st.integers(0, 99)] * 3), min_size=2, max_size=4, unique=True),
)
def test_a_symmetric_lattice_with_less_symmetric_contents_has_one_matrix(shape, turn, at):
    lattice = {
        "hexagonal": Lattice.hexagonal(4.9, 5.4),
        "fcc": Lattice(2.0 * (np.ones((3, 3)) - np.eye(3))),
        "bcc": Lattice(2.0 * (np.ones((3, 3)) - 2 * np.eye(3))),
        "rhombohedral": Lattice.rhombohedral(4.0, 75),
    }[shape]
    structure = Structure(lattice, ["Fe", "O", "H", "Si"][: len(at)], np.array(at) / 100)
    operations = _point_group(lattice)
    rotation = operations[turn % len(operations)]
    turned = Structure(
        lattice, structure.species, structure.cart_coords @ rotation, coords_are_cartesian=True
    )
    size = DESCRIPTOR.settings(n_atoms_max=4)
    expected = DESCRIPTOR.run(structure, size)
    np.testing.assert_allclose(DESCRIPTOR.run(turned, size), expected, rtol=1e-8, atol=1e-8)


def _point_group(lattice):
    """Rotations that map the lattice onto itself, from spglib."""
    import spglib

    found = spglib.get_symmetry((lattice.matrix, [[0, 0, 0]], [1]))
    inverse = np.linalg.inv(lattice.matrix)
    return [inverse @ r.T @ lattice.matrix for r in found["rotations"]]


def test_atoms_on_top_of_each_other_are_refused():
    structure = Structure(Lattice.cubic(4), ["Fe", "O"], [[0, 0, 0], [0, 0, 1.0001]])
    with pytest.raises(Unsupported, match=r"sine_matrix: distance.*0\.0004 A"):
        DESCRIPTOR.run(structure, DESCRIPTOR.settings())


def test_a_disordered_site_is_refused():
    mixed = Structure(Lattice.cubic(4.0), [{"Fe": 0.6, "Mg": 0.4}], [[0, 0, 0]])
    with pytest.raises(Unsupported, match="sine_matrix: site 0"):
        DESCRIPTOR.run(mixed, DESCRIPTOR.settings())
