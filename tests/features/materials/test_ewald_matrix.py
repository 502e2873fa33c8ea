"""The Ewald matrix gives Madelung constants, and is what dscribe and pymatgen sum."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from dscribe.descriptors import EwaldSumMatrix
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core import Lattice, Structure

from features.materials.ewald_matrix import DESCRIPTOR, ewald_matrix
from registry.errors import Unsupported

E2 = EwaldSummation.CONV_FACT
"""e^2 / (4 pi epsilon_0) in eV angstrom."""
QUARTZ = Structure.from_spacegroup(
    "P3_121",
    Lattice.hexagonal(4.9134, 5.4052),
    ["Si", "O"],
    [[0.4699, 0, 1 / 3], [0.4141, 0.2681, 0.4521]],
)
TRICLINIC = Structure(
    Lattice.from_parameters(4.1, 5.3, 6.2, 81, 78, 107),
    ["Ca", "C", "O", "O"],
    [[0.02, 0.9, 0.5], [0.5, 0.1, 0.97], [0.4, 0.62, 0.1], [0.81, 0.3, 0.3]],
)


def matrix_of(structure, charges=None, alpha=None):
    given_ = structure.atomic_numbers if charges is None else charges
    return ewald_matrix(structure.lattice.matrix, structure.frac_coords, np.array(given_), alpha)


def energy(matrix):
    return np.triu(matrix).sum()


# R. E. Crandall and J. P. Buhler, J. Phys. A 20, 5497 (1987); OEIS A085469, A181152, A182566:
# per pair of ions, in units of the nearest distance
@pytest.mark.parametrize(
    ("group", "anion", "nearest", "madelung", "charge"),
    [
        ("Fm-3m", 0.5, 0.5, 1.7475645946331822, 1),  # rock salt
        ("Pm-3m", 0.5, np.sqrt(3) / 2, 1.7626747730709883, 1),  # caesium chloride
        ("F-43m", 0.25, np.sqrt(3) / 4, 1.6380550533887869, 2),  # zincblende
    ],
)
def test_madelung_constants_are_the_published_ones(group, anion, nearest, madelung, charge):
    a = 4.7
    structure = Structure.from_spacegroup(
        group, Lattice.cubic(a), ["Na", "Cl"], [[0, 0, 0], [anion] * 3]
    )
    charges = np.where(np.array(structure.atomic_numbers) == 11, charge, -charge)
    found = energy(matrix_of(structure, charges)) / (len(structure) / 2)
    assert found == pytest.approx(-madelung * charge**2 / (nearest * a), rel=1e-8)


def test_one_charge_in_a_background_has_the_wigner_constant():
    # cubic Wigner lattice: -1.418648739727 per cell edge (2.837297479 / 2)
    found = ewald_matrix(3.0 * np.eye(3), np.zeros((1, 3)), np.ones(1))
    assert found[0, 0] == pytest.approx(-2.837297479480619 / 2 / 3.0, rel=1e-8)


@pytest.mark.parametrize("structure", [QUARTZ, TRICLINIC], ids=["quartz", "triclinic"])
def test_it_is_the_matrix_of_dscribe(structure):
    n = len(structure)
    atoms = Atoms(
        structure.atomic_numbers, structure.cart_coords, cell=structure.lattice.matrix, pbc=True
    )
    dscribe = EwaldSumMatrix(n_atoms_max=n, permutation="none")
    expected = dscribe.create(atoms, accuracy=1e-12).reshape(n, n)
    found = matrix_of(structure)
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())


def test_pymatgens_matrix_becomes_ours_by_units_halves_and_background():
    charges = np.array(TRICLINIC.atomic_numbers, dtype=float)
    bare = TRICLINIC.copy(site_properties={"charge": charges})
    summation = EwaldSummation(bare)
    found = matrix_of(TRICLINIC)
    background = np.outer(charges, charges) * np.pi / (2 * TRICLINIC.volume * summation._eta)
    shared = summation.total_energy_matrix / E2 - background
    # (i, j) and (j, i) have half of a pair each, the diagonal its whole
    expected = 2 * shared - np.diag(np.diag(shared))
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())
    assert energy(found) == pytest.approx(summation.total_energy / E2, rel=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    alpha=st.floats(0.3, 1.5),
    edges=st.lists(st.floats(3, 7), min_size=3, max_size=3),
    at=st.lists(st.tuples(*[st.floats(-1, 2)] * 3), min_size=1, max_size=4),
    charges=st.lists(st.floats(-3, 80), min_size=4, max_size=4),
)
def test_the_splitting_parameter_changes_nothing(alpha, edges, at, charges):
    lattice = Lattice.from_parameters(*edges, 75, 95, 110)
    images = np.array(at)
    apart = lattice.get_all_distances(images, images) + 9 * np.eye(len(at))
    if apart.min() < 0.3:
        return
    given_ = (lattice.matrix, images, np.array(charges[: len(at)]))
    expected = ewald_matrix(*given_)
    limit = 1e-7 * (np.abs(expected).max() + max(np.abs(charges)) ** 2)
    np.testing.assert_allclose(ewald_matrix(*given_, alpha), expected, atol=limit)


def test_the_descriptor_has_the_atomic_numbers_as_charges():
    found = DESCRIPTOR.run(QUARTZ * (2, 1, 1), DESCRIPTOR.settings(n_atoms_max=9))
    expected = sorted(np.linalg.eigvalsh(matrix_of(QUARTZ)), key=abs, reverse=True)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert DESCRIPTOR.unit == "e^2/angstrom"


def test_atoms_on_top_of_each_other_are_refused():
    structure = Structure(Lattice.cubic(4), ["Fe", "O"], [[0, 0, 0], [0, 0, 1.0001]])
    with pytest.raises(Unsupported, match=r"ewald_matrix: distance.*0\.0004 A"):
        DESCRIPTOR.run(structure, DESCRIPTOR.settings())
