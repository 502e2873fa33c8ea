"""The Coulomb matrix is Rupp's for a molecule, and defined for a crystal."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase.build import molecule
from dscribe.descriptors import CoulombMatrix
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from features.crystal import Crystal, crystal_of
from features.materials.coulomb_matrix import DESCRIPTOR, coulomb_matrix
from registry.errors import Unsupported, WrongUse

# Himanen et al., Comput. Phys. Commun. 247, 106949 (2020): methanol, one decimal or two
METHANOL = np.array(
    [
        [36.9, 33.7, 5.5, 3.1, 5.5, 5.5],
        [33.7, 73.5, 4.0, 8.2, 3.8, 3.8],
        [5.5, 4.0, 0.5, 0.35, 0.56, 0.56],
        [3.1, 8.2, 0.35, 0.5, 0.43, 0.43],
        [5.5, 3.8, 0.56, 0.43, 0.5, 0.56],
        [5.5, 3.8, 0.56, 0.43, 0.56, 0.5],
    ]
)


SPINEL = crystal_of(
    Structure.from_spacegroup(
        "Fd-3m",
        Lattice.cubic(8.08),
        ["Mg", "Al", "O"],
        [[0, 0, 0], [0.625] * 3, [0.3874] * 3],
    )
)


def vector(structure, **parameters):
    return DESCRIPTOR.run(structure, DESCRIPTOR.settings(**parameters))


def in_wide_cell(atoms):
    return Structure(Lattice.cubic(50), atoms.numbers, atoms.positions, coords_are_cartesian=True)


def unfolded(triangle, n):
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n)] = triangle
    return matrix + np.triu(matrix, 1).T


def matrix_of(structure):
    return coulomb_matrix(
        structure.lattice.matrix, structure.frac_coords, np.array(structure.atomic_numbers)
    )


def test_methanol_has_the_published_matrix():
    found = matrix_of(in_wide_cell(molecule("CH3OH")))
    # the published figures were rounded (or cut) to two digits
    np.testing.assert_allclose(found, METHANOL, atol=0.11, rtol=0.03)


@pytest.mark.parametrize("name", ["H2O", "C6H6", "CH3CH2OH", "SO2", "C2H4"])
def test_a_molecule_in_a_wide_cell_has_the_spectrum_dscribe_gives(name):
    atoms = molecule(name)
    expected = CoulombMatrix(n_atoms_max=20, permutation="eigenspectrum").create(atoms)
    found = vector(in_wide_cell(atoms), n_atoms_max=20)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["H2O", "SO2", "OCS", "CH3OH"])
def test_sorted_is_the_matrix_dscribe_sorts(name):
    atoms = molecule(name)
    expected = CoulombMatrix(n_atoms_max=8, permutation="sorted_l2").create(atoms).reshape(8, 8)
    found = unfolded(vector(in_wide_cell(atoms), n_atoms_max=8, form="sorted"), 8)
    norms = np.linalg.norm(found, axis=1)
    assert (np.diff(norms) < 1e-9).all()
    # where norms tie the published order is open: the rows hold the same
    np.testing.assert_allclose(np.sort(found, axis=1), np.sort(expected, axis=1), atol=1e-9)
    if len(np.unique(norms.round(6))) == len(np.unique(norms)):
        np.testing.assert_allclose(np.linalg.norm(expected, axis=1), norms, atol=1e-9)


def test_water_sorted_by_hand():
    found = vector(in_wide_cell(molecule("H2O")), n_atoms_max=4, form="sorted")
    oh = molecule("H2O").get_distance(0, 1)
    hh = molecule("H2O").get_distance(1, 2)
    rows = [0.5 * 8**2.4, 8 / oh, 8 / oh, 0, 0.5, 1 / hh, 0, 0.5, 0, 0]
    np.testing.assert_allclose(found, rows, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_sorted_does_not_depend_on_the_order_of_equivalent_atoms(seed):
    order = np.random.default_rng(seed).permutation(len(SPINEL))
    shuffled = Crystal(
        SPINEL.lattice,
        SPINEL.positions[order],
        SPINEL.site,
        SPINEL.numbers[order],
        SPINEL.shares,
    )
    expected = vector(SPINEL, n_atoms_max=14, form="sorted")
    np.testing.assert_allclose(vector(shuffled, n_atoms_max=14, form="sorted"), expected, atol=1e-9)


def test_both_forms_are_of_one_matrix():
    structure = in_wide_cell(molecule("CH3CH2OH"))
    matrix = unfolded(vector(structure, n_atoms_max=9, form="sorted"), 9)
    expected = sorted(np.linalg.eigvalsh(matrix), key=abs, reverse=True)
    np.testing.assert_allclose(vector(structure, n_atoms_max=9), expected, rtol=1e-10)


def test_hydrogen_has_its_closed_form():
    h2 = Structure(
        Lattice.cubic(30), ["H", "H"], [[0, 0, 0], [0, 0, 0.74]], coords_are_cartesian=True
    )
    # [[1/2, 1/d], [1/d, 1/2]] has the eigenvalues 1/2 +- 1/d
    np.testing.assert_allclose(vector(h2, n_atoms_max=2), [0.5 + 1 / 0.74, 0.5 - 1 / 0.74])


@pytest.mark.parametrize("n", [1, 2, 3, 10, 57, 110])
def test_eigenvalues_are_those_of_lapack(n):
    from features.materials._kernel_eigenvalues import fill_eigenvalues

    rng = np.random.default_rng(n)
    full = rng.normal(size=(n, n)) * 10.0 ** rng.uniform(-4, 4, (n, n))
    low_rank = np.outer(full[0], full[0])
    for matrix in (full + full.T, low_rank, np.diag(full[0]), np.zeros((n, n)), np.ones((n, n))):
        found = np.empty((1, n))
        fill_eigenvalues(matrix.ravel().copy(), np.array([0, n * n]), np.array([n]), found)
        assert (np.diff(np.abs(found[0])) <= 0).all()
        expected = np.linalg.eigvalsh(matrix)
        limit = 1e-13 * np.abs(expected).max() * n
        np.testing.assert_allclose(np.sort(found[0]), expected, atol=limit, rtol=0)


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
    np.testing.assert_allclose(matrix_of(structure), matrix, rtol=1e-12)
    expected = sorted(np.linalg.eigvalsh(matrix), key=abs, reverse=True)
    np.testing.assert_allclose(vector(structure)[:4], expected, rtol=1e-10)
    assert not vector(structure)[4:].any()


@settings(max_examples=50, deadline=None)
@given(
    skew=st.lists(st.integers(-4, 4), min_size=3, max_size=3),
    angles=st.lists(st.floats(50, 125), min_size=3, max_size=3).filter(
        lambda a: sum(a) < 350 and 2 * max(a) < sum(a) - 10
    ),
    at=st.lists(st.floats(-2, 2), min_size=3, max_size=3),
)
def test_nearest_images_are_found_in_any_cell(skew, angles, at):
    lattice = Lattice.from_parameters(3.1, 4.2, 3.7, *angles)
    skewed = Lattice(np.array([[1, skew[0], skew[1]], [0, 1, skew[2]], [0, 0, 1]]) @ lattice.matrix)
    structure = Structure(skewed, ["H", "H"], [[0, 0, 0], at])
    shells = np.array(list(product(range(-4, 5), repeat=3))) @ lattice.matrix
    inside = lattice.get_cartesian_coords(
        lattice.get_fractional_coords(structure.cart_coords[1]) % 1
    )
    nearest = np.linalg.norm(shells + inside, axis=1).min()
    if nearest > 0.1:
        assert 1 / matrix_of(structure)[0, 1] == pytest.approx(nearest, rel=1e-9)


def test_a_large_cell_of_a_small_crystal_is_taken():
    copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.61), ["Cu"], [[0, 0, 0]])
    found = vector(copper * (2, 2, 2), n_atoms_max=1)
    np.testing.assert_allclose(found, [0.5 * 29**2.4])


REFUSED = [
    (Structure(Lattice.cubic(4), ["Fe", "O"], [[0, 0, 0], [0.5] * 3]), "up to 1 atoms, found 2"),
    (Structure(Lattice.cubic(4), [{"Fe": 0.5}], [[0, 0, 0]]), "one species at full occupancy"),
    (Structure(Lattice.cubic(4), ["X"], [[0, 0, 0]]), "placeholder X"),
]


@pytest.mark.parametrize(("structure", "reason"), REFUSED)
def test_what_it_cannot_describe_is_refused_with_the_reason(structure, reason):
    with pytest.raises(Unsupported, match=reason):
        vector(structure, n_atoms_max=1)


@pytest.mark.parametrize("form", ["eigenvalues", "sorted"])
@pytest.mark.parametrize(
    ("symbols", "apart", "told"), [("FeO", 1e-4, r"0\.0004 A"), ("FeFe", 0.0, "0 A")]
)
def test_atoms_on_top_of_each_other_are_refused(form, symbols, apart, told):
    structure = Structure(Lattice.cubic(4), [symbols[:2], symbols[2:]], [[0, 0, 0], [0, 0, apart]])
    with pytest.raises(Unsupported, match=f"distance.*{told}"):
        vector(structure, form=form)


def test_one_that_is_refused_does_not_stop_the_others():
    fine = Structure(Lattice.cubic(3), ["Fe", "O"], [[0, 0, 0], [0.5] * 3])
    twice = Structure(Lattice.cubic(4), ["Fe", "Fe"], [[0, 0, 0], [0, 0, 1]])
    large = Structure(Lattice.cubic(4), ["Fe", "O", "H"], [[0, 0, 0], [0.5] * 3, [0.3, 0.1, 0.2]])
    given_ = [crystal_of(s) for s in (twice, fine, REFUSED[1][0], large, fine)]
    found = DESCRIPTOR.run_all(given_, DESCRIPTOR.settings(n_atoms_max=2))
    told = [str(o).split(":")[1].split()[0] for o in found if isinstance(o, Unsupported)]
    assert told == ["distance", "site", "primitive"]
    for n in (1, 4):
        np.testing.assert_array_equal(found[n], vector(fine, n_atoms_max=2))
    assert DESCRIPTOR.run_all([], DESCRIPTOR.settings()) == []


@pytest.mark.parametrize(
    ("lattice", "position"), [(np.zeros((3, 3)), 0.2), (np.eye(3) * np.nan, 0), (np.eye(3), np.nan)]
)
def test_what_is_no_cell_is_refused_and_does_not_stop_the_others(lattice, position):
    none = np.zeros(1, dtype=np.int64)
    wrong = Crystal(lattice, np.full((1, 3), position), none, none + 26, np.ones(1))
    first, second = DESCRIPTOR.run_all([wrong, SPINEL], DESCRIPTOR.settings())
    assert "cell: expected a volume" in str(first)
    np.testing.assert_array_equal(second, vector(SPINEL))


@pytest.mark.parametrize(
    "parameters", [{"n_atoms_max": 0}, {"n_atoms_max": -1}, {"form": "eigen"}, {"form": 3}]
)
def test_impossible_parameters_are_told(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters))):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))


def test_a_vector_is_as_long_as_its_form_asks():
    assert DESCRIPTOR.width(DESCRIPTOR.settings(n_atoms_max=23)) == 23
    assert DESCRIPTOR.width(DESCRIPTOR.settings(n_atoms_max=23, form="sorted")) == 276
