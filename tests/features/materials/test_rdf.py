"""The radial distribution function is a double loop over the definition."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from features.materials.rdf import DESCRIPTOR
from registry.errors import WrongUse

TRICLINIC = Structure(
    Lattice.from_parameters(3.1, 4.2, 5.3, 62, 71, 118),
    ["Fe", {"S": 0.75, "O": 0.125}, {"Na": 0.5}],
    [[0.1, 0.2, 0.3], [0.61, 0.83, 0.02], [-1.2, 0.4, 2.7]],
)
WEIGHT = {"number": [1.0, 0.875, 0.5], "charge": [26.0, 13.0, 5.5]}


def rdf(structure, **parameters):
    return DESCRIPTOR.run(structure, DESCRIPTOR.settings(**parameters))


@pytest.mark.parametrize("weighting", WEIGHT)
def test_it_is_the_definition_one_pair_at_a_time(weighting):
    weight, at = WEIGHT[weighting], TRICLINIC.cart_coords
    images = np.array(list(product(range(-4, 5), repeat=3))) @ TRICLINIC.lattice.matrix
    counts = np.zeros(12)
    for i, j in product(range(3), repeat=2):
        for distance in np.linalg.norm(at[j] + images - at[i], axis=1):
            if 1e-6 < distance < 3.6:
                counts[int(distance / 0.3)] += weight[i] * weight[j]
    shell = 4 / 3 * np.pi * np.diff((0.3 * np.arange(13)) ** 3)
    expected = counts / shell * TRICLINIC.volume / sum(weight) ** 2
    found = rdf(TRICLINIC, cutoff=3.6, bin_size=0.3, weighting=weighting)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("weighting", WEIGHT)
def test_far_away_it_is_one(weighting):
    found = rdf(TRICLINIC, cutoff=24.0, bin_size=2.0, weighting=weighting)
    np.testing.assert_allclose(found[-3:], 1, atol=0.04)


def test_equal_weights_weigh_alike():
    copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.61), ["Cu"], [[0, 0, 0]])
    np.testing.assert_allclose(rdf(copper), rdf(copper, weighting="charge"), rtol=1e-12)
    shells = np.flatnonzero(rdf(copper, cutoff=4.0, bin_size=0.05))
    assert shells.tolist() == [int(3.61 / np.sqrt(2) / 0.05), int(3.61 / 0.05)]


@pytest.mark.parametrize("parameters", [{"weighting": "mass"}, {"cutoff": 20.05}])
def test_impossible_parameters_are_told_before_anything_is_computed(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters))):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))
