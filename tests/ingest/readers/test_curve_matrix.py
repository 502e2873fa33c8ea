"""Matrices of curves with their axis in the first row, and the compositions beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files import ingest_files
from ingest.readers import Source, reader_for
from ingest.readers.curve_matrix import read_compositions, sample_names
from registry.errors import BadInput
from registry.lake import Lake
from registry.records import Spectrum
from registry.units import two_theta_to_q

HINTS = {"technique": "xrd", "wavelength": 1.54184}
ANGLES = np.linspace(20, 50, 61)
CURVES = np.random.default_rng(0).random((12, 61)).round(4)


def matrix(axis: Any = ANGLES, curves: Any = CURVES, separator: str = ",") -> str:
    rows = (axis, *curves)
    return "".join(separator.join(f"{value:g}" for value in row) + "\n" for row in rows)


def read(text: str, name: str = "Library.txt", **hints: Any) -> list[Spectrum]:
    source = Source(Path(name), text.encode(), {**HINTS, **hints})
    reader = reader_for(source)
    assert reader.name == "curve_matrix"
    return list(reader.read(source))  # type: ignore[arg-type]


@pytest.mark.parametrize("separator", [",", "\t", " ", ", "])
def test_every_row_is_a_spectrum_of_a_sample(separator: str) -> None:
    spectra = read(matrix(separator=separator))
    assert [s.sample_id for s in spectra] == [f"Library-{n:02d}" for n in range(1, 13)]
    assert {s.provenance.file_part for s in spectra} == {f"row {n}" for n in range(1, 13)}
    for spectrum, curve in zip(spectra, CURVES, strict=True):
        np.testing.assert_allclose(spectrum.x.values, ANGLES)
        np.testing.assert_array_equal(spectrum.intensity, curve)
        assert (spectrum.technique, spectrum.x.quantity) == ("xrd", "two_theta")


def test_the_library_can_be_named_and_its_compositions_given(tmp_path: Path) -> None:
    table = "Fe Ga\n" + "".join(f"{n / 20} {1 - n / 20}\n" for n in range(12))
    (tmp_path / "composition.txt").write_text(table)
    spectra = read(
        matrix(), str(tmp_path / "a.csv"), library="wafer", compositions="composition.txt"
    )
    assert spectra[3].sample_id == "wafer-04"
    assert spectra[3].title == "Fe 15.0 % Ga 85.0 %"
    assert spectra[3].provenance.parameters["composition"] == pytest.approx(
        {"Fe": 0.15, "Ga": 0.85}
    )


def test_an_axis_of_q_needs_no_wavelength() -> None:
    hints = {"x_unit": "1/angstrom", "wavelength": None}
    (first, *_) = read(matrix(axis=np.linspace(1, 4, 61)), **hints)
    assert (first.x.quantity, first.wavelength) == ("Q", None)


@pytest.mark.parametrize(
    ("text", "hints", "message"),
    [
        (matrix(), {"wavelength": None, "x_unit": "degree"}, "wavelength"),
        (matrix(), {"technique": None, "x_unit": "degree"}, "--technique"),
        (matrix(), {"technique": "Xrd"}, "option technique"),
        (matrix().replace(f"{CURVES[4, 9]:g}", "1.2.3"), {}, "line 6: expected 61 numbers"),
        (matrix() + "1,2,3\n", {}, "line 14: expected 61 numbers"),
        (matrix(), {"compositions": "none.txt"}, "table of compositions"),
    ],
)
def test_faults_are_named(text: str, hints: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(text, **hints)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("0.5 0.5\n0.5 0.5\n0.4 0.6\n", "names such as Fe"),
        ("Fe Ga\n0.5 0.5\n0.5 0.7\n0.4 0.6\n", "add up to 1 or 100, found .* in row 2"),
        ("Fe Ga\n0.5 0.5\n0.5 0.5\n1.4 -0.4\n", "in row 3"),
        ("Fe Ga\n0.5 0.5\n0.5 0.5\n0.4 nan\n", "in row 3"),
        ("Fe Ga\n0.5 0.5\n0.5 0.5\n0.4 0.6\n", "one row for each curve, found 3 for 12"),
    ],
)
def test_faults_of_compositions_are_named(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "c.txt").write_text(table)
    with pytest.raises(BadInput, match=message):
        read(matrix(), str(tmp_path / "a.txt"), compositions="c.txt")


def test_percents_become_fractions(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("MgO, SiO2\n" + "25.1, 75.0\n" * 4)
    told = read_compositions(tmp_path / "c.txt")
    assert told.components == ("MgO", "SiO2")
    np.testing.assert_allclose(told.fractions.sum(axis=1), 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1 2 3\n4 5 6\n",
        matrix(axis=ANGLES[::-1]).encode(),
        matrix(axis=np.full(61, np.inf)).encode(),
        b"\x00" * 500,
        b"x y\n" + matrix().encode(),
    ],
)
def test_other_files_are_left_to_others(content: bytes) -> None:
    from ingest.readers.curve_matrix import READER

    assert READER.recognise(Source(Path("a.txt"), content, {})) == 0


@settings(max_examples=80, deadline=None, derandomize=True)
@given(place=st.integers(0, 5000), piece=st.binary(max_size=6), cut=st.integers(0, 400))
def test_whatever_happens_to_the_file_there_are_spectra_or_a_reason(
    place: int, piece: bytes, cut: int
) -> None:
    from ingest.readers.curve_matrix import READER

    content = matrix().encode()
    damaged = content[:place] + piece + content[place + cut :]
    source = Source(Path("a.txt"), damaged, HINTS)
    assert 0 <= READER.recognise(source) <= 1
    try:
        assert READER.read(source)
    except BadInput as error:
        assert error.where


def test_the_published_library_enters_a_lake(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "xrd-combi-fegapd"
    lake = Lake.open(tmp_path / "lake")
    hints = {**HINTS, "library": "FeGaPd", "compositions": "FeGaPd_CMP.txt"}
    report = ingest_files(lake, [folder / "FeGaPd_XRD.txt"], hints=hints)
    assert (report.stored["spectra"], report.refused) == (278, [])
    rows = lake.sql("SELECT sample_id, x, intensity FROM spectra ORDER BY sample_id").to_pylist()
    assert [row["sample_id"] for row in rows] == sample_names("FeGaPd", 278)
    stated = np.loadtxt(folder / "FeGaPd_XRD.txt", delimiter=",")
    np.testing.assert_allclose(rows[99]["intensity"], stated[100], rtol=1e-6)
    np.testing.assert_allclose(rows[0]["x"], two_theta_to_q(stated[0], 1.54184))


def test_the_wavelength_of_the_published_library_is_that_of_copper(shared_data: Path) -> None:
    """Iron-rich samples have the (110) line of bcc iron: a = 2.8665 angstrom, more with gallium."""
    folder = shared_data / "xrd-combi-fegapd"
    stated = np.loadtxt(folder / "FeGaPd_XRD.txt", delimiter=",")
    told = read_compositions(folder / "FeGaPd_CMP.txt")
    rich = told.fractions[:, told.components.index("Fe")] > 0.8
    q = two_theta_to_q(stated[0][stated[1:][rich].argmax(axis=1)], HINTS["wavelength"])
    lattice = 2 * np.pi * np.sqrt(2) / q
    assert np.median(lattice) == pytest.approx(2.8665, rel=0.005)
