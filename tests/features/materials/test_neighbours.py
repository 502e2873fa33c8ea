"""The own neighbour list and its histogram are those of pymatgen, to the last pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice
from pymatgen.optimization.neighbors import find_points_in_spheres

from features.materials._compiled import compiled
from features.materials._neighbours import displacements, neighbour_pairs, pair_counts
from registry.errors import BadInput

length = st.integers(250, 900).map(lambda n: n / 100)
angle = st.integers(50, 130).map(float)


@st.composite
def crystals(draw):
    """Skewed cells with round numbers, so that distances do fall on edges; atoms anywhere."""
    a, b, c = draw(st.tuples(length, length, length))
    angles = draw(st.sampled_from([(90.0, 90.0, 90.0), (90.0, 90.0, 120.0), None]))
    alpha, beta, gamma = angles or draw(st.tuples(angle, angle, angle))
    cosines = np.cos(np.radians([alpha, beta, gamma]))
    if 1 + 2 * cosines.prod() - (cosines**2).sum() < 0.05:
        alpha = beta = gamma = 75.0
    fractions = st.integers(-12, 24).map(lambda n: n / 12)
    positions = draw(st.lists(st.tuples(fractions, fractions, fractions), min_size=1, max_size=6))
    lattice = Lattice.from_parameters(a, b, c, alpha, beta, gamma).matrix
    return lattice, np.array(positions) @ lattice


def by_pymatgen(lattice, positions, cutoff):
    at = np.ascontiguousarray(positions)
    centre, neighbour, image, distance = find_points_in_spheres(
        at, at, r=cutoff, pbc=np.ones(3, dtype=np.int64), lattice=np.ascontiguousarray(lattice)
    )
    apart = (centre != neighbour) | (distance > 1e-8)
    return centre[apart], neighbour[apart], image[apart], distance[apart]


@settings(max_examples=60, deadline=None)
@given(crystal=crystals(), cutoff=st.sampled_from([1.5, 3.0, 6.5]))
def test_the_list_holds_the_pairs_and_images_that_pymatgen_finds(crystal, cutoff):
    lattice, positions = crystal
    pairs = neighbour_pairs(lattice, positions, cutoff)
    centre, neighbour, image, distance = by_pymatgen(lattice, positions, cutoff)
    ours = np.column_stack([pairs.centre, pairs.neighbour, pairs.image])
    theirs = np.column_stack([centre, neighbour, np.rint(image).astype(int)])
    order, expected = np.lexsort(ours.T), np.lexsort(theirs.T)
    np.testing.assert_array_equal(ours[order], theirs[expected])
    np.testing.assert_allclose(pairs.distance[order], distance[expected], atol=1e-10)
    apart = displacements(lattice, positions, pairs)
    np.testing.assert_allclose(np.linalg.norm(apart, axis=1), pairs.distance, atol=1e-9)
    assert (np.diff(pairs.centre) >= 0).all()
    counts = np.bincount(pairs.centre, minlength=len(positions))
    np.testing.assert_array_equal(np.diff(pairs.start(len(positions))), counts)


@settings(max_examples=60, deadline=None)
@given(crystal=crystals(), seed=st.integers(0, 99), bin_size=st.sampled_from([0.1, 0.25, 0.3]))
def test_counts_are_those_of_a_histogram_of_the_list_even_on_the_edges(crystal, seed, bin_size):
    lattice, positions = crystal
    n_bins = 20
    edges = bin_size * np.arange(n_bins + 1)
    weights = np.random.default_rng(seed).integers(0, 3, (len(positions), 2)).astype(float)
    centre, neighbour, _, distance = by_pymatgen(lattice, positions, float(edges[-1]))
    expected = np.zeros((2, 2, n_bins))
    for a in range(2):
        for b in range(2):
            share = weights[centre, a] * weights[neighbour, b]
            expected[a, b], _ = np.histogram(distance, bins=edges, weights=share)
    np.testing.assert_array_equal(pair_counts(lattice, positions, weights, edges, 0.0), expected)


def test_simple_cubic_distances_all_lie_on_edges_and_are_all_counted():
    edges = 0.5 * np.arange(9)
    counts = pair_counts(np.eye(3), np.array([[7.3, 0.1, -4.0]]), np.ones((1, 1)), edges, 1e-8)
    # points with 0.5 k <= |n| < 0.5 (k + 1), and |n| = 4 in none: it is the last edge, passed
    r = np.linalg.norm(np.stack(np.meshgrid(*3 * [np.arange(-4, 5)])).reshape(3, -1), axis=0)
    expected, _ = np.histogram(r[(r > 0) & (r < 3.999)], bins=edges)
    np.testing.assert_array_equal(counts[0, 0], expected)


def test_atoms_in_one_place_meet_each_other_but_no_atom_itself():
    pairs = neighbour_pairs(5 * np.eye(3), np.zeros((2, 3)), 1.0)
    assert pairs.centre.tolist() == [0, 1]
    assert pairs.distance.tolist() == [0, 0]


def test_read_only_arrays_are_taken_and_left_alone():
    lattice, positions = 3 * np.eye(3), np.zeros((1, 3))
    lattice.flags.writeable = positions.flags.writeable = False
    assert len(neighbour_pairs(lattice, positions, 3.1).centre) == 6


@pytest.mark.parametrize(
    ("lattice", "positions"),
    [
        (np.zeros((3, 3)), np.zeros((1, 3))),
        (np.eye(3), np.zeros((0, 3))),
        (np.eye(3), np.full((1, 3), np.nan)),
    ],
)
def test_what_is_no_crystal_is_told(lattice, positions):
    with pytest.raises(BadInput, match="in a cell of"):
        neighbour_pairs(lattice, positions, 2.0)


def test_kernels_run_where_nothing_can_be_written(monkeypatch):
    import numba

    njit = numba.njit

    def without_cache(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return njit(*args, **options)

    monkeypatch.setattr(numba, "njit", without_cache)
    assert compiled(lambda x: x + 1)(2) == 3
