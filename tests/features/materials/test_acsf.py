"""The symmetry functions are dscribe's, with elements told apart by class."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from dscribe.descriptors import ACSF
from pymatgen.core import Lattice, Structure

from features.descriptor import descriptors
from features.materials._classes import CLASSES, class_of
from features.materials.acsf import DESCRIPTOR
from registry.errors import WrongUse

SITES = descriptors()["acsf_sites"]
GYPSUM_LIKE = Structure(
    Lattice.from_parameters(4.0, 5.1, 4.6, 80, 95, 103),
    ["Ca", "S", "O", "O", "H"],
    [[0, 0, 0], [0.5, 0.45, 0.5], [0.3, 0.6, 0.3], [0.7, 0.3, 0.7], [0.1, 0.5, 0.2]],
)
SETS = {
    "default": {},
    "all kinds": {
        "r_cut": 4.5,
        "g2": [[0.5, 0.0], [3.0, 2.1]],
        "g4": [[0.02, 2.5, 1], [0.1, 70, -1]],
        "g5": [[0.02, 1, -1], [0.3, 16, 1]],
    },
    "no angles": {"r_cut": 4.0, "g4": []},
}


def sites(structure, **parameters):
    return SITES.run(structure, SITES.settings(**parameters))


@pytest.mark.parametrize("name", SETS)
def test_every_site_has_the_functions_dscribe_gives(name):
    settings = SITES.settings(**SETS[name])
    numbers = [CLASSES.index(class_of(site.specie)) + 1 for site in GYPSUM_LIKE]
    atoms = Atoms(
        numbers, scaled_positions=GYPSUM_LIKE.frac_coords, cell=GYPSUM_LIKE.lattice.matrix, pbc=True
    )
    dscribe = ACSF(
        r_cut=settings["r_cut"],
        g2_params=settings["g2"],
        g4_params=settings["g4"] or None,
        g5_params=settings["g5"] or None,
        species=range(1, 8),
        periodic=True,
    )
    found = sites(GYPSUM_LIKE, **SETS[name])
    assert found.shape == (5, SITES.width(settings))
    expected = dscribe.create(atoms)
    # three atoms in a row: dscribe takes a fractional power of -1e-17
    known = np.isfinite(expected)
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-9, atol=1e-12)
    assert np.isfinite(found).all() and known.mean() > 0.98


def test_a_trimer_has_its_closed_form():
    """Two neighbours at a right angle: Behler's equations by hand."""
    water = Structure(
        Lattice.cubic(30),
        ["O", "H", "H"],
        [[0, 0, 0], [1.0, 0, 0], [0, 1.2, 0]],
        coords_are_cartesian=True,
    )
    row = sites(water, r_cut=4.0, g2=[[0.7, 0.5]], g4=[[0.1, 2, 1]], g5=[[0.1, 2, 1]])[0]

    def cut(r):
        return 0.5 * (np.cos(np.pi * r / 4.0) + 1)

    far = np.hypot(1.0, 1.2)
    np.testing.assert_allclose(row[0], cut(1.0) + cut(1.2))
    radial = np.exp(-0.7 * 0.25) * cut(1.0) + np.exp(-0.7 * 0.49) * cut(1.2)
    np.testing.assert_allclose(row[1], radial)
    narrow = 2.0**-1 * np.exp(-0.1 * 2.44) * cut(1.0) * cut(1.2)
    np.testing.assert_allclose(row[14:16], [narrow * np.exp(-0.1 * 2.44) * cut(far), narrow])


def test_the_mean_is_weighted_by_occupancy():
    structure = Structure(Lattice.cubic(4), [{"Fe": 0.25}, "O"], [[0, 0, 0], [0.5, 0.4, 0.5]])
    rows = sites(structure)
    found = DESCRIPTOR.run(structure, DESCRIPTOR.settings())
    np.testing.assert_allclose(found, (0.25 * rows[0] + rows[1]) / 1.25, rtol=1e-12)


def test_a_shared_site_is_a_mean_over_who_may_sit_there():
    """Exact where one such neighbour is in reach: sums over independent sites."""

    def around_oxygen(content):
        structure = Structure(Lattice.cubic(9), [content, "O"], [[0, 0, 0], [0.2, 0.1, 0]])
        return sites(structure, r_cut=4.0)[1]

    mixed = around_oxygen({"Fe": 0.6, "Na": 0.3})
    expected = 0.6 * around_oxygen("Fe") + 0.3 * around_oxygen("Na")
    np.testing.assert_allclose(mixed, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "parameters",
    [
        {"r_cut": 0.0},
        {"g2": [[1.0]]},
        {"g2": [[-1.0, 2.0]]},
        {"g2": 3},
        {"g4": [[0.1, 1.0, 0.5]]},
        {"g5": [["a", 1.0, 1.0]]},
    ],
)
def test_impossible_parameters_are_told_before_anything_is_computed(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters))):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))
