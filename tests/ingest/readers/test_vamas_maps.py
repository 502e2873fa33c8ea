"""VAMAS: maps become one spectrum over two positions; images without energies are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.readers import Source
from ingest.readers._vamas import MAGIC
from ingest.readers.vamas import read
from ingest.rows import row_of_spectrum
from registry.errors import BadInput, Unsupported

Position = tuple[int, int]


def header(mode: str, scan: str, across: Position, blocks: int) -> list[str]:
    """Lines of the header, in the order of the standard."""
    lines = [MAGIC, "lab", "Nova", "me", "test", "0", mode, scan]
    if mode in ("NORM", "SDP", "MAP", "MAPDP"):
        lines.append("1")  # spectral regions
    if mode in ("MAP", "MAPDP"):
        lines += [str(blocks), *map(str, across)]
    return [*lines, "0", "0", "0", "0", "0", str(blocks)]


def block(
    mode: str, position: Position, counts: list[int], technique: str = "XPS", name: str = "C 1s"
) -> list[str]:
    """Lines of a block of a regular scan."""
    depth = mode in ("MAPDP", "SDP")
    return [
        name, "gold", "2024", "1", "2", "3", "4", "5", "0", "0", technique,
        *(map(str, position) if mode in ("MAP", "MAPDP") else ()),
        "Al",
        *(("18", "1", "1") if depth else ()),
        "1486.6", "0", "0", "0",
        *(("400", "200") if mode in ("MAP", "MAPDP") else ()),
        "0", "0", "FAT", "20", "1", "4.5", "0", "0", "0", "0", "0", "C", "1s", "-1",
        "kinetic energy", "eV", "1200", "0.5", "1", "counts", "d", "pulse counting", "0.1",
        "1", "0",
        *(("500", "1", "2", "2", "0", "0", "cyclic") if depth else ()),
        "0", "0", "0", "0", str(len(counts)), str(min(counts)), str(max(counts)),
        *map(str, counts),
    ]  # fmt: skip


def source(*parts: list[str]) -> Source:
    return Source(Path("map.vms"), "\n".join(line for part in parts for line in part).encode())


def counts_at(x: int, y: int) -> list[int]:
    return [100 * x + 10 * y + n for n in range(4)]


@pytest.mark.parametrize("mode", ["MAP", "MAPDP"])
def test_blocks_that_fill_a_grid_are_one_map(mode: str) -> None:
    places = [(x, y) for y in (1, 2) for x in (1, 2, 3)]
    blocks = [block(mode, place, counts_at(*place)) for place in places]
    (found,) = read(source(header(mode, "REGULAR", (3, 2), 6), *blocks))
    assert (found.technique, found.shape) == ("xps", (4, 3, 2))
    for x, y in places:
        np.testing.assert_array_equal(found.intensity[:, x - 1, y - 1], counts_at(x, y))
    # 400 x 200 micrometres: middles of three and of two pixels
    across, down = found.axes
    np.testing.assert_allclose(across.values, [400 / 6, 200, 2000 / 6])
    np.testing.assert_allclose(down.values, [50, 150])
    assert (across.quantity, across.unit, down.quantity) == ("x_position", "um", "y_position")
    row = row_of_spectrum(found)
    np.testing.assert_allclose(row["x"], 1486.6 - (1200 + 0.5 * np.arange(4)))
    assert row["x_quantity"] == "binding_energy"
    assert found.provenance.file_part == "block 1: C 1s and 5 more positions"


def test_regions_of_a_map_are_maps_of_their_own() -> None:
    places = [(1, 1), (2, 1)]
    blocks = [
        block("MAP", place, [n + k for n in counts_at(*place)], name=name)
        for k, name in enumerate(("C 1s", "O 1s"))
        for place in places
    ]
    carbon, oxygen = read(source(header("MAP", "REGULAR", (2, 1), 4), *blocks))
    assert carbon.shape == oxygen.shape == (4, 2, 1)
    np.testing.assert_array_equal(oxygen.intensity, carbon.intensity + 1)


def test_scattered_positions_stay_spectra() -> None:
    places = [(1, 1), (7, 2), (3, 9)]
    blocks = [block("MAP", place, counts_at(*place)) for place in places]
    found = read(source(header("MAP", "REGULAR", (10, 10), 3), *blocks))
    assert [s.provenance.parameters["position"] for s in found] == [[1, 1], [7, 2], [3, 9]]
    assert all(s.shape == (4,) for s in found)


@pytest.mark.parametrize(
    ("mode", "scan"), [("MAPSV", "MAPPING"), ("SEM", "MAPPING"), ("NORM", "MAPPING")]
)
def test_images_without_energies_are_refused_with_the_reason(mode: str, scan: str) -> None:
    with pytest.raises(Unsupported, match=f"one number a position, without energies .{mode}"):
        read(source(header(mode, scan, (1, 1), 1)))


def test_positions_outside_of_the_map_are_refused() -> None:
    outside = block("MAP", (4, 1), counts_at(1, 1))
    with pytest.raises(BadInput, match="a position from 1 to 3"):
        read(source(header("MAP", "REGULAR", (3, 2), 1), outside))
    with pytest.raises(BadInput, match="counts of positions"):
        read(source(header("MAP", "REGULAR", (0, 2), 1), outside))


def test_blocks_of_other_techniques_are_named_and_do_not_hinder() -> None:
    blocks = [
        block("NORM", (1, 1), [1, 5, 9]),
        block("NORM", (1, 1), [1, 5, 9], technique="ISS", name="He"),
    ]
    # an ion technique has three more lines
    blocks[1][12:12] = ["2", "1", "1"]
    (found,) = read(source(header("NORM", "REGULAR", (1, 1), 2), *blocks))
    assert found.provenance.parameters["passed_over"] == {"block 2: He": "technique 'ISS'"}
