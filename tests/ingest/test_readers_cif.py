"""CIF: real minerals are read as pymatgen and the publications have them; faults are named."""

from __future__ import annotations

import random
import re
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from ingest.readers import Source, reader_for
from ingest.readers.cif import read
from registry.errors import BadInput, Unsupported
from registry.records import Material

QUARTZ_CELL = """data_cell
_cell_length_a 4
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
"""
OPERATIONS = "loop_\n_space_group_symop_operation_xyz\n 'x,y,z'\n"
LOOP = "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"


def cif(text: str, name: str = "a.cif") -> list[Material]:
    return read(Source(Path(name), text.encode()))


def cell_with(atoms: str, columns: str = "", fields: str = "") -> str:
    return QUARTZ_CELL + fields + OPERATIONS + LOOP + columns + atoms


def occupied(atoms: str) -> str:
    return cell_with(atoms, "_atom_site_occupancy\n")


@pytest.fixture(scope="module")
def amcsd() -> dict[int, str]:
    """80 random entries of the mineral database that larixite installs."""
    import larixite.amcsd as package

    path = Path(package.__file__).with_name("amcsd_cif1.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        numbers = [n for (n,) in connection.execute("SELECT id FROM cif ORDER BY id")]
    database = package.AMCSD(str(path), read_only=True)
    texts = {n: database.get_cif(n).ciftext for n in random.Random(1).sample(numbers, 80)}
    database.close()
    database.conn.close()
    return texts


def test_nearly_all_minerals_are_read(amcsd: dict[int, str]) -> None:
    refused = {}
    for number, text in amcsd.items():
        try:
            cif(text)
        except BadInput as error:
            refused[number] = error
    assert len(refused) <= 0.05 * len(amcsd), refused
    assert all("_atom_site" in e.where or "sites" in e.where for e in refused.values())


def test_density_is_that_of_the_publication(amcsd: dict[int, str]) -> None:
    from registry.structures import structure_of

    ratios = []
    for text in amcsd.values():
        stated = re.search(r"_exptl_crystal_density_diffrn\s+([\d.]+)", text)
        # water written as one label has its hydrogen left out
        if stated and "Wat" not in text and "O-H" not in text:
            try:
                (material,) = cif(text)
            except BadInput:
                continue
            ratios.append(structure_of(material).density / float(stated[1]))
    assert len(ratios) > 40
    assert sorted(ratios)[len(ratios) // 2] == pytest.approx(1, abs=0.002)
    assert sum(abs(r - 1) < 0.02 for r in ratios) >= 0.9 * len(ratios)


def test_reference_patterns_are_read_as_pymatgen_reads_them(shared_data: Path) -> None:
    from pymatgen.core import Structure

    from registry.structures import structure_of

    files = sorted((shared_data / "xrd-autoanalyzer" / "Example" / "References").glob("*.cif"))[:12]
    for path in files:
        (material,) = read(Source(path, path.read_bytes()))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Issues encountered while parsing CIF")
            reference = Structure.from_str(path.read_text(), "cif", primitive=False)
        reference.remove_oxidation_states()
        assert structure_of(material).matches(reference), path.name


def test_rows_on_one_spot_are_one_mixed_site() -> None:
    (material,) = cif(occupied("Fe1 0 0 0 0.3\nMg1 0 0 0 0.7\nO1 0.5 0.5 0.5 1\n"))
    assert [site.species for site in material.sites] == [{"Fe": 0.3, "Mg": 0.7}, {"O": 1.0}]


def test_split_positions_closer_than_half_an_angstrom_are_one_site() -> None:
    (material,) = cif(occupied("Fe1 0 0 0 0.4\nCa1 0.05 0 0 0.6\nO1 0.5 0.5 0.5 1\n"))
    mixed = next(site for site in material.sites if len(site.species) == 2)
    assert mixed.species == pytest.approx({"Fe": 0.4, "Ca": 0.6})
    assert mixed.position[0] == pytest.approx(0.025)
    assert any("joined" in w for w in material.provenance.parameters["warnings"])


def test_deuterium_stays_deuterium() -> None:
    (material,) = cif(cell_with("O1 0 0 0\nD1 0.25 0 0\nD2 0 0.25 0\n"))
    assert [s for site in material.sites for s in site.species].count("D") == 2


def test_all_blocks_with_atoms_are_read_and_others_passed_over() -> None:
    block = cell_with("Si1 0 0 0\n")
    text = (
        "data_publication\n_journal_year 1954\n" + block + block.replace("data_cell", "data_second")
    )
    assert [m.provenance.file_part for m in cif(text)] == ["data_cell", "data_second"]


def test_conditions_are_kelvin_and_gigapascal() -> None:
    fields = (
        "_diffrn_ambient_temperature 293(2)\n_diffrn_ambient_pressure 2.5e6\n"
        "_chemical_name_mineral Quartz\n_journal_year 1954\n_database_code_amcsd 16092\n"
    )
    (material,) = cif(cell_with("Si1 0 0 0\n", fields=fields))
    assert (material.temperature, material.pressure) == (293.0, 2.5)
    assert (material.name, material.source) == ("Quartz", "1954, AMCSD 16092")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (QUARTZ_CELL, "_atom_site_label"),
        (QUARTZ_CELL.replace("_cell_length_b 4\n", "") + LOOP + "Si1 0 0 0\n", "_cell_length_b"),
        (cell_with("Si1 0 0 0\n").replace("_alpha 90", "_alpha ?"), "_cell_angle_alpha"),
        (cell_with("Si1 0 0 0\nO1 0.01 0 0\n"), "sites Si1 and O1"),
        (occupied("Si1 0 0 0 1.4\n"), "_atom_site_occupancy of Si1"),
        (occupied("Si1 0 0 0 0.8\nAl1 0 0 0 0.8\n"), "_atom_site_occupancy"),
        (cell_with("Si1 0 ? 0\n"), "_atom_site_fract_y of Si1"),
        (cell_with("Si1 0 0 0\nO1 0.5 0\n"), "data_cell"),
        (
            cell_with("Cd1 0 0 0\nNH4 0.5 0.5 0.5\n", fields="_chemical_formula_sum 'Cd N H4'\n"),
            "_atom_site_label",
        ),
        (
            QUARTZ_CELL
            + "_symmetry_space_group_name_H-M 'Q 9 9 9'\n"
            + LOOP
            + "Si1 0 0 0\nO1 0.5 0.5 0.5\n",
            "symmetry",
        ),
    ],
)
def test_a_fault_is_named_with_block_and_field(text: str, field: str) -> None:
    with pytest.raises(BadInput) as raised:
        cif(text)
    assert raised.value.where.startswith("a.cif: data_cell")
    assert field in raised.value.where


def test_a_group_of_atoms_under_one_label_is_not_left_out() -> None:
    with pytest.raises(Unsupported, match="group 'OH1'"):
        cif(cell_with("Si1 0 0 0\nOH1 0.5 0.5 0.5\n"))


def test_a_file_without_blocks_is_refused() -> None:
    with pytest.raises(BadInput, match="a data block with atoms"):
        cif("nothing here\n")


def test_a_cif_is_recognised_under_another_ending() -> None:
    source = Source(Path("structure.txt"), cell_with("Si1 0 0 0\n").encode())
    assert reader_for(source).name == "cif"
