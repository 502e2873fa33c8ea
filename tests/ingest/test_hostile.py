"""Damaged and hostile files, many at once: nothing crashes, hangs or gets out; all is told."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pytest

from benchmarks._attacks import write_attacks, write_links
from benchmarks._broken_files import write_damaged
from flows.example_data import folder as sasdata_folder
from ingest.apart import reading
from ingest.files import ingest_files
from ingest.readers import Source, readers
from ingest.readers._hdf5 import MAGIC, opened
from registry.errors import BadInput
from registry.isolated import Isolated, Lost
from registry.lake import Lake
from registry.units import convert

ENDLESS_UNITS = [
    "9**9**9**9",
    "9**(9**9)**9",
    "(9**99)**99",
    "m**(9*9)**9**9",
    "9^9^9^9",
    "9⁹⁹⁹⁹⁹⁹⁹⁹⁹",
    "m cubed cubed cubed cubed cubed",
    "meter**999999999",
    "-" * 38,
    "\0",
]


@pytest.fixture
def naughty(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    yield importlib.import_module("naughty")


def test_what_breaks_its_process_is_lost_and_nothing_else_is(naughty: ModuleType) -> None:
    told = ["a", "exit", "b", "crash", "spin", "c", "sleep", "d"]
    with Isolated(naughty.naughty, 2, lambda _: 0.5, 2**32) as apart:
        first, exit_, second, crash, spin, third, sleep, last = apart.map(told)
    assert (first, second, third, last) == ("a", "b", "c", "d")
    assert exit_ == Lost("its process ended with exit status 3")
    assert crash == Lost("its process ended by SIGSEGV")
    assert spin in (Lost("more than 0.5 s of computing"), Lost("no answer within 2 s"))
    assert sleep == Lost("no answer within 2 s")


def test_memory_beyond_the_limit_is_not_had(naughty: ModuleType) -> None:
    with Isolated(naughty.naughty, 1, lambda _: 5, 2**30) as apart:
        assert apart.run("swell") == Lost("its process ended with exit status 1")
        assert apart.run("a") == "a"


def test_hdf5_is_read_apart_even_with_one_worker(naughty: ModuleType) -> None:
    files = [Source(Path("exit.h5"), MAGIC), Source(Path("fine.h5"), MAGIC)]
    with reading(naughty.read_naughtily, workers=1) as read:
        assert read(files) == [Lost("its process ended with exit status 3"), "fine"]


@pytest.mark.parametrize("unit", ENDLESS_UNITS)
def test_a_unit_that_would_be_computed_for_ever_is_refused(unit: str) -> None:
    with pytest.raises(BadInput, match="a unit"):
        convert(np.ones(1), unit, "1/angstrom")


def test_linked_groups_are_looked_at_once(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "linked.h5", "w") as file:
        above = file.create_group("a")
        for level in range(12):
            below = above.create_group(f"level{level}")
            for n in range(6):
                above[f"again{n}"] = below
            above = below
    # 7**12 ways lead to the innermost group
    with opened((tmp_path / "linked.h5").read_bytes(), "linked.h5") as file:
        assert list(file) == ["a"]


@pytest.mark.parametrize(
    "piece", [b"\n", b" ", b"#\t", b"'", b"a = ", b"data_", b"<a>", b"1 ", b"-"]
)
def test_recognising_a_long_repetition_takes_no_time_to_speak_of(piece: bytes) -> None:
    source = Source(Path("long.cif"), b"data_x\n" + piece * (300_000 // len(piece)))
    begin = time.perf_counter()
    for reader in readers().values():
        assert 0 <= reader.recognise(source) <= 1
    assert time.perf_counter() - begin < 2


def stored_and_refused(lake: Lake, files: list[Path]) -> tuple[set[str], list[dict[str, str]]]:
    ingest_files(lake, files, workers=2)
    rows = lake.sql("SELECT file_name FROM spectra UNION SELECT file_name FROM materials")
    return {row["file_name"] for row in rows.to_pylist()}, lake.sql(
        "SELECT file_name, stage, location, expected, found FROM quarantine"
    ).to_pylist()


def test_attacks_reach_nothing_and_are_refused_with_a_reason(lake: Lake, tmp_path: Path) -> None:
    secret = tmp_path / "outside.txt"
    secret.write_text("nobody may read this")
    files = write_attacks(tmp_path / "attacks", secret)
    _, refused = stored_and_refused(lake, sorted(files))
    assert all(all(row.values()) for row in refused)
    assert not [row for row in refused if row["stage"] == "reader fault"]
    told = {Path(row["file_name"]).name for row in refused}
    # a unit that no reader needs, a link among many to data that are whole
    let_in = {path.name for path in files} - told
    assert let_in <= {"linked_groups.nxs", "unit_words.dat", "wide.csv", "nul.dat"}
    assert secret.read_text() == "nobody may read this"
    assert {p.name for p in tmp_path.iterdir()} == {"attacks", "lake", "outside.txt"}
    texts = lake.sql("SELECT title, parameters FROM spectra").to_pylist()
    assert "nobody may read" not in str(texts)


def test_links_lead_nowhere_else(lake: Lake, tmp_path: Path) -> None:
    write_links(tmp_path / "attacks")
    report = ingest_files(lake, [tmp_path / "attacks"])
    assert (report.files, sum(report.stored.values())) == (0, 0)


def test_damaged_files_are_stored_or_refused_with_file_place_expected_and_found(
    lake: Lake, tmp_path: Path, shared_data: Path
) -> None:
    files = write_damaged(tmp_path / "damaged", [shared_data, sasdata_folder()], 1, 1)
    chosen = sorted(files)[::3]
    assert len(chosen) >= 200
    stored, refused = stored_and_refused(lake, chosen)
    told = {row["file_name"] for row in refused}
    assert stored | told <= {str(path) for path in chosen}
    assert len(told) > len(chosen) / 3
    assert all(all(row.values()) for row in refused)
    assert not [row for row in refused if row["stage"] == "reader fault"]
