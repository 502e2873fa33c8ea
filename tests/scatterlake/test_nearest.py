"""``scatterlake nearest``, as a user types it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ingest.files import ingest_files
from registry.errors import WrongUse
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli import nearest as _registers_it  # noqa: F401

Q = np.linspace(0.01, 0.3, 60)


def saxs(radius: float) -> str:
    """A file with the Guinier curve of a particle."""
    lines = [f"{q:.6g},{100 * np.exp(-((q * radius) ** 2) / 3):.6g}" for q in Q]
    return "# SAXS of a test; Q in 1/angstrom\nQ,I\n" + "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a lake of particles of 10 to 19 angstrom and a file of 14.2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for radius in range(10, 20):
        (tmp_path / "data" / f"r{radius}.csv").write_text(saxs(radius))
    (tmp_path / "mine.csv").write_text(saxs(14.2))
    ingest_files(Lake.open(tmp_path / "lake"), [tmp_path / "data"])
    return tmp_path


def ask(*args: str) -> str:
    return CliRunner().invoke(app, ["nearest", *args], catch_exceptions=False).stdout


def test_a_file_is_answered_with_a_table_and_a_picture(folder: Path) -> None:
    command_line = "from scatterlake.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", command_line, "nearest", "mine.csv", "-k", "3"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"r\d\d\.csv", done.stdout) == ["r14.csv", "r15.csv", "r13.csv"]
    (picture,) = (folder / "lake" / "pictures").glob("nearest-*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.name in done.stdout
    assert Lake.existing(folder / "lake").sql("from spectra").num_rows == 10


def test_the_start_of_an_id_is_enough_where_it_is_unique(folder: Path) -> None:
    lake = Lake.existing(folder / "lake")
    found = lake.sql("select spectrum_id from spectra where file_name like '%r11.csv'")
    whole = found["spectrum_id"][0].as_py()
    for text in (whole, whole[:6]):
        # Guinier curves are the more similar, the closer to 1 the ratio of their radii
        assert re.findall(r"r\d\d\.csv", ask(text, "-k", "2")) == ["r11.csv", "r12.csv", "r10.csv"]
    for wrong in (whole[:5], "ffffffffff", "nowhere.csv"):
        with pytest.raises(WrongUse, match="first 6 digits"):
            ask(wrong)


def test_the_start_of_several_ids_is_answered_with_them(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    lake.append("spectra", [{"spectrum_id": f"abcdef{n}"} for n in range(2)])
    with pytest.raises(WrongUse, match="abcdef0, abcdef1"):
        ask("abcdef", "--lake", str(lake.path))


def test_conditions_and_hints_are_heeded(folder: Path) -> None:
    kept = ask("mine.csv", "--where", "file_name not like '%r14%'", "-k", "1")
    assert re.findall(r"r\d\d\.csv", kept) == ["r15.csv"]
    # read in 1/nm, two thirds of its points are inside the range of those stored
    assert "none that covers" in ask("mine.csv", "--x-unit", "1/nm")
    assert "none that covers" in ask("mine.csv", "--technique", "sans")


def test_patterns_of_a_temperature_series_are_found_in_its_order(
    shared_data: Path, tmp_path: Path
) -> None:
    series = shared_data / "pdf-diffpy-cmi" / "pdf" / "ch07StructuralPhaseTransitions" / "data"
    ingest_files(Lake.open(tmp_path / "lake"), [series], {"technique": "xpdf"})
    answer = ask(str(series / "SrFe2As2_150K.gr"), "--lake", str(tmp_path / "lake"), "-k", "6")
    temperatures = re.findall(r"SrFe2As2_(\d+)K", answer)
    assert temperatures == ["150", "156", "162", "168", "174", "180", "186"]
