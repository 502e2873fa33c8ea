"""The partial radial distribution function counts what the definition says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from features.materials._classes import CLASSES
from features.materials.prdf import DESCRIPTOR, prdf
from registry.errors import WrongUse


def by_element(structure, cutoff, bin_size, **options):
    symbols = sorted({site.specie.symbol for site in structure})
    weights = np.array([[float(site.specie.symbol == s) for s in symbols] for site in structure])
    return prdf(
        structure.lattice.matrix,
        structure.cart_coords,
        weights,
        symbols,
        cutoff=cutoff,
        bin_size=bin_size,
        **options,
    )


def from_the_definition(structure, cutoff, bin_size):
    """Schutt et al. (2014), one pair and one periodic image at a time."""
    n_bins = round(cutoff / bin_size)
    symbols = [site.specie.symbol for site in structure]
    reach = [
        int(np.ceil(cutoff * length)) + 1
        for length in structure.lattice.reciprocal_lattice_crystallographic.abc
    ]
    images = np.array(list(product(*(range(-n, n + 1) for n in reach)))) @ structure.lattice.matrix
    result = {pair: np.zeros(n_bins) for pair in product(sorted(set(symbols)), repeat=2)}
    for i, centre in enumerate(structure.cart_coords):
        for j, other in enumerate(structure.cart_coords):
            for distance in np.linalg.norm(other + images - centre, axis=1):
                for k in range(n_bins):
                    inner, outer = k * bin_size, (k + 1) * bin_size
                    if distance > 1e-6 and inner <= distance < outer:
                        volume = 4 / 3 * np.pi * (outer**3 - inner**3)
                        atoms = symbols.count(symbols[i])
                        result[symbols[i], symbols[j]][k] += 1 / volume / atoms
    return result


QUARTZ = Structure.from_spacegroup(
    "P3_221",
    Lattice.hexagonal(4.9134, 5.4052),
    ["Si", "O"],
    [[0.4699, 0, 2 / 3], [0.4141, 0.2681, 0.7854]],
)
SKEWED = Structure(
    Lattice.from_parameters(3.1, 4.2, 5.3, 62, 71, 118),
    ["Fe", "S", "S"],
    [[0.1, 0.2, 0.3], [0.61, 0.83, 0.02], [-1.2, 0.4, 2.7]],
)


@pytest.mark.parametrize("structure", [QUARTZ, SKEWED], ids=["quartz", "triclinic"])
def test_it_agrees_with_a_double_loop_over_the_definition(structure):
    ours = by_element(structure, 3.6, 0.3)
    reference = from_the_definition(structure, 3.6, 0.3)
    assert ours.keys() == reference.keys()
    for pair, expected in reference.items():
        np.testing.assert_allclose(ours[pair], expected, rtol=1e-12, atol=0)


def test_rock_salt_has_its_known_shells():
    a = 5.64
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(a), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    found = by_element(structure, 6.0, 0.05)
    edges = 0.05 * np.arange(121)
    count = {pair: g * 4 / 3 * np.pi * np.diff(edges**3) for pair, g in found.items()}

    def shells(pair):
        return {int(k): round(count[pair][k]) for k in np.flatnonzero(count[pair])}

    def expected(numbers):
        return {int(a * d / 0.05): n for d, n in numbers.items()}

    assert shells(("Na", "Cl")) == expected({0.5: 6, 0.75**0.5: 8})
    assert shells(("Na", "Na")) == expected({0.5**0.5: 12, 1.0: 6})


def test_the_running_sum_approaches_the_number_density():
    structure = QUARTZ
    found = by_element(structure, 20.0, 0.5)
    edges = 0.5 * np.arange(41)
    around_silicon = (found["Si", "O"] * np.diff(edges**3)).sum() / edges[-1] ** 3
    assert around_silicon == pytest.approx(6 / structure.volume, rel=0.02)


def test_pairs_count_both_ways():
    found = by_element(QUARTZ, 6.0, 0.2)
    np.testing.assert_allclose(found["Si", "O"] * 3, found["O", "Si"] * 6, rtol=1e-12)


def test_a_distance_on_an_edge_is_not_decided_by_rounding():
    structure = Structure(Lattice.cubic(3.0), ["Fe"], [[0, 0, 0]])
    settings = DESCRIPTOR.settings(cutoff=4.0, bin_size=0.1)
    just_below = Structure(Lattice.cubic(3.0 - 1e-12), ["Fe"], [[0.1, 0.1, 0.1]])
    np.testing.assert_allclose(
        DESCRIPTOR.run(structure, settings), DESCRIPTOR.run(just_below, settings), rtol=1e-9
    )


def test_a_mixed_site_counts_with_its_occupancy():
    ordered = Structure(Lattice.cubic(4.0), ["Fe"], [[0, 0, 0]])
    mixed = Structure(Lattice.cubic(4.0), [{"Fe": 0.6, "Na": 0.3}], [[0, 0, 0]])
    settings = DESCRIPTOR.settings()
    n_bins = DESCRIPTOR.width(settings) // 28
    pairs = [(a, b) for a in range(7) for b in range(a, 7)]
    s, d = CLASSES.index("s_block"), CLASSES.index("d_block")
    whole = DESCRIPTOR.run(ordered, settings).reshape(-1, n_bins)[pairs.index((d, d))]
    blocks = DESCRIPTOR.run(mixed, settings).reshape(-1, n_bins)
    np.testing.assert_allclose(blocks[pairs.index((d, d))], 0.6 * whole, rtol=1e-12)
    np.testing.assert_allclose(blocks[pairs.index((s, d))], 0.6 * whole, rtol=1e-12)
    np.testing.assert_allclose(blocks[pairs.index((s, s))], 0.3 * whole, rtol=1e-12)
    assert np.count_nonzero(blocks.any(axis=1)) == 3


@pytest.mark.parametrize(
    "parameters", [{"cutoff": 10.05}, {"bin_size": 0.0}, {"bin_size": -1.0}, {"cutoff": np.nan}]
)
def test_impossible_bins_are_told_before_anything_is_computed(parameters):
    with pytest.raises(WrongUse, match=r"cutoff|bin_size"):
        DESCRIPTOR.width(DESCRIPTOR.settings(**parameters))


@pytest.mark.parametrize("name", ["TiO2_136", "LiMnO2_59"])
def test_measured_structures_agree_with_the_definition(shared_data, name):
    from pymatgen.io.cif import CifParser

    cif = shared_data / "xrd-autoanalyzer" / "Example" / "References" / f"{name}.cif"
    structure = CifParser(cif).parse_structures(primitive=True)[0]
    structure.remove_oxidation_states()
    reference = from_the_definition(structure, 3.0, 0.5)
    for pair, g in by_element(structure, 3.0, 0.5, tie=1e-8).items():
        np.testing.assert_allclose(g, reference[pair], rtol=1e-12)


@pytest.mark.parametrize("name", ["TiO2_136", "LiMnO2_59"])
def test_counts_of_measured_structures_are_a_histogram_of_pymatgens_list(shared_data, name):
    from pymatgen.io.cif import CifParser

    cif = shared_data / "xrd-autoanalyzer" / "Example" / "References" / f"{name}.cif"
    structure = CifParser(cif).parse_structures(primitive=False)[0]
    structure.remove_oxidation_states()
    centre, neighbour, _, distance = structure.get_neighbor_list(10.0)
    symbols = np.array([site.specie.symbol for site in structure])
    edges = 0.1 * np.arange(101)
    shell = 4.0 / 3.0 * np.pi * np.diff(edges**3)
    for (a, b), g in by_element(structure, 10.0, 0.1).items():
        pair = (symbols[centre] == a) & (symbols[neighbour] == b)
        counts, _ = np.histogram(distance[pair], bins=edges)
        np.testing.assert_array_equal(g, counts / shell / (symbols == a).sum())
