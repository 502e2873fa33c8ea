"""A user's own format: a small distribution with an entry point, installed by pip, used at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "beamline-formats"
version = "2.1"

[project.entry-points."scatterlake.ingest.readers"]
beamline = "beamline_formats"

[tool.setuptools]
py-modules = ["beamline_formats"]
"""
READER = '''
"""Scans of one beamline: a magic word, then pairs of Q (1/nm) and intensity."""

import numpy as np

from ingest.readers import Reader, Source
from registry.errors import BadInput
from registry.records import Axis, Provenance, Spectrum


def read(source: Source) -> list[Spectrum]:
    try:
        pairs = np.array(source.text().split()[1:], dtype=float).reshape(-1, 2)
    except ValueError as error:
        raise BadInput(source.name, "pairs of numbers", str(error)) from error
    return [
        Spectrum(
            technique="saxs",
            kind="experimental",
            x=Axis("Q", "1/nm", pairs[:, 0]),
            intensity=pairs[:, 1],
            provenance=Provenance("beamline", "1", {}, source.name, source.digest),
        )
    ]


READER = Reader(
    name="beamline",
    version="1",
    title="beamline scan",
    endings=(".bl",),
    recognise=lambda source: 1.0 if source.head.startswith(b"BEAMLINE7") else 0,
    read=read,
    reference="beamline 7, internal note 3",
)
'''


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed the distribution."""
    source = tmp_path_factory.mktemp("beamline-formats")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "beamline_formats.py").write_text(READER)
    site = tmp_path_factory.mktemp("site")
    offline = ("--no-build-isolation", "--no-deps", "--no-index", "--quiet")
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", str(site), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return site


def scatterlake(folder: Path, site: Path | None, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site or "")}
    command = [sys.executable, "-c", "from scatterlake.cli import main; main()", *args]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good scan, a bad one, and a file of a format everybody reads."""
    (tmp_path / "data").mkdir()
    pairs = [f"{0.1 * n:.1f} {100 / n}" for n in range(1, 31)]
    (tmp_path / "data" / "good.bl").write_text("BEAMLINE7\n" + "\n".join(pairs))
    (tmp_path / "data" / "bad.bl").write_text("BEAMLINE7\n" + "\n".join([*pairs, "1.0 many"]))
    curve = "".join(f"{0.01 * n},{500 / n}\n" for n in range(1, 31))
    (tmp_path / "data" / "plain.csv").write_text("# SAXS; Q in 1/angstrom\nQ,I\n" + curve)
    return tmp_path


def test_a_file_of_the_new_format_goes_in_through_the_command_line(
    folder: Path, site: Path
) -> None:
    # with two workers it must be found in other processes too
    done = scatterlake(folder, site, "ingest", "data", "--workers", "2")
    assert done.returncode == 1, done.stderr
    assert "bad.bl" in done.stdout
    query = "select producer, x[1] as first, x_given_unit as unit from spectra order by producer"
    answer = scatterlake(folder, site, "sql", query, "--format", "json")
    rows = json.loads(answer.stdout)
    assert rows[0] == {"producer": "beamline", "first": pytest.approx(0.01), "unit": "1/nm"}
    assert [row["producer"] for row in rows] == ["beamline", "columns"]
    seen = scatterlake(folder, site, "inspect", "data/good.bl")
    assert "beamline scan (reader beamline)" in seen.stdout


def test_without_the_distribution_the_format_is_not_known(folder: Path) -> None:
    done = scatterlake(folder, None, "inspect", "data/good.bl")
    assert "reader beamline" not in done.stdout
