"""Vectors of edges turn with the crystal; nothing else about it changes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from features.materials import crystal_graph
from features.materials.crystal_graph import edges_of
from features.materials.crystal_graph_vectors import DESCRIPTOR
from registry.errors import BadInput, WrongUse

TRICLINIC = Structure(
    Lattice.from_parameters(3.9, 4.2, 5.3, 72, 81, 108),
    ["Fe", "S", {"S": 0.5, "O": 0.25}],
    [[0.1, 0.2, 0.3], [0.61, 0.83, 0.02], [-1.2, 0.6, 2.7]],
)
CUT = {"cutoff": 4.5}


def rows(structure, **parameters):
    return DESCRIPTOR.run(structure, DESCRIPTOR.settings(**{**CUT, **parameters}))


def changed(structure, turn=None, shift=(0, 0, 0), order=(0, 1, 2)):
    lattice = structure.lattice.matrix if turn is None else structure.lattice.matrix @ turn.T
    sites = [structure[n] for n in order]
    at = np.array([site.frac_coords for site in sites]) + shift
    return Structure(lattice, [site.species for site in sites], at)


@pytest.mark.parametrize("n_nearest", [0, 4])
def test_the_first_columns_are_those_of_the_graph_without_vectors(n_nearest):
    plain = crystal_graph.DESCRIPTOR
    expected = plain.run(TRICLINIC, plain.settings(**CUT, n_nearest=n_nearest))
    found = rows(TRICLINIC, n_nearest=n_nearest)
    np.testing.assert_array_equal(found[:, :8], expected)
    assert found.shape[1] == DESCRIPTOR.width(DESCRIPTOR.settings()) == 11


def test_the_vectors_are_those_of_pymatgen_after_single_precision():
    edges = edges_of(rows(TRICLINIC).astype(np.float32))
    centre, neighbour, image, _ = TRICLINIC.get_neighbor_list(4.5)
    at = TRICLINIC.cart_coords
    theirs = at[neighbour] + image @ TRICLINIC.lattice.matrix - at[centre]
    place = np.column_stack([centre, neighbour, np.rint(image)])
    ours = np.column_stack([*edges.edge_index, edges.shift])
    order, expected = np.lexsort(ours.T), np.lexsort(place.T)
    np.testing.assert_allclose(edges.vector[order], theirs[expected], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(edges.vector, axis=1), edges.distance, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    improper=st.booleans(),
    shift=st.tuples(*[st.floats(-2, 2)] * 3),
    order=st.permutations(range(3)),
)
def test_vectors_turn_with_the_crystal_and_nothing_else_changes(seed, improper, shift, order):
    turn = Rotation.random(rng=seed).as_matrix() * (-1 if improper else 1)
    before = edges_of(rows(TRICLINIC))
    after = edges_of(rows(changed(TRICLINIC, turn, shift, order)))
    # sites of the changed crystal by their number in the first
    names = np.array(order)
    table = np.column_stack([before.vector @ turn.T, before.charge[before.edge_index[0]]])
    other = np.column_stack([after.vector, after.charge[after.edge_index[0]]])
    assert len(table) == len(other)
    for centre in range(3):
        mine = table[before.edge_index[0] == centre]
        theirs = other[names[after.edge_index[0]] == centre]
        gap = np.abs(mine[:, None] - theirs[None]).max(axis=2)
        assert gap.min(axis=0).max() < 1e-6
        assert gap.min(axis=1).max() < 1e-6


def test_every_edge_has_its_way_back():
    vectors = np.round(edges_of(rows(TRICLINIC)).vector, 6) + 0.0
    assert {tuple(v) for v in vectors} == {tuple(-v + 0.0) for v in vectors}


def test_stored_graphs_without_vectors_are_read_as_before():
    plain = crystal_graph.DESCRIPTOR
    settings_ = plain.settings()
    edges = edges_of(plain.run(TRICLINIC, settings_).astype(np.float32).ravel())
    assert edges.vector is None
    assert len(edges.distance) == edges.edge_index.shape[1]
    # the identity under which the view has been stored so far
    assert set(settings_) == {"cutoff", "n_nearest"}
    assert plain.version == "1"


@pytest.mark.parametrize("shape", [(0, 11), (3, 10), (4, 12)])
def test_rows_of_something_else_are_told(shape):
    with pytest.raises(BadInput, match="width 8, or 11 with vectors"):
        edges_of(np.zeros(shape))


@pytest.mark.parametrize("parameters", [{"cutoff": 0.0}, {"n_nearest": -1}])
def test_impossible_parameters_are_told_before_anything_is_computed(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters))):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))
