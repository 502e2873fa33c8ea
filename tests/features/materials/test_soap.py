"""The SOAP vector is dscribe's power spectrum with elements told apart by class."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from dscribe.descriptors import SOAP
from pymatgen.core import Lattice, Structure

from features.descriptor import descriptors
from features.materials._classes import CLASSES, class_of
from features.materials.soap import DESCRIPTOR
from registry.errors import Unsupported, WrongUse

SETTINGS = {"r_cut": 4.0, "n_max": 3, "l_max": 2, "sigma": 0.5}
GYPSUM_LIKE = Structure(
    Lattice.from_parameters(4.0, 5.1, 4.6, 80, 95, 103),
    ["Ca", "S", "O", "O", "H"],
    [[0, 0, 0], [0.5, 0.45, 0.5], [0.3, 0.6, 0.3], [0.7, 0.3, 0.7], [0.1, 0.5, 0.2]],
)


def uncompressed(structure):
    """Blocks p[a, b] of the full power spectrum, each (n, n', l), from dscribe itself."""
    n_max, l_max = SETTINGS["n_max"], SETTINGS["l_max"]
    # boron to neon stand for the classes: the names carry no weight
    number = {name: n for n, name in enumerate(CLASSES, start=5)}
    atoms = Atoms(
        numbers=[number[class_of(site.specie)] for site in structure],
        scaled_positions=structure.frac_coords % 1,
        cell=structure.lattice.matrix,
        pbc=True,
    )
    soap = SOAP(species=list(number.values()), periodic=True, average="outer", **SETTINGS)
    spectrum = soap.create(atoms)

    def block(a, b):
        values = spectrum[soap.get_location((number[a], number[b]))].reshape(l_max + 1, -1)
        if a != b:
            full = values.reshape(l_max + 1, n_max, n_max)
            return full if number[a] < number[b] else full.transpose(0, 2, 1)
        upper = np.triu_indices(n_max)
        full = np.zeros((l_max + 1, n_max, n_max))
        full[:, upper[0], upper[1]] = values
        full[:, upper[1], upper[0]] = values
        return full

    return block


def test_it_is_the_full_power_spectrum_summed_over_the_second_class():
    block = uncompressed(GYPSUM_LIKE)
    expected = np.concatenate(
        [sum(block(a, b) for b in CLASSES).transpose(1, 2, 0).ravel() for a in CLASSES]
    ).reshape(len(CLASSES), 3, 3, 3)
    found = DESCRIPTOR.run(GYPSUM_LIKE, DESCRIPTOR.settings(**SETTINGS))
    found = found.reshape(len(CLASSES), 3, 3, 3).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_every_site_has_the_row_of_dscribe_and_the_mean_is_their_mean():
    atoms = Atoms(
        numbers=[CLASSES.index(class_of(site.specie)) + 1 for site in GYPSUM_LIKE],
        scaled_positions=GYPSUM_LIKE.frac_coords % 1,
        cell=GYPSUM_LIKE.lattice.matrix,
        pbc=True,
    )
    dscribe = SOAP(
        species=range(1, 8),
        periodic=True,
        compression={"mode": "mu1nu1", "species_weighting": None},
        **SETTINGS,
    )
    sites = descriptors()["soap_sites"]
    rows = sites.run(GYPSUM_LIKE, sites.settings(**SETTINGS))
    np.testing.assert_allclose(rows, dscribe.create(atoms), rtol=1e-12)
    mean = DESCRIPTOR.run(GYPSUM_LIKE, DESCRIPTOR.settings(**SETTINGS))
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-9, atol=1e-15)


def test_classes_that_are_absent_are_zero():
    found = DESCRIPTOR.run(GYPSUM_LIKE, DESCRIPTOR.settings(**SETTINGS)).reshape(len(CLASSES), -1)
    present = {"hydrogen", "oxygen", "anions", "s_block"}
    assert {name for name, row in zip(CLASSES, found, strict=True) if row.any()} == present


def test_two_elements_of_one_class_look_alike_and_of_two_do_not():
    settings = DESCRIPTOR.settings(**SETTINGS)

    def chloride(metal):
        return DESCRIPTOR.run(
            Structure(Lattice.cubic(4.0), [metal, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]), settings
        )

    np.testing.assert_array_equal(chloride("K"), chloride("Rb"))
    assert not np.allclose(chloride("K"), chloride("Cu"))


def test_a_disordered_site_is_refused_with_its_content():
    mixed = Structure(Lattice.cubic(4.0), [{"Fe": 0.6, "Mg": 0.4}], [[0, 0, 0]])
    with pytest.raises(Unsupported, match=r"site 0.*Mg:0\.4"):
        DESCRIPTOR.run(mixed, DESCRIPTOR.settings())


@pytest.mark.parametrize(
    "parameters", [{"r_cut": 0.9}, {"n_max": 0}, {"l_max": 21}, {"n_max": 2.5}, {"sigma": 0.0}]
)
def test_impossible_parameters_are_told_before_anything_is_computed(parameters):
    with pytest.raises(WrongUse, match=next(iter(parameters))):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))
