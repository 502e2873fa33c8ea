"""Files into the lake: everything is stored or quarantined, nothing twice, nothing lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.files import find_files, ingest_files
from ingest.readers import Source, readers
from registry.errors import BadInput, WrongUse
from registry.lake import Lake
from registry.records import Material


def test_a_folder_is_stored_and_what_is_bad_is_quarantined_with_its_bytes(
    lake: Lake, folder: Path
) -> None:
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    report = ingest_files(lake, [folder])
    assert report.files == 4
    assert report.stored == {"materials": 2, "spectra": 1}
    (refused,) = lake.sql("from quarantine").to_pylist()
    assert refused["content"] == (folder / "bad.csv").read_bytes()
    assert "intensity_not_finite" in refused["location"]
    assert "x_back_share" in refused["location"]
    assert {p: p.read_bytes() for p in before} == before


def test_ingesting_again_stores_nothing_and_says_so(lake: Lake, folder: Path) -> None:
    ingest_files(lake, [folder])
    again = ingest_files(lake, [folder])
    assert again.stored == {"materials": 0, "spectra": 0}
    assert again.known_files == 3
    assert lake.sql("select count(*) as n from quarantine").to_pylist() == [{"n": 1}]


def test_the_same_curve_in_another_file_is_one_row(lake: Lake, folder: Path) -> None:
    ingest_files(lake, [folder / "good.csv"])
    copy = folder / "copy.csv"
    copy.write_text("# another header, SAXS\n" + (folder / "good.csv").read_text())
    report = ingest_files(lake, [copy])
    assert (report.stored["spectra"], report.known_rows) == (0, 1)


def test_an_interrupted_ingest_goes_on_where_it_stopped(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.files.BATCH", 1)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_files(lake, [folder], progress=stop)
    report = ingest_files(lake, [folder])
    assert report.known_files >= 1
    assert lake.sql("select count(*) as n from materials").to_pylist() == [{"n": 2}]
    assert lake.sql("select count(*) as n from spectra").to_pylist() == [{"n": 1}]


def test_a_faulty_reader_or_a_vanished_file_stops_nothing(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: Source) -> list[Material]:
        raise IndexError(f"list index out of range in {source.name}")

    faulty = replace(readers()["cif"], read=fail)
    monkeypatch.setitem(readers(), "cif", faulty)
    vanished = folder / "vanished.csv"
    there = find_files([folder])
    monkeypatch.setattr("ingest.files.find_files", lambda _: [*there, vanished])
    report = ingest_files(lake, [folder])
    assert report.stored == {"materials": 0, "spectra": 1}
    reasons = {Path(r.file_name).name: (r.stage, r.found) for r in report.refused}
    assert reasons["halite.cif"] == (
        "reader fault",
        "IndexError: list index out of range in halite.cif",
    )
    assert reasons["vanished.csv"][0] == "open"
    assert "No such file" in reasons["vanished.csv"][1]


def test_what_the_user_says_wins(lake: Lake, folder: Path) -> None:
    hints = {"technique": "sans", "x_unit": "1/nm", "temperature": 300.0}
    ingest_files(lake, [folder / "good.csv"], hints)
    (row,) = lake.sql("select technique, x[1] as first, temperature from spectra").to_pylist()
    assert row == {"technique": "sans", "first": pytest.approx(0.001), "temperature": 300.0}


def test_hints_beside_the_files_count_and_the_same_hints_read_nothing_again(
    lake: Lake, folder: Path
) -> None:
    (folder / "scatterlake.yaml").write_text('"*.csv": {technique: sans}\n"g*": {x_unit: 1/nm}\n')
    report = ingest_files(lake, [folder / "good.csv"])
    assert report.files == 1
    (row,) = lake.sql("select technique, x[1] as first from spectra").to_pylist()
    assert row == {"technique": "sans", "first": pytest.approx(0.001)}
    assert ingest_files(lake, [folder / "good.csv"]).known_files == 1
    (folder / "scatterlake.yaml").write_text('"*.csv": {technique: saxs}\n')
    assert ingest_files(lake, [folder / "good.csv"]).stored["spectra"] == 1


@pytest.mark.parametrize("text", ["- a list", "'*.csv': sans", "{unclosed"])
def test_a_hints_file_that_cannot_be_understood_is_named(
    lake: Lake, folder: Path, text: str
) -> None:
    (folder / "scatterlake.yaml").write_text(text)
    with pytest.raises(WrongUse, match=r"scatterlake\.yaml"):
        ingest_files(lake, [folder])


def test_an_unknown_file_is_refused_with_what_would_be_known(lake: Lake, tmp_path: Path) -> None:
    odd = tmp_path / "photo.xyzzy"
    odd.write_bytes(b"\x89\x00\x01garbage")
    report = ingest_files(lake, [odd])
    assert report.refused[0].expected.startswith("a known format")
    assert "\\x89" in report.refused[0].found


def test_an_empty_file_is_refused_as_empty(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "empty.dat").touch()
    report = ingest_files(lake, [tmp_path / "empty.dat"])
    assert "empty" in report.refused[0].found


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match="nowhere"):
        find_files([Path("nowhere")])


def test_a_lake_among_the_data_is_passed_over(tmp_path: Path) -> None:
    Lake.open(tmp_path / "data" / "lake")
    (tmp_path / "data" / "curve.csv").write_text("Q,I\n")
    assert find_files([tmp_path / "data"]) == [tmp_path / "data" / "curve.csv"]
    inside = tmp_path / "data" / "lake" / "inputs"
    inside.mkdir()
    (inside / "curve.csv").write_text("Q,I\n")
    assert find_files([inside]) == [inside / "curve.csv"]
