"""Structures: symmetry, rows, and an identity that does not depend on the description."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from registry.records import Provenance
from registry.structures import (
    crystal_system,
    material_id,
    material_of,
    material_row,
    structure_from_row,
)


def build(symbol: str, lattice: Lattice, species: list[object], positions: object) -> Structure:
    return Structure.from_spacegroup(symbol, lattice, species, positions)


SILICON = build("Fd-3m", Lattice.cubic(5.43105), ["Si"], [[0, 0, 0]])
QUARTZ = build(
    "P3_221",
    Lattice.hexagonal(4.9137, 5.4047),
    ["Si", "O"],
    [[0.4697, 0, 2 / 3], [0.4135, 0.2669, 0.7858]],
)
OLIVINE = build(
    "Pnma",
    Lattice.orthorhombic(10.2, 5.98, 4.75),
    [{"Mg": 0.5, "Fe": 0.5}, {"Mg": 0.5, "Fe": 0.5}, "Si", "O", "O", "O"],
    [
        [0, 0, 0],
        [0.277, 0.25, 0.991],
        [0.094, 0.25, 0.426],
        [0.091, 0.25, 0.766],
        [0.447, 0.25, 0.221],
        [0.163, 0.033, 0.277],
    ],
)


def identity(structure: Structure) -> str:
    return material_id(material_of(structure, provenance=Provenance("test", "1")))


@settings(max_examples=15, deadline=None)
@given(data=st.data(), structure=st.sampled_from([SILICON, QUARTZ, OLIVINE]))
def test_atom_order_origin_and_orientation_do_not_matter(
    data: st.DataObject, structure: Structure
) -> None:
    order = data.draw(st.permutations(range(len(structure))))
    shift = data.draw(st.tuples(*[st.floats(-1, 1, width=16)] * 3))
    turned = Structure.from_sites([structure[n] for n in order])
    turned.translate_sites(range(len(turned)), shift)
    angle = data.draw(st.floats(0, 6.2))
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    moved = Structure(turned.lattice.matrix @ turn.T, turned.species_and_occu, turned.frac_coords)
    assert identity(moved) == identity(structure)


@pytest.mark.parametrize("shift", [6e-5, 3e-4, 2e-3, 0.009])
def test_an_origin_within_the_tolerance_of_symmetry_does_not_matter(shift: float) -> None:
    moved = Structure.from_sites([QUARTZ[n] for n in (5, 1, 2, 3, 4, 0, 6, 7, 8)])
    moved.translate_sites(range(len(moved)), (0, 0, -shift))
    assert identity(moved) == identity(QUARTZ)


@pytest.mark.parametrize("structure", [SILICON, QUARTZ, OLIVINE], ids=["Si", "SiO2", "olivine"])
def test_choice_of_cell_does_not_matter(structure: Structure) -> None:
    assert identity(
        structure.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 2]], in_place=False)
    ) == (identity(structure))
    assert identity(structure.get_primitive_structure()) == identity(structure)


def test_another_lattice_constant_is_another_material() -> None:
    wider = build("Fd-3m", Lattice.cubic(5.4320), ["Si"], [[0, 0, 0]])
    germanium = build("Fd-3m", Lattice.cubic(5.43105), ["Ge"], [[0, 0, 0]])
    assert len({identity(SILICON), identity(wider), identity(germanium)}) == 3


def test_a_row_says_what_the_tables_of_crystallography_say() -> None:
    row = material_row(material_of(QUARTZ, provenance=Provenance("test", "1")))
    assert (row["formula"], row["space_group_number"], row["crystal_system"]) == (
        "SiO2",
        154,
        "trigonal",
    )
    assert row["density"] == pytest.approx(2.65, abs=0.01)  # CRC Handbook, alpha-quartz
    assert row["is_ordered"]
    assert not material_row(material_of(OLIVINE, provenance=Provenance("t", "1")))["is_ordered"]


def test_a_structure_comes_back_from_its_row() -> None:
    row = material_row(material_of(OLIVINE, provenance=Provenance("test", "1")))
    back = structure_from_row(row)
    assert back.composition.almost_equals(OLIVINE.composition)
    assert np.allclose(back.frac_coords, OLIVINE.frac_coords)


def test_deuterium_stays_deuterium() -> None:
    heavy = Structure(Lattice.cubic(4), ["D", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    row = material_row(material_of(heavy, provenance=Provenance("test", "1")))
    assert row["species"][0] == [{"symbol": "D", "occupancy": 1.0}]
    assert structure_from_row(row)[0].specie.name == "D"


@pytest.mark.parametrize(
    ("number", "system"),
    [
        (1, "triclinic"),
        (15, "monoclinic"),
        (62, "orthorhombic"),
        (141, "tetragonal"),
        (152, "trigonal"),
        (194, "hexagonal"),
        (227, "cubic"),
    ],
)
def test_crystal_systems_follow_international_tables(number: int, system: str) -> None:
    assert crystal_system(number) == system
