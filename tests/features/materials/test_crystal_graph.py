"""The crystal graph has pymatgen's edges, keeps shells whole and survives storage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from features.crystal import Crystal, crystal_of
from features.materials import crystal_graph
from features.materials.crystal_graph import DESCRIPTOR, edges_of
from registry.errors import BadInput, Unsupported, WrongUse

SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
TRICLINIC = Structure(
    Lattice.from_parameters(3.9, 4.2, 5.3, 72, 81, 108),
    ["Fe", "S", {"S": 0.5, "O": 0.25}],
    [[0.1, 0.2, 0.3], [0.61, 0.83, 0.02], [-1.2, 0.6, 2.7]],
)


def graph(structure, **parameters):
    rows = DESCRIPTOR.run(structure, DESCRIPTOR.settings(**parameters))
    return edges_of(rows.astype(np.float32))


@pytest.mark.parametrize("structure", [SALT, TRICLINIC], ids=["salt", "triclinic"])
def test_edges_are_those_of_pymatgen_after_single_precision(structure):
    edges = graph(structure, cutoff=4.5)
    centre, neighbour, image, distance = structure.get_neighbor_list(4.5)
    theirs = np.column_stack([centre, neighbour, np.rint(image).astype(int)])
    ours = np.column_stack([*edges.edge_index, edges.shift])
    order, expected = np.lexsort(ours.T), np.lexsort(theirs.T)
    np.testing.assert_array_equal(ours[order], theirs[expected])
    np.testing.assert_allclose(edges.distance[order], distance[expected], rtol=1e-6)


def test_vectors_follow_from_the_shifts():
    edges = graph(TRICLINIC, cutoff=4.5)
    at, (centre, neighbour) = TRICLINIC.cart_coords, edges.edge_index
    vectors = at[neighbour] + edges.shift @ TRICLINIC.lattice.matrix - at[centre]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), edges.distance, rtol=1e-6)


def test_a_site_has_its_mean_charge():
    np.testing.assert_allclose(graph(TRICLINIC).charge, [26, 16, 0.5 * 16 + 0.25 * 8])


@pytest.mark.parametrize(("n_nearest", "degree"), [(1, 6), (6, 6), (7, 18), (18, 18), (500, 18)])
def test_shells_are_never_cut(n_nearest, degree):
    edges = graph(SALT, n_nearest=n_nearest, cutoff=4.5)
    assert np.bincount(edges.edge_index[0]).tolist() == [degree] * len(SALT)


@settings(max_examples=25, deadline=None)
@given(
    n_nearest=st.integers(0, 12),
    order=st.permutations(range(3)),
    jump=st.integers(-2, 2),
    supercell=st.sampled_from([(1, 1, 1), (2, 1, 1), [[1, 1, 0], [0, 1, 0], [0, 0, 1]]]),
)
def test_the_shells_of_the_sites_do_not_depend_on_how_the_cell_is_written(
    n_nearest, order, jump, supercell
):
    def shells(structure):
        edges = graph(structure, n_nearest=n_nearest, cutoff=4.5)
        lists = [np.sort(edges.distance[edges.edge_index[0] == n]) for n in range(len(structure))]
        return sorted(np.round(shell, 4).tolist() for shell in lists)

    changed = Structure.from_sites([TRICLINIC[n] for n in order])
    changed.translate_sites([0], [jump, 0.25, 0.5], to_unit_cell=False)
    changed.translate_sites([1, 2], [0, 0.25, 0.5], to_unit_cell=False)
    bigger = changed.make_supercell(supercell, in_place=False)
    copies = len(bigger) // len(TRICLINIC)
    for one, other in zip(shells(bigger), sorted(shells(TRICLINIC) * copies), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)


def test_edges_come_by_centre_and_the_nearest_ones_first():
    assert (np.diff(graph(SALT).edge_index[0]) >= 0).all()
    edges = graph(SALT, n_nearest=12)
    assert (np.diff(edges.edge_index[0]) >= 0).all()
    for n in range(len(SALT)):
        assert (np.diff(edges.distance[edges.edge_index[0] == n]) >= 0).all()


def test_a_site_that_would_be_missing_is_refused():
    alone = Structure(
        Lattice.cubic(9), ["Na", "Cl", "He"], [[0, 0, 0], [0.3, 0, 0], [0.6, 0.5, 0.5]]
    )
    with pytest.raises(Unsupported, match=r"site 2.*within 4 angstrom"):
        graph(alone, cutoff=4.0)


@pytest.mark.parametrize("n_nearest", [0, 3])
def test_many_crystals_give_what_each_gives_alone(monkeypatch, n_nearest):
    lonely = Structure(Lattice.cubic(9), ["He"], [[0, 0, 0]])
    given = [crystal_of(s) for s in (SALT, TRICLINIC, lonely, TRICLINIC, SALT)]
    settings = DESCRIPTOR.settings(n_nearest=n_nearest, cutoff=4.5)
    alone = [DESCRIPTOR.run(c, settings) for c in (given[0], given[1])]
    monkeypatch.setattr(crystal_graph, "CHUNK", 2)
    # room for one edge: the kernel is called again
    monkeypatch.setattr(crystal_graph, "_about", lambda *_: 1)
    found = DESCRIPTOR.run_all(given, settings)
    assert "site 0" in str(found.pop(2))
    for rows, expected in zip(found, [*alone, *alone[::-1]], strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_a_cell_whose_indices_would_be_rounded_is_refused():
    n = 2**24 + 1
    many = np.broadcast_to(np.zeros(1), (n, 3))
    one = np.broadcast_to(np.ones(1), n)
    site = np.broadcast_to(np.ones(1, dtype=np.int64), n)
    with pytest.raises(Unsupported, match="16777217"):
        DESCRIPTOR.run(Crystal(np.eye(3), many, site, site, one), DESCRIPTOR.settings())


@pytest.mark.parametrize("rows", [np.zeros((0, 8)), np.zeros((3, 7)), np.zeros(9)])
def test_rows_of_something_else_are_told(rows):
    with pytest.raises(BadInput, match="width 8"):
        edges_of(rows)


@pytest.mark.parametrize("parameters", [{"cutoff": 0.0}, {"n_nearest": -1}, {"n_nearest": 1.5}])
def test_impossible_parameters_are_told_before_anything_is_computed(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters))):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))
