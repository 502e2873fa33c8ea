"""A descriptor describes the crystal, not the way its cell was written down.

Every descriptor of materials there is takes part. Rows of sites are compared site by site; rows of
edges name sites and cells, so what else they hold is compared, in any order.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from features.crystal import crystal_of
from features.descriptor import descriptors
from features.materials.crystal_graph import COLUMNS as EDGE_COLUMNS
from registry.errors import Unsupported

MATERIALS = {name: d for name, d in descriptors().items() if d.entity == "material"}
NAMES = sorted(name for name, d in MATERIALS.items() if d.rows != "edge")
# smaller than the defaults, so that many examples stay quick
SMALL = {
    "n_atoms_max": 12,
    "cutoff": 5.0,
    "r_max": 4.0,
    "r_cut": 4.0,
    "n_max": 3,
    "l_max": 2,
    "n_grid": 6,
}
SAME_FOR = {"composition": "polymorphs"}
"""Descriptors that cannot tell crystals of one composition apart."""
ELEMENTS = ("H", "O", "F", "S", "Na", "Ca", "Fe", "Cu", "La", "U", "Si", "C")
EXAMPLES = 5

few = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
length = st.integers(3000, 6000).map(lambda n: n / 1000)
angle = st.integers(70, 110).map(float)
fraction = st.integers(0, 999).map(lambda n: n / 1000)
position = st.tuples(fraction, fraction, fraction)
site = st.tuples(st.sampled_from(ELEMENTS), position)

# lattices with more symmetry than the crystal has: where a choice of cell vectors shows
SYMMETRIC = {
    "quartz": Structure.from_spacegroup(
        "P3_121",
        Lattice.hexagonal(4.9134, 5.4052),
        ["Si", "O"],
        [[0.4699, 0, 1 / 3], [0.4141, 0.2681, 0.4521]],
    ),
    "pyrite": Structure.from_spacegroup(
        "Pa-3", Lattice.cubic(5.416), ["Fe", "S"], [[0, 0, 0], [0.385] * 3]
    ),
    "dolomite": Structure.from_spacegroup(
        "R-3",
        Lattice.hexagonal(4.812, 16.02),
        ["Ca", "Mg", "C", "O"],
        [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.2429], [0.2474, -0.0347, 0.2440]],
    ),
    "copper": Structure(Lattice(1.807 * (np.ones((3, 3)) - np.eye(3))), ["Cu"], [[0.1, 0.2, 0.3]]),
    "a crystal without symmetry in a cubic lattice": Structure(
        Lattice([[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]]),
        ["Na", "Cl", "F"],
        [[0, 0, 0], [0.45, 0.52, 0.41], [0.21, 0.77, 0.13]],
    ),
}


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    if draw(st.integers(0, 3)) == 0:
        return SYMMETRIC[draw(st.sampled_from(sorted(SYMMETRIC)))]
    lattice = Lattice.from_parameters(*draw(st.tuples(length, length, length, angle, angle, angle)))
    sites = draw(st.lists(site, min_size=1, max_size=5))
    structure = Structure(lattice, [s for s, _ in sites], [p for _, p in sites])
    distances = structure.distance_matrix + 9 * np.eye(len(structure))
    assume(distances.min() > 0.7)
    return structure


def chosen(name: str) -> dict:
    """Settings of a descriptor, small where it has a parameter that makes it so."""
    descriptor = MATERIALS[name]
    return descriptor.settings(**{k: v for k, v in SMALL.items() if k in descriptor.parameters})


def outcome(name: str, structure: Structure) -> np.ndarray | str:
    """The value, or what would have been accepted."""
    try:
        return MATERIALS[name].run(structure, chosen(name))
    except Unsupported as refusal:
        return refusal.expected


def assert_same(name: str, one: Structure, other: Structure, sites: list[int]) -> None:
    """``sites`` says which site of ``one`` each site of ``other`` is."""
    expected, found = outcome(name, one), outcome(name, other)
    if isinstance(expected, str):
        assert found == expected
        return
    if MATERIALS[name].rows == "site":
        expected = expected[sites]
    np.testing.assert_allclose(found, expected, atol=2e-7 * np.abs(expected).max(initial=1e-300))


def all_sites(structure: Structure, times: int = 1) -> list[int]:
    return [n for n in range(len(structure)) for _ in range(times)]


def supercell(structure: Structure, scaling: object) -> tuple[Structure, list[int]]:
    """A supercell, and which site of the cell each of its sites repeats."""
    marked = structure.copy(site_properties={"origin": list(range(len(structure)))})
    large = marked.make_supercell(scaling, in_place=False)
    return large.copy(site_properties={}), [int(s.properties["origin"]) for s in large]


@pytest.mark.parametrize("name", NAMES)
@few
@given(structure=structures(), data=st.data())
def test_order_of_the_atoms_does_not_matter(name, structure, data):
    order = data.draw(st.permutations(range(len(structure))))
    assert_same(name, structure, Structure.from_sites([structure[n] for n in order]), order)


@pytest.mark.parametrize("name", NAMES)
@few
@given(structure=structures(), seed=st.integers(0, 2**32 - 1))
def test_rotating_the_crystal_changes_nothing(name, structure, seed):
    matrix = structure.lattice.matrix @ Rotation.random(rng=seed).as_matrix()
    rotated = Structure(matrix, structure.species, structure.frac_coords)
    assert_same(name, structure, rotated, all_sites(structure))


@pytest.mark.parametrize("name", NAMES)
@few
@given(structure=structures(), shift=position, jump=st.integers(-3, 3))
def test_moving_the_origin_or_an_atom_by_a_cell_changes_nothing(name, structure, shift, jump):
    positions = structure.frac_coords + shift
    positions[0] += jump
    moved = Structure(structure.lattice, structure.species, positions)
    assert_same(name, structure, moved, all_sites(structure))


@pytest.mark.parametrize("name", NAMES)
@few
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
    assert_same(name, structure, *supercell(structure, scaling))


@pytest.mark.parametrize("name", NAMES)
@few
@given(
    structure=structures(),
    change=st.sampled_from(
        [
            [[1, 1, 0], [0, 1, 0], [0, 0, 1]],
            [[1, 0, 2], [0, 1, -1], [0, 0, 1]],
            [[0, 1, 0], [-1, -1, 0], [0, 0, 1]],
        ]
    ),
)
def test_another_choice_of_cell_vectors_is_the_same_crystal(name, structure, change):
    assert_same(name, structure, *supercell(structure, change))


def edges(structure: Structure) -> np.ndarray:
    """Distances and charges of the edges, sorted."""
    kept = [n for n, c in enumerate(EDGE_COLUMNS) if c == "distance" or c.endswith("charge")]
    rows = MATERIALS["crystal_graph"].run(structure, chosen("crystal_graph"))[:, kept]
    return rows[np.lexsort(np.round(rows, 6).T)]


def test_edges_are_those_of_the_crystal():
    assert [name for name, d in MATERIALS.items() if d.rows == "edge"] == [
        "crystal_graph",
        "crystal_graph_vectors",
    ]
    structure = SYMMETRIC["dolomite"]
    turned = Structure(
        structure.lattice.matrix @ Rotation.random(rng=1).as_matrix(),
        structure.species[::-1],
        structure.frac_coords[::-1] + np.array([0.3, 1.2, -0.1]),
    )
    np.testing.assert_allclose(edges(turned), edges(structure), atol=1e-9)
    for scaling, times in (((2, 1, 1), 2), ([[1, 1, 0], [0, 1, 0], [0, 0, 1]], 1)):
        large, _ = supercell(structure, scaling)
        expected = np.repeat(edges(structure), times, axis=0)
        np.testing.assert_allclose(edges(large), expected, atol=1e-9)


@pytest.mark.parametrize("name", sorted(MATERIALS))
def test_the_value_has_the_promised_shape_and_the_structure_is_left_alone(name):
    structure = SYMMETRIC["quartz"]
    before = structure.copy()
    descriptor = MATERIALS[name]
    for complete in (descriptor.settings(), chosen(name)):
        found = descriptor.run(structure, complete)
        width = (descriptor.width(complete),)
        assert (
            found.shape
            == {
                "": width,
                "site": (len(structure), *width),
                "edge": (len(found), *width),
            }[descriptor.rows]
        )
        assert np.isfinite(found).all()
    assert structure == before


@pytest.mark.parametrize("name", NAMES)
def test_different_crystals_differ(name):
    rocksalt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ).get_primitive_structure()
    cesium_chloride = Structure(Lattice.cubic(3.55), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    zincblende = Structure.from_spacegroup(
        "F-43m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.25, 0.25, 0.25]]
    ).get_primitive_structure()
    polymorphs = (rocksalt, cesium_chloride, zincblende)
    for one, other in combinations_with_replacement(polymorphs, 2):
        same = np.allclose(outcome(name, one), outcome(name, other))
        assert same == (one is other or SAME_FOR.get(name) == "polymorphs")


@pytest.mark.parametrize("name", NAMES)
def test_many_at_once_are_the_same_as_one_by_one(name):
    descriptor, complete = MATERIALS[name], chosen(name)
    crystals = [crystal_of(s) for s in SYMMETRIC.values()]
    for one, many in zip(crystals, descriptor.run_all(crystals, complete), strict=True):
        try:
            np.testing.assert_array_equal(descriptor.run(one, complete), many)
        except Unsupported as refusal:
            assert str(refusal) == str(many)
