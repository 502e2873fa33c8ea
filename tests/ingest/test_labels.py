"""Labels from a table: who is meant, what is stored, what is wrong, by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.labels import Label, ingest_labels, write_properties
from registry.errors import BadInput, WrongUse
from registry.lake import Lake, now
from scatterlake.cli import _load_commands, app

TABLE = """\
sample, Kerr rotation [mrad], region, ratio []
S1, 0.41, 2, 1
S2, , austenite, 2.5
"""


def scan(name: str, file: str, part: str | None, sample: str | None) -> dict:
    return {
        "spectrum_id": name,
        "technique": "xrd",
        "kind": "experimental",
        "sample_id": sample,
        "file_name": f"/beamline/run7/{file}",
        "file_part": part,
        "ingested_at": now(),
    }


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    opened = Lake.open(tmp_path / "lake")
    rows = [
        scan("a", "one.xy", None, "S1"),
        scan("b", "two.dat", "scan 1", "S2"),
        scan("c", "two.dat", "scan 2", "S2"),
        scan("d", "three.dat", "scan 1", "S3"),
    ]
    opened.append("spectra", rows)
    materials = [{"material_id": "m1", "file_name": "/cif/quartz.cif", "ingested_at": now()}]
    opened.append("materials", materials)
    return opened


def table(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def stored(lake: Lake) -> dict[tuple[str, str], tuple]:
    rows = lake.sql("SELECT * FROM properties").to_pylist()
    return {(r["entity_id"], r["property"]): (r["value"], r["text"], r["unit"]) for r in rows}


def test_numbers_have_units_and_classes_may_be_numbers(lake, tmp_path):
    report = ingest_labels(lake, table(tmp_path, TABLE), "sample", "SQUID")
    assert (report.written, report.known, report.refused) == (5, 0, [])
    assert stored(lake) == {
        ("S1", "Kerr rotation"): (0.41, None, "mrad"),
        ("S1", "region"): (2.0, "2", ""),
        ("S1", "ratio"): (1.0, None, ""),
        ("S2", "region"): (None, "austenite", ""),
        ("S2", "ratio"): (2.5, None, ""),
    }
    (method,) = set(lake.sql("SELECT method FROM properties")["method"].to_pylist())
    assert method == "SQUID"
    assert None not in lake.sql("SELECT source FROM properties")["source"].to_pylist()


def test_the_same_table_twice_is_one(lake, tmp_path):
    path = table(tmp_path, TABLE)
    ingest_labels(lake, path, "sample", "SQUID")
    again = ingest_labels(lake, path, "sample", "SQUID")
    assert (again.written, again.known, again.replaced) == (0, 5, 0)


def test_another_value_is_refused_or_replaces_on_request(lake, tmp_path):
    ingest_labels(lake, table(tmp_path, TABLE), "sample", "SQUID")
    path = table(tmp_path, TABLE.replace("0.41", "0.44"))
    with pytest.raises(BadInput, match=r"'Kerr rotation' of S1: expected 0\.41 mrad.*found 0\.44"):
        ingest_labels(lake, path, "sample", "SQUID")
    assert stored(lake)["S1", "Kerr rotation"][0] == 0.41
    report = ingest_labels(lake, path, "sample", "SQUID", replace=True)
    assert (report.replaced, report.known) == (1, 4)
    assert stored(lake)["S1", "Kerr rotation"][0] == 0.44
    # by another method it is another label
    assert ingest_labels(lake, path, "sample", "VSM").written == 5


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("file,phase\none.xy,x", "a"),
        ("file_name;part;phase\n/elsewhere/two.dat;scan 2;x", "c"),
        ("part\tsample\tphase\nscan 1\tS3\tx", "d"),
        ("Spectrum_ID,phase\nb,x", "b"),
        ("\ufeffentity_id,phase\n\nb,x\n", "b"),
    ],
)
def test_a_spectrum_is_named_by_its_file_part_sample_or_id(text, who, lake, tmp_path):
    report = ingest_labels(lake, table(tmp_path, text), "spectrum", "eye")
    assert report.refused == []
    assert set(stored(lake)) == {(who, "phase")}


def test_files_name_samples_and_materials_too(lake, tmp_path):
    ingest_labels(lake, table(tmp_path, "file,phase\ntwo.dat,x"), "sample", "eye")
    ingest_labels(lake, table(tmp_path, "file,phase\nquartz.cif,y"), "material", "eye")
    assert set(stored(lake)) == {("S2", "phase"), ("m1", "phase")}


def test_wrong_lines_are_named_and_stop_no_other(lake, tmp_path):
    text = """\
file,part,gap [eV],phase
one.xy,,1.5,a
two.dat,,1.6,b
none.xy,,1.7,c
three.dat,,wide,d
three.dat,scan 1,nan,e
three.dat,scan 1,1.8
,,1.9,f
one.xy,,,again
"""
    report = ingest_labels(lake, table(tmp_path, text), "spectrum", "eye")
    assert report.written == 2
    said = [str(error) for error in report.refused]
    for line, message in (
        (3, "expected one spectrum of the lake, found 2 with file 'two.dat'"),
        (4, "found none with file 'none.xy'"),
        (5, "'gap': expected a finite number in eV, found 'wide'"),
        (6, "'gap': expected a finite number in eV, found 'nan'"),
        (7, "expected 4 cells, found 3"),
        (8, "found none with no name"),
        (9, "'phase' of a: expected each property of one once, found it again"),
    ):
        assert any(f"labels.csv, line {line}" in s and message in s for s in said), (line, said)
    assert len(said) == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected a column entity_id, .* found no header"),
        ("name,phase\nS1,x", "line 1: expected a column entity_id, sample, sample_id or file"),
        ("sample\nS1", "line 1: expected properties, each with its own name"),
        ("sample,a,a [eV]\nS1,1,2", "line 1: expected properties, each with its own name"),
    ],
)
def test_a_table_that_names_nobody_or_nothing_is_refused(text, message, lake, tmp_path):
    with pytest.raises(BadInput, match=message):
        ingest_labels(lake, table(tmp_path, text), "sample", "eye")


def test_bytes_and_unknown_entities_are_refused(lake, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_bytes(b"sample,\xff\n")
    with pytest.raises(BadInput, match="a text file in UTF-8"):
        ingest_labels(lake, path, "sample", "eye")
    with pytest.raises(WrongUse, match="one of sample, spectrum, material"):
        ingest_labels(lake, path, "mineral", "eye")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([Label("S1", "gap", "dft", float("nan"))], "a finite number, found nan"),
        ([Label("S1", "gap", "dft")], "a number or a text, found neither"),
        ([Label("S1", "gap", "dft", 1.0)] * 2, "one label by 'dft', found two"),
        (
            [Label("S1", "gap", "dft", 1.0, unit="eV"), Label("S2", "gap", "dft", 1.0, unit="J")],
            "the unit 'eV', as elsewhere, found 'J'",
        ),
    ],
)
def test_labels_that_cannot_be_are_refused_whole(labels, message, lake):
    with pytest.raises(BadInput, match=message):
        write_properties(lake, [Label("S9", "gap", "dft", 2.0, unit="eV"), *labels])
    assert stored(lake) == {}


def test_the_unit_in_the_lake_holds(lake):
    write_properties(lake, [Label("S1", "gap", "dft", 1.0, unit="eV")])
    with pytest.raises(BadInput, match="the unit 'eV', as elsewhere, found 'meV'"):
        write_properties(lake, [Label("S2", "gap", "dft", 1.0, unit="meV")])
    assert write_properties(lake, []).written == 0


def test_the_command_says_what_became_of_each_line(lake, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    _load_commands()
    path = table(tmp_path, TABLE + "S7,1,2,3\n")
    words = ["label", str(path), "--lake", lake.uri, "--entity", "sample", "--method", "SQUID"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "labels.csv, line 4: expected one sample of the lake" in done.output
    assert len(stored(lake)) == 5
    path = table(tmp_path, TABLE)
    assert CliRunner().invoke(app, words).exit_code == 0
