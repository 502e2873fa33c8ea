"""The statistics are those of Magpie."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from features.materials.composition import DESCRIPTOR, PROPERTIES, STATISTICS, columns
from registry.errors import Unsupported

# matminer 0.10.1, ElementProperty with Magpie's data (covalent radii there in pm):
# minimum, maximum, range, mean, avg_dev, mode
MAGPIE = {
    "Fe2O3": {
        "atomic_number": (8, 26, 18, 15.2, 8.64, 8),
        "electronegativity": (1.83, 3.44, 1.61, 2.796, 0.7728, 3.44),
        "group": (8, 16, 8, 12.8, 3.84, 16),
        "period": (2, 4, 2, 2.8, 0.96, 2),
        "covalent_radius": (0.66, 1.32, 0.66, 0.924, 0.3168, 0.66),
        "valence_electrons": (6, 8, 2, 6.8, 0.96, 6),
        "melting_point": (54.8, 1811, 1756.2, 757.28, 842.976, 54.8),
        "mass": (15.9994, 55.845, 39.8456, 31.93764, 19.125888, 15.9994),
    },
    "Ca2Al2Si3O12": {
        "atomic_number": (8, 20, 12, 10.736842, 3.457064, 8),
        "electronegativity": (1, 3.44, 2.44, 2.747368, 0.874903, 3.44),
        "covalent_radius": (0.66, 1.76, 1.1, 0.904737, 0.309141, 0.66),
        "melting_point": (54.8, 1687, 1632.2, 516.607368, 583.335623, 54.8),
        "mass": (15.9994, 40.078, 24.0786, 21.598336, 7.07234, 15.9994),
    },
    # two equally frequent: the mode is the smaller value
    "NaCl": {
        "atomic_number": (11, 17, 6, 14, 3, 11),
        "electronegativity": (0.93, 3.16, 2.23, 2.045, 1.115, 0.93),
        "melting_point": (171.6, 370.87, 199.27, 271.235, 99.635, 171.6),
    },
    "CePO4": {
        "group": (3, 16, 13, 13.666667, 3.555556, 16),
        "period": (2, 6, 4, 2.833333, 1.111111, 2),
        "valence_electrons": (4, 6, 2, 5.5, 0.666667, 6),
    },
}


def crystal(species):
    places = np.linspace(0, 0.9, len(species))[:, None] * [1, 1, 1]
    return Structure(Lattice.cubic(20), species, places)


def statistics(structure):
    found = DESCRIPTOR.run(structure, DESCRIPTOR.settings())
    return dict(zip(PROPERTIES, found.reshape(len(PROPERTIES), len(STATISTICS)), strict=True))


@pytest.mark.parametrize("formula", MAGPIE)
def test_it_agrees_with_matminer(formula):
    from pymatgen.core import Composition

    amounts = Composition(formula).get_el_amt_dict()
    found = statistics(crystal([e for e, n in amounts.items() for _ in range(int(n))]))
    for name, expected in MAGPIE[formula].items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, err_msg=name)


def test_occupancies_are_weights_and_vacancies_none():
    found = statistics(crystal([{"Fe": 0.75, "Mg": 0.15}, "O"]))
    weights = np.array([0.75, 0.15, 1.0]) / 1.9
    z = np.array([26, 12, 8])
    mean = weights @ z
    expected = [8, 26, 18, mean, weights @ np.abs(z - mean), 8]
    np.testing.assert_allclose(found["atomic_number"], expected)


def test_columns_name_the_values():
    found = DESCRIPTOR.run(crystal(["Na", "Cl"]), {})
    names = columns()
    assert len(names) == len(found) == DESCRIPTOR.width({})
    assert found[names.index("electronegativity mean")] == pytest.approx((0.93 + 3.16) / 2)
    assert found[names.index("ionization_energy maximum")] == (
        pytest.approx(12.9676, abs=1e-3)  # Cl, NIST
    )
    assert found[names.index("electron_affinity maximum")] == pytest.approx(3.6127, abs=1e-3)


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [("Ar", "electronegativity.*found Ar"), ("Bk", "up to Cm, found Bk")],
)
def test_an_element_without_a_value_is_refused_by_name(symbol, reason):
    with pytest.raises(Unsupported, match=reason):
        statistics(crystal(["Na", symbol]))


def test_every_element_to_curium_but_three_is_described():
    from pymatgen.core import Element

    for z in set(range(1, 97)) - {2, 10, 18}:
        assert np.isfinite(statistics(crystal([Element.from_Z(z)]))["mass"]).all()
