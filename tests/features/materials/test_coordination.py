"""Coordination is Hoppe's, as pymatgen computes it and as the textbooks count."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.analysis.local_env import EconNN
from pymatgen.core import Lattice, Structure

from features.descriptor import descriptors
from features.materials.coordination import COLUMNS, DESCRIPTOR
from registry.errors import Unsupported, WrongUse

SITES = descriptors()["coordination_sites"]
QUARTZ = Structure.from_spacegroup(
    "P3_221",
    Lattice.hexagonal(4.9134, 5.4052),
    ["Si", "O"],
    [[0.4699, 0, 2 / 3], [0.4141, 0.2681, 0.7854]],
)
SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
TRICLINIC = Structure(
    Lattice.from_parameters(3.9, 4.2, 5.3, 72, 81, 108),
    ["Fe", "S", "S"],
    [[0.1, 0.2, 0.3], [0.61, 0.83, 0.02], [-1.2, 0.6, 2.7]],
)


def sites(structure, **parameters):
    return SITES.run(structure, SITES.settings(**parameters))


@pytest.mark.parametrize("structure", [QUARTZ, SALT, TRICLINIC], ids=["quartz", "salt", "P1"])
def test_the_number_is_that_of_pymatgen(structure):
    pymatgen = EconNN(tol=0.0, cutoff=8.0)
    expected = [pymatgen.get_cn(structure, n, use_weights=True) for n in range(len(structure))]
    # pymatgen ends its iteration when the mean distance moves by less than 1e-4 angstrom
    np.testing.assert_allclose(sites(structure)[:, 0], expected, atol=0.02)


def test_the_mean_distance_gives_itself():
    """Hoppe's equations, with the neighbours counted by hand in pymatgen's list."""
    for n, (number, mean, deviation, _, _) in enumerate(sites(TRICLINIC)):
        distance = np.array([near.nn_distance for near in TRICLINIC.get_neighbors(TRICLINIC[n], 8)])
        weight = np.exp(1 - (distance / mean) ** 6)
        np.testing.assert_allclose(weight @ distance / weight.sum(), mean, rtol=1e-9)
        np.testing.assert_allclose(weight.sum(), number, rtol=1e-5)
        spread = weight @ (distance - mean) ** 2 / weight.sum()
        np.testing.assert_allclose(spread, deviation**2, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(
    ("group", "a", "number", "angle"), [("Fd-3m", 3.567, 4.0, 109.47), ("Fm-3m", 3.61, 12.02, None)]
)
def test_elements_have_the_numbers_of_the_textbook(group, a, number, angle):
    row = sites(Structure.from_spacegroup(group, Lattice.cubic(a), ["C"], [[0, 0, 0]]))[0]
    assert row[0] == pytest.approx(number, abs=0.01)
    if angle:
        np.testing.assert_allclose(row[[1, 2, 3, 4]], [a * 3**0.5 / 4, 0, angle, 0], atol=0.01)


def test_carbon_dioxide_is_straight_and_an_end_has_no_angle():
    molecule = Structure(
        Lattice.cubic(20),
        ["O", "C", "O"],
        [[0, 0, -1.16], [0, 0, 0], [0, 0, 1.16]],
        coords_are_cartesian=True,
    )
    end, middle, _ = sites(molecule)
    np.testing.assert_allclose(middle, [2, 1.16, 0, 180, 0], atol=1e-5)
    np.testing.assert_allclose(end[:2], [1, 1.16], atol=0.01)


def test_statistics_are_over_the_atoms():
    rows = sites(QUARTZ)
    found = dict(zip(COLUMNS, DESCRIPTOR.run(QUARTZ, DESCRIPTOR.settings()), strict=True))
    assert found["coordination_mean"] == pytest.approx(rows[:, 0].mean())
    assert found["bond_length_deviation"] == pytest.approx(rows[:, 1].std())
    assert found["coordination_max"] == pytest.approx(4, abs=0.01)
    assert found["coordination_min"] == pytest.approx(2, abs=0.05)


def test_a_vacancy_weighs_by_its_share():
    half = SALT.copy()
    half.replace_species({"Cl": {"Cl": 0.5}})
    np.testing.assert_allclose(sites(half)[0, 0], 0.5 * sites(SALT)[0, 0], rtol=0.02)
    # the sodium atoms weigh twice the half-empty chlorine sites
    rows = sites(half)
    mean = DESCRIPTOR.run(half, DESCRIPTOR.settings())[0]
    assert mean == pytest.approx((rows[:4, 0].mean() + 0.5 * rows[4:, 0].mean()) / 1.5)


def test_the_halves_of_a_split_atom_are_no_neighbours():
    split = Structure(
        Lattice.cubic(8),
        [{"K": 0.5}, {"K": 0.5}, "Cl"],
        [[0.02, 0, 0], [-0.02, 0, 0], [0.4, 0, 0]],
    )
    assert sites(split)[0, 1] > 2.5


def test_an_atom_alone_is_refused():
    with pytest.raises(Unsupported, match=r"site 0.*within 8 angstrom"):
        sites(Structure(Lattice.cubic(20), ["He"], [[0, 0, 0]]))
    with pytest.raises(WrongUse, match="cutoff"):
        DESCRIPTOR.width({"cutoff": -1.0})
