"""The command line, as a user types it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

CURVE = "# SAXS of a test; Q in 1/angstrom\nQ,I\n" + "".join(
    f"{0.01 * n},{100 / n}\n" for n in range(1, 30)
)
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run ``scatterlake`` in an empty folder with the lake in ``./lake``."""

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from scatterlake.cli import main; main()", *args]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return call


def test_help_names_the_commands_without_loading_anything_heavy() -> None:
    code = (
        "import sys; sys.argv = ['scatterlake', '--help']\n"
        "from scatterlake.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'mlflow', 'prefect', 'great_expectations', 'pymatgen', 'sklearn'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in (
        "quickstart",
        "ingest",
        "inspect",
        "check",
        "simulate",
        "features",
        "dataset",
        "train",
        "compare",
        "models",
        "predict",
        "retrain",
        "sql",
        "nearest",
        "lineage",
        "retract",
        "maintain",
        "verify",
        "rebuild",
        "watch",
        "fetch",
        "status",
    ):
        assert command in done.stdout
    assert "HEAVY []" in done.stdout


def test_files_go_in_and_answers_come_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(CURVE)
    done = run("ingest", "good.csv")
    assert done.returncode == 0, done.stderr
    query = (
        "select technique, count(*) as n, max(x_at_max(x, intensity)) as peak "
        "from spectra group by technique"
    )
    row = {"technique": "saxs", "n": 1, "peak": 0.01}
    assert json.loads(run("sql", query, "--format", "json").stdout) == [row]
    (as_csv,) = csv.DictReader(io.StringIO(run("sql", query, "--format", "csv").stdout))
    assert as_csv["technique"] == "saxs"
    assert "saxs" in run("sql", query).stdout
    written = run("sql", query, "--format", "parquet", "--output", "out.parquet")
    assert written.returncode == 0, written.stderr
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [row]


def test_a_refused_file_is_named_and_the_exit_code_is_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(CURVE.replace("0.05,20.0", "0.05,nan"))
    done = run("ingest", "bad.csv")
    assert done.returncode == 1
    assert "bad.csv" in done.stdout
    assert "NaN" in done.stdout


def test_inspect_shows_draws_and_stores_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(CURVE)
    done = run("inspect", "good.csv", "--picture", "good.png", "--set", "temperature=300")
    assert done.returncode == 0, done.stderr
    assert "saxs" in done.stdout
    assert "guessed" in done.stdout
    assert (tmp_path / "good.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("sql", "select 1"), "no lake"),
        (("status",), "no lake"),
        (("ingest", "nowhere.cif"), "nowhere.cif"),
        (("ingest", "good.csv", "--set", "temperature"), "NAME=VALUE"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_wrong_use_is_explained_and_the_exit_code_is_two(
    run: Run, tmp_path: Path, command: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "good.csv").write_text(CURVE)
    done = run(*command)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_simulator_is_answered_with_those_there_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(CURVE)
    run("ingest", "good.csv")
    done = run("simulate", "xrf")
    assert done.returncode == 2
    assert "xpdf" in done.stderr
    wrong = run("simulate", "xrd", "--set", "wavelenght=1")
    assert wrong.returncode == 2
    assert "wavelength" in wrong.stderr
