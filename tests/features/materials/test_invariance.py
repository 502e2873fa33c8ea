"""A descriptor describes the crystal, not the way its cell was written down."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from features.descriptor import descriptors

NAMES = ("coulomb_matrix", "prdf", "rdc", "soap")
# smaller than the defaults, so that many examples stay quick
SETTINGS = {
    "coulomb_matrix": {"n_atoms_max": 12},
    "prdf": {"cutoff": 5.0},
    "rdc": {"r_max": 4.0},
    "soap": {"r_cut": 4.0, "n_max": 3, "l_max": 2},
}
ELEMENTS = ("H", "O", "F", "S", "Na", "Ca", "Fe", "Cu", "La", "U", "Si", "C")

length = st.integers(3000, 6000).map(lambda n: n / 1000)
angle = st.integers(70, 110).map(float)
fraction = st.integers(0, 999).map(lambda n: n / 1000)
position = st.tuples(fraction, fraction, fraction)
site = st.tuples(st.sampled_from(ELEMENTS), position)


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    lattice = Lattice.from_parameters(*draw(st.tuples(length, length, length, angle, angle, angle)))
    sites = draw(st.lists(site, min_size=1, max_size=5))
    structure = Structure(lattice, [s for s, _ in sites], [p for _, p in sites])
    distances = structure.distance_matrix + 9 * np.eye(len(structure))
    assume(distances.min() > 0.7)
    return structure


def vector(name: str, structure: Structure) -> np.ndarray:
    descriptor = descriptors()[name]
    return descriptor.run(structure, descriptor.settings(**SETTINGS[name]))


def assert_same(name: str, one: Structure, other: Structure) -> None:
    expected = vector(name, one)
    np.testing.assert_allclose(vector(name, other), expected, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(structure=structures(), data=st.data())
def test_order_of_the_atoms_does_not_matter(name, structure, data):
    order = data.draw(st.permutations(range(len(structure))))
    assert_same(name, structure, Structure.from_sites([structure[n] for n in order]))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(structure=structures(), seed=st.integers(0, 2**32 - 1))
def test_rotating_the_crystal_changes_nothing(name, structure, seed):
    matrix = structure.lattice.matrix @ Rotation.random(rng=seed).as_matrix()
    assert_same(name, structure, Structure(matrix, structure.species, structure.frac_coords))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(structure=structures(), shift=position, jump=st.integers(-3, 3))
def test_moving_the_origin_or_an_atom_by_a_cell_changes_nothing(name, structure, shift, jump):
    positions = structure.frac_coords + shift
    positions[0] += jump
    assert_same(name, structure, Structure(structure.lattice, structure.species, positions))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(
    structure=structures(),
    scaling=st.sampled_from(
        [
            (2, 1, 1),
            (1, 3, 1),
            [[1, 1, 0], [-1, 1, 0], [0, 0, 1]],
            [[0, 1, 1], [1, 0, 1], [1, 1, 0]],
        ]
    ),
)
def test_a_supercell_is_the_same_crystal(name, structure, scaling):
    assert_same(name, structure, structure.make_supercell(scaling, in_place=False))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(
    structure=structures(),
    change=st.sampled_from([[[1, 1, 0], [0, 1, 0], [0, 0, 1]], [[1, 0, 2], [0, 1, -1], [0, 0, 1]]]),
)
def test_another_choice_of_cell_vectors_is_the_same_crystal(name, structure, change):
    assert_same(name, structure, structure.make_supercell(change, in_place=False))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(structure=structures())
def test_the_vector_has_the_promised_length_and_the_structure_is_left_alone(name, structure):
    before = structure.copy()
    descriptor = descriptors()[name]
    for parameters in ({}, SETTINGS[name]):
        complete = descriptor.settings(**parameters)
        assert descriptor.run(structure, complete).shape == (descriptor.width(complete),)
    assert structure == before


@pytest.mark.parametrize("name", NAMES)
def test_different_crystals_differ(name):
    rocksalt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    cesium_chloride = Structure(Lattice.cubic(3.55), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    zincblende = Structure.from_spacegroup(
        "F-43m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    for one, other in combinations_with_replacement((rocksalt, cesium_chloride, zincblende), 2):
        same = np.allclose(vector(name, one), vector(name, other))
        assert same == (one is other)
