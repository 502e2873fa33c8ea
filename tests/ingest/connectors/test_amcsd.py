"""Minerals of the installed AMCSD: the same choice and the same files on every machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ingest.connectors.amcsd import choose_entries, first_cif, lattice_shape, write_entries
from ingest.readers import Source, reader_for
from registry.errors import BadInput, NotFound
from registry.identity import digest
from registry.records import Material
from registry.structures import structure_of

# of the choice and the files that larixite 2026.1 gave
CHOSEN = "7cc70f50163bb4d357637a1084fb1c32"
WRITTEN = "968d54ea9f6a9fa0b3624d6050a278fa"


def names_and_shapes(paths: list[Path]) -> tuple[Counter[str], Counter[str]]:
    names, shapes = Counter[str](), Counter[str]()
    for path in paths:
        source = Source(path, path.read_bytes())
        for record in reader_for(source).read(source):
            assert isinstance(record, Material)
            names[str(record.name)] += 1
            lattice = structure_of(record).lattice
            shapes[lattice_shape(*lattice.abc, *lattice.angles)] += 1
    return names, shapes


def test_the_choice_is_the_same_on_every_machine() -> None:
    chosen = choose_entries(30, 24, 3, but=("Fluorite", "Zircon", "Calcite"))
    assert len(chosen) == 240
    assert chosen == sorted(set(chosen))
    assert digest(",".join(map(str, chosen)).encode()) == CHOSEN


def test_the_files_are_the_same_on_every_machine(tmp_path: Path) -> None:
    paths = write_entries(tmp_path, choose_entries(1, 24, 3))
    content = b"".join(path.name.encode() + path.read_bytes() for path in paths)
    assert digest(content) == WRITTEN


def test_a_choice_is_even_over_lattices_and_leaves_minerals_out(tmp_path: Path) -> None:
    chosen = choose_entries(2, 6, 1)
    names, shapes = names_and_shapes(write_entries(tmp_path, chosen))
    assert max(names.values()) == 1
    assert shapes.pop("hexagonal") == 4
    assert set(shapes.values()) == {2}
    left_out = next(iter(names))
    others = write_entries(tmp_path / "others", choose_entries(2, 6, 1, but=(left_out,)))
    assert left_out not in names_and_shapes(others)[0]


def test_files_that_exist_are_kept(tmp_path: Path) -> None:
    (number,) = choose_entries(1, 2, 1)[:1]
    (path,) = write_entries(tmp_path, [number])
    path.write_text("mine")
    assert write_entries(tmp_path, [number]) == [path]
    assert path.read_text() == "mine"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"AMCSD: expected numbers of entries.*987654321"):
        write_entries(tmp_path, [987654321])
    with pytest.raises(NotFound, match="Unobtainium"):
        first_cif("Unobtainium")
    assert "Halite" in first_cif("Halite")


@pytest.mark.parametrize(
    ("cell", "shape"),
    [
        ((4, 4, 4, 90, 90, 90), "cubic"),
        ((4, 4, 6, 90, 90, 90), "tetragonal"),
        ((4, 5, 6, 90, 90, 90), "orthorhombic"),
        ((4, 4, 6, 90, 90, 120), "hexagonal"),
        ((4, 4, 4, 60, 60, 60), "rhombohedral"),
        ((4, 5, 6, 90, 100, 90), "monoclinic"),
        ((4, 5, 6, 80, 100, 95), "triclinic"),
    ],
)
def test_a_cell_is_sorted_by_its_shape(cell: tuple[float, ...], shape: str) -> None:
    assert lattice_shape(*cell) == shape
