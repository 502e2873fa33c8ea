"""Structures other than plain CIF: POSCAR, extended XYZ, pymatgen JSON, magnetic CIF."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source, reader_for
from ingest.readers.extxyz import read as read_xyz
from ingest.readers.poscar import read as read_poscar
from ingest.readers.pymatgen_json import read as read_json
from registry.errors import BadInput, Unsupported
from registry.records import Material, Spectrum
from registry.structures import material_id, material_of, structure_of

ROCK_SALT = """rock salt
1.0
5.64 0 0
0 5.64 0
0 0 5.64
Na Cl
4 4
Direct
0 0 0
0 .5 .5
.5 0 .5
.5 .5 0
.5 0 0
.5 .5 .5
0 0 .5
0 .5 0
"""


def poscar(text: str) -> Material:
    (material,) = read_poscar(Source(Path("POSCAR"), text.encode()))
    return material


def test_every_poscar_agrees_with_pymatgen(shared_data: Path) -> None:
    from pymatgen.core import Structure

    paths = [p for p in shared_data.rglob("POSCAR*") if p.is_file()]
    assert len(paths) > 40
    for path in sorted(paths):
        source = Source(path, path.read_bytes())
        assert reader_for(source).name == "poscar", path
        (material,) = read_poscar(source)
        if path.read_text().splitlines()[5].split()[0].isdecimal():
            continue  # without a line of elements pymatgen makes hydrogen of aluminium
        reference = Structure.from_str(path.read_text(), "poscar")
        np.testing.assert_allclose(material.lattice, reference.lattice.matrix, atol=1e-9)
        found = np.array([site.position for site in material.sites])
        np.testing.assert_allclose(found, reference.frac_coords, atol=1e-9)
        assert [next(iter(s.species)) for s in material.sites] == [
            site.specie.symbol for site in reference
        ]


def test_the_ways_to_write_a_poscar_are_one_structure() -> None:
    reference = material_id(poscar(ROCK_SALT))
    head, rows = ROCK_SALT.split("Direct\n")
    positions = 5.64 * np.loadtxt(io.StringIO(rows))
    cartesian = "".join(f"{x} {y} {z} T T F\n" for x, y, z in positions)
    for text in (
        ROCK_SALT.replace("1.0\n", f"-{5.64**3}\n", 1).replace("5.64", "1.0"),
        f"{head}Selective dynamics\nCartesian\n{cartesian}",
        ROCK_SALT.replace("Na Cl\n", "Na_pv/0123abc Cl\n"),
        ROCK_SALT.replace("Na Cl\n", "").replace("rock salt", "Na Cl"),
    ):
        assert material_id(poscar(text)) == reference
    guessed = poscar(ROCK_SALT.replace("Na Cl\n", "").replace("rock salt", "Na Cl"))
    assert "title" in guessed.provenance.parameters["guessed"]["elements"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("4 4\n", "4 4000000000\n", "line 7: count"),
        ("4 4\n", "4\n", "line 7: expected 2 counts"),
        ("Na Cl\n", "Na Xx\n", "line 6: elements: expected the symbol of an element"),
        ("Na Cl\n", "", "line 6: elements: expected the symbol"),
        ("0 5.64 0\n", "0 nan 0\n", "lattice"),
        ("0 5.64 0\n", "0 1e-9 0\n", r"at least 0\.5 angstrom"),
        (".5 .5 .5\n", ".5 .5\n", "line 14: expected 3 numbers"),
        (".5 .5 .5\n", ".5 inf .5\n", "atom 6: expected finite"),
        ("1.0\n", "zero\n", "line 2: scale"),
    ],
)
def test_faults_of_a_poscar_are_named(old: str, new: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        poscar(ROCK_SALT.replace(old, new, 1))


def test_every_frame_that_ase_writes_is_read() -> None:
    from ase import Atoms
    from ase.io import write

    rng = np.random.default_rng(7)
    frames = []
    for n in range(3):
        cell = np.eye(3) * (4 + n) + rng.normal(0, 0.2, (3, 3))
        atoms = Atoms("NaCl", scaled_positions=rng.random((2, 3)), cell=cell, pbc=True)
        atoms.set_array("forces_of_mine", rng.normal(size=(2, 3)))
        atoms.info["energy_of_mine"] = -1.5
        frames.append(atoms)
    text = io.StringIO()
    write(text, frames, format="extxyz")
    found = read_xyz(Source(Path("run.xyz"), text.getvalue().encode()))
    assert len(found) == 3
    for material, atoms in zip(found, frames, strict=True):
        np.testing.assert_allclose(material.lattice, atoms.cell.array, atol=1e-7)
        positions = np.array([site.position for site in material.sites])
        np.testing.assert_allclose(positions, atoms.get_scaled_positions(wrap=False), atol=1e-7)
        assert material.provenance.parameters["columns_not_kept"] == ["forces_of_mine"]
        assert material.provenance.parameters["fields"]["energy_of_mine"] == "-1.5"


def test_molecules_are_no_crystals() -> None:
    plain = b"2\nwater, some of it\nO 0 0 0\nH 0 0 1\n"
    source = Source(Path("molecule.xyz"), plain)
    with pytest.raises(Unsupported, match="a periodic frame"):
        reader_for(source).read(source)


def xyz(fields: str, rows: str = "O 0 0 0\nH 0 0 1\n", atoms: str = "2") -> list[Material]:
    return read_xyz(Source(Path("a.xyz"), f"{atoms}\n{fields}\n{rows}".encode()))


def test_faults_of_extended_xyz_are_named() -> None:
    lattice = 'Lattice="3 0 0 0 3 0 0 0 3"'
    assert len(xyz(lattice)) == 1
    with pytest.raises(BadInput, match="line 1: number of atoms"):
        xyz(lattice, atoms="99999999999")
    with pytest.raises(BadInput, match=r"line 4: position"):
        xyz(lattice, "O 0 0 0\nH 0 nan 1\n")
    with pytest.raises(BadInput, match="line 2: Lattice"):
        xyz('Lattice="3 0 0 3 0 0 0 0"')
    with pytest.raises(BadInput, match=r"line 2: lattice: expected a cell at least 0\.5"):
        xyz('Lattice="3 0 0 0 3 0 3 3 0"')
    with pytest.raises(BadInput, match=r"lattice: expected a cell at least 0\.5 .*nan"):
        xyz('Lattice="1e300 0 0 0 1e300 0 0 0 1e300"')
    with pytest.raises(BadInput, match="line 2: Properties"):
        xyz(f"{lattice} Properties=species:S:1:pos:R:99999999")


def rock_salt_json() -> dict[str, object]:
    structure = structure_of(poscar(ROCK_SALT)).add_oxidation_state_by_guess()
    return dict(structure.as_dict())


def test_pymatgen_json_is_read_as_pymatgen_reads_it() -> None:
    reference = material_id(poscar(ROCK_SALT))
    structure = rock_salt_json()
    entry = {"@class": "ComputedStructureEntry", "structure": structure, "energy": -27.0,
             "entry_id": "mp-1", "@module": "no.such.module"}  # fmt: skip
    for document in (structure, [structure], entry, [entry], {"a": structure}):
        source = Source(Path("a.json"), json.dumps(document).encode())
        assert reader_for(source).name == "pymatgen_json"
        (material,) = read_json(source)
        assert isinstance(material, Material)
        assert material_id(material) == reference
    assert "no" not in sys.modules
    packed = gzip.compress(json.dumps([entry, structure]).encode())
    first, second = read_json(Source(Path("a.json.gz"), packed))
    assert first.provenance.parameters["energy"] == -27.0
    assert second.provenance.file_part == "[2]"


def test_phonon_densities_agree_with_pymatgen(shared_data: Path) -> None:
    from pymatgen.phonon.dos import CompletePhononDos

    for path in sorted((shared_data / "phonon-dos-ffonons/mp").glob("*.json.gz"))[::10]:
        reference = CompletePhononDos.from_dict(json.loads(gzip.decompress(path.read_bytes())))
        material, total, projected = read_json(Source(path, path.read_bytes()))
        assert isinstance(material, Material)
        assert isinstance(total, Spectrum) and isinstance(projected, Spectrum)
        assert material_id(material) == material_id(
            material_of(reference.structure, provenance=material.provenance)
        )
        np.testing.assert_array_equal(total.x.values, reference.frequencies)
        np.testing.assert_array_equal(total.intensity, reference.densities)
        assert total.material_id == projected.material_id == material_id(material)
        assert (total.kind, total.x.unit) == ("simulated", "THz")
        atoms = [reference.pdos[site] for site in reference.structure]
        np.testing.assert_array_equal(projected.intensity, np.array(atoms).T)


def test_faults_of_json_are_named() -> None:
    with pytest.raises(BadInput, match="a Structure, ComputedStructureEntry"):
        read_json(Source(Path("a.json"), b'{"a": 1}'))
    with pytest.raises(BadInput, match="RecursionError"):
        read_json(Source(Path("a.json"), b"[" * 100_000))
    broken = re.sub(r'"occu": [\d.]+', '"occu": NaN', json.dumps(rock_salt_json()), count=1)
    with pytest.raises(BadInput, match="site 1: occu: expected a finite number"):
        read_json(Source(Path("a.json"), broken.encode()))
    with pytest.raises(BadInput, match="a complete gzip file"):
        read_json(Source(Path("a.json.gz"), gzip.compress(b"[1, 2, 3]")[:-9]))


def test_a_file_that_unpacks_without_end_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(100)) + packer.flush()
    assert len(bomb) < 2**18
    with pytest.raises(Unsupported, match="at most 64 MiB unpacked"):
        read_json(Source(Path("a.json.gz"), bomb))


MAGNETIC = """data_antiferromagnet
_cell_length_a 4.4
_cell_length_b 4.4
_cell_length_c 4.4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_magn.transform_BNS_Pp_abc '{transform}'
_space_group_magn.name_BNS "P_C b a n"
loop_
_space_group_symop_magn_operation.id
_space_group_symop_magn_operation.xyz
1 x,y,z,+1
2 x+1/2,y+1/2,z,-1
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Mn1 Mn 0 0 0
O1 O 0 0 0.5
loop_
_atom_site_moment.label
_atom_site_moment.crystalaxis_x
_atom_site_moment.crystalaxis_y
_atom_site_moment.crystalaxis_z
Mn1 0 0 4.5
"""


def test_magnetic_moments_are_kept_with_the_sites() -> None:
    content = MAGNETIC.format(transform="a,b,c;0,0,0").encode()
    source = Source(Path("a.mcif"), content)
    assert reader_for(source).name == "cif"
    (material,) = reader_for(source).read(source)
    assert isinstance(material, Material)
    parameters = material.provenance.parameters
    # time reversal goes with the translation: the two atoms point opposite ways
    sites = [next(iter(site.species)) for site in material.sites]
    moments = dict(zip(range(len(sites)), parameters["magnetic_moments"], strict=True))
    up, down = (moments[n] for n, symbol in enumerate(sites) if symbol == "Mn")
    np.testing.assert_allclose(up, [0, 0, 4.5], atol=1e-9)
    np.testing.assert_allclose(down, [0, 0, -4.5], atol=1e-9)
    assert parameters["magnetic_space_group"] == "P_C b a n"


def test_a_magnetic_file_executes_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    call = f'a,b,[__import__("pathlib").Path("{marker}").touch()];0,0,0'
    lines = MAGNETIC.format(transform=call).splitlines()
    # without explicit operations the transformation would be used
    start = lines.index("loop_")
    text = "\n".join(lines[:start] + lines[start + 5 :])
    source = Source(Path("a.mcif"), text.encode())
    try:
        reader_for(source).read(source)
    except BadInput as error:
        assert error.where.startswith("a.mcif")
    assert not marker.exists()


def test_a_cell_too_low_for_any_atom_is_refused_at_once() -> None:
    flat = MAGNETIC.format(transform="a,b,c;0,0,0").replace(
        "_cell_length_c 4.4", "_cell_length_c .1"
    )
    source = Source(Path("a.mcif"), flat.encode())
    with pytest.raises(BadInput, match="a cell at least"):
        reader_for(source).read(source)


def test_the_phonon_table_of_chen_2021(shared_data: Path) -> None:
    import csv

    path = shared_data / "phonon-dos-e3nn-chen2021/data.csv"
    lines = path.read_text().splitlines(keepends=True)
    source = Source(path, "".join(lines[:41]).encode())
    assert reader_for(source).name == "phonon_table"
    found = reader_for(source).read(source)
    rows = list(csv.DictReader(lines[:41]))
    assert len(found) == 2 * len(rows)
    for material, dos, row in zip(found[::2], found[1::2], rows, strict=True):
        assert isinstance(material, Material) and isinstance(dos, Spectrum)
        assert dos.material_id == material_id(material)
        assert dos.provenance.file_part == row["mp_id"]
        np.testing.assert_array_equal(dos.intensity, json.loads(row["phdos"]))
        assert (dos.x.unit, dos.kind) == ("1/cm", "simulated")
        structure = json.loads(row["structure"].replace("'", '"').replace("True", "true"))
        numbers = [site.specie.Z for site in structure_of(material)]
        assert numbers == structure["numbers"]
        cartesian = structure_of(material).cart_coords
        np.testing.assert_allclose(cartesian, structure["positions"], atol=1e-9)


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ("__import__('os').system('ls')", "a Python literal"),
        ("{'numbers': [1], 'positions': [[0, 0]], 'cell': 3, 'pbc': True}", "structure: cell"),
        ("(" * 5000, "a Python literal"),
        ("{'numbers': [999], 'positions': [[0, 0, 0]], 'cell': [[3, 0, 0], [0, 3, 0], [0, 0, 3]]}",
         "atomic numbers"),
    ],
)  # fmt: skip
def test_the_phonon_table_executes_nothing(structure: str, message: str) -> None:
    text = f'mp_id,structure,phfreq,phdos\nmp-1,"{structure}","[0, 1]","[0, 1]"\n'
    source = Source(Path("a.csv"), text.encode())
    with pytest.raises(BadInput, match=message):
        reader_for(source).read(source)
