"""Voxels hold atoms: as many as the cell has, where the cell has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from features.crystal import crystal_of
from features.materials._classes import CLASSES, class_weights
from features.materials.density_voxels import DESCRIPTOR, standardised, voxels
from registry.errors import WrongUse

SHARED = Structure(
    Lattice.from_parameters(4.1, 5.3, 6.2, 81, 78, 107),
    [{"Fe": 0.6, "Mg": 0.3}, "O", "D", {"O": 0.5}],
    [[0.02, 0.9, 0.5], [0.5, 0.1, 1.97], [0.4, -0.62, 0.1], [0.7, 0.6, 0.3]],
)


def grid_of(structure, **parameters):
    chosen = DESCRIPTOR.settings(**parameters)
    n = chosen["n_grid"]
    return DESCRIPTOR.run(structure, chosen).reshape(len(CLASSES), n, n, n)


@pytest.mark.parametrize("parameters", [{}, {"n_grid": 5}, {"sigma": 0.05}, {"n_grid": 1}])
def test_each_channel_sums_to_the_atoms_of_its_class(parameters):
    expected = class_weights(crystal_of(SHARED)).sum(axis=0)
    found = grid_of(SHARED, **parameters).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert expected[CLASSES.index("oxygen")] == 1.5


def test_a_supercell_has_the_atoms_of_the_primitive_cell():
    np.testing.assert_allclose(grid_of(SHARED * (1, 2, 1)), grid_of(SHARED), atol=1e-9)


def test_where_the_grid_is_fine_it_is_the_gaussian_density():
    a, n, sigma = 5.0, 20, 0.5
    position = np.array([[0.31, 0.52, 0.77]])
    found = voxels(a * np.eye(3), position, np.ones((1, 1)), n_grid=n, sigma=sigma)[0]
    x = np.arange(n)[:, None] / n - position[0]
    # images of a Gaussian along each axis, times the volume of a voxel
    images = x[:, :, None] + np.arange(-2, 3)
    one = np.exp(-((a * images) ** 2) / (2 * sigma**2)).sum(-1) / np.sqrt(2 * np.pi) / sigma
    expected = np.einsum("i,j,k->ijk", *one.T) * (a / n) ** 3
    np.testing.assert_allclose(found, expected, atol=1e-6 * expected.max())


def test_a_skewed_cell_has_round_atoms():
    lattice = Lattice.from_parameters(4.0, 5.0, 6.0, 75, 80, 110)
    found = voxels(lattice.matrix, np.zeros((1, 3)), np.ones((1, 1)), n_grid=24, sigma=0.4)[0]
    at = np.stack(np.meshgrid(*[np.arange(24) / 24] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = lattice.get_all_distances(np.zeros((1, 3)), at)[0]
    near = distance < 1.5
    expected = np.exp(-(distance[near] ** 2) / (2 * 0.4**2))
    np.testing.assert_allclose(found.ravel()[near] / found.max(), expected, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(
    steps=st.tuples(*[st.integers(-9, 9)] * 3),
    at=st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=3),
)
def test_a_shift_by_grid_steps_rolls_the_grid(steps, at):
    basis = Lattice.from_parameters(4.0, 5.0, 6.0, 75, 80, 110).matrix
    weights = np.eye(3)[: len(at)]
    before = voxels(basis, np.array(at), weights, n_grid=8, sigma=0.6)
    after = voxels(basis, np.array(at) + np.array(steps) / 8, weights, n_grid=8, sigma=0.6)
    np.testing.assert_allclose(after, np.roll(before, steps, axis=(1, 2, 3)), atol=1e-6)


def test_the_cell_is_reduced_and_the_origin_an_atom_of_the_rarest_kind():
    spinel = Structure.from_spacegroup(
        "Fd-3m",
        Lattice.cubic(8.08),
        ["Mg", "Al", "O"],
        [[0, 0, 0], [0.625] * 3, [0.3874] * 3],
    )
    basis, positions, weights = standardised(crystal_of(spinel))
    assert abs(np.linalg.det(basis)) == pytest.approx(8.08**3 / 4)
    np.testing.assert_allclose(np.linalg.norm(basis, axis=1), 8.08 / np.sqrt(2))
    held = dict(zip(CLASSES, weights.sum(axis=0), strict=True))
    assert (held["s_block"], held["p_block"], held["oxygen"]) == (2, 4, 8)
    origin = np.abs(positions).sum(axis=1).argmin()
    np.testing.assert_allclose(positions[origin], 0, atol=1e-12)
    assert weights[origin, CLASSES.index("s_block")] == 1


def test_both_hands_of_quartz_share_a_vector():
    def quartz(group, z):
        return Structure.from_spacegroup(
            group,
            Lattice.hexagonal(4.9134, 5.4052),
            ["Si", "O"],
            [[0.4699, 0, z], [0.4141, 0.2681, 0.4521 if z < 0.5 else 1 - 0.4521]],
        )

    right, left = quartz("P3_121", 1 / 3), quartz("P3_221", 2 / 3)
    np.testing.assert_allclose(grid_of(left), grid_of(right), atol=1e-9)


@pytest.mark.parametrize("parameters", [{"n_grid": 0}, {"n_grid": 129}, {"sigma": 0.0}])
def test_impossible_parameters_are_told(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters))):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))
