"""The quickstart, small: the whole line, twice, as a user types it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flows.artifacts import LARGEST
from flows.examples import BROKEN, UNSEEN
from flows.steps import slug
from registry.lake import Lake
from scatterlake.cli.quickstart import QUESTIONS

SMALL = ("--structures", "30")


def scatterlake(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from scatterlake.cli import main; main()", *args]
    env = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(folder: Path) -> str:
    done = scatterlake("quickstart", "--lake", "demo-lake", *SMALL, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def lake(folder: Path, first: str) -> Lake:
    return Lake.existing(folder / "demo-lake")


def test_measured_and_simulated_spectra_are_in_one_table(lake: Lake) -> None:
    rows = lake.sql("select technique, kind, count(*) as n from spectra group by all").to_pylist()
    counts = {(row["technique"], row["kind"]): row["n"] for row in rows}
    assert counts["sans", "experimental"] > 20
    assert counts["nr", "experimental"] == 2
    structures = lake.sql("select count(*) as n from materials")["n"][0].as_py()
    assert structures > 150
    assert counts["xpdf", "simulated"] == structures
    assert {kind for technique, kind in counts if technique in ("xrd", "npd")} == {"simulated"}


def test_the_three_broken_files_are_in_quarantine_with_a_reason(lake: Lake) -> None:
    rows = lake.sql(
        "select file_name, found, octet_length(content) as size from quarantine"
    ).to_pylist()
    refused = {Path(row["file_name"]).name: row for row in rows if row["size"]}
    for name in BROKEN:
        assert refused[name]["found"]


def test_everything_was_checked(lake: Lake) -> None:
    left = lake.sql("select count(*) as n from spectra anti join checks on spectrum_id = entity_id")
    assert left.to_pylist() == [{"n": 0}]
    assert lake.sql("from checks where severity = 'error' and not passed").num_rows == 0


def test_no_mineral_is_on_two_sides(lake: Lake) -> None:
    split = (
        "select name from dataset_members join materials on material_id = entity_id "
        "where name is not null group by name having count(distinct split) > 1"
    )
    assert lake.sql(split).num_rows == 0


def test_models_are_registered_with_baselines_and_a_champion(lake: Lake) -> None:
    rows = lake.sql("from models").to_pylist()
    assert len(rows) == 7
    assert [row["alias"] for row in rows].count("champion") == 1
    for row in rows:
        assert row["score_measured"] is None
        assert row["baseline_naive"] == pytest.approx(1 / 7, abs=0.04)
        assert row["control_shuffled"] < 0.45


@pytest.mark.parametrize(("question", "query"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_every_question_can_be_asked(lake: Lake, question: str, query: str) -> None:
    assert lake.sql(query).num_columns > 1


def test_the_summary_names_answers_pictures_and_what_comes_next(first: str, lake: Lake) -> None:
    for mineral in UNSEEN:
        assert f"unknown_{mineral.lower()}.xy" in first
    assert "scatterlake retrain crystal_system" in first
    for picture in ("gallery.png", "crystal_system-comparison.png"):
        assert (lake.path / "pictures" / picture).read_bytes().startswith(b"\x89PNG")
    assert lake.sql("from predictions where model = 'crystal_system'").num_rows >= len(UNSEEN)


def test_tables_and_pictures_of_its_steps_are_in_prefect(lake: Lake) -> None:
    with closing(sqlite3.connect(lake.path / "prefect" / "prefect.db")) as prefect:
        rows = prefect.execute("SELECT key, type, length(data) FROM artifact").fetchall()
    kept = {key.removesuffix(f"-{slug(lake.uri)}"): (kind, size) for key, kind, size in rows}
    tables = {"ingest", "quarantine", "simulate", "features", "comparison-crystal-system"}
    assert {name for name, (kind, _) in kept.items() if kind == "table"} == tables
    pictures = {name: size for name, (kind, size) in kept.items() if kind == "markdown"}
    assert pictures.keys() == {"comparison-picture-crystal-system", "coverage-crystal-system"}
    assert all(10_000 < size < 2 * LARGEST for size in pictures.values())


def test_running_it_again_ingests_and_computes_nothing(folder: Path, lake: Lake) -> None:
    tables = ("materials", "spectra", "checks", "features", "dataset_members", "models")
    before = {name: lake[name].version() for name in tables}
    again = scatterlake("quickstart", "--lake", "demo-lake", *SMALL, cwd=folder)
    assert again.returncode == 0, again.stdout + again.stderr
    assert {name: lake[name].version() for name in tables} == before
    assert "0 new structures, 0 new measured spectra" in again.stdout


def test_retraining_says_that_nothing_changed(folder: Path, lake: Lake) -> None:
    done = scatterlake("retrain", "crystal_system", "--lake", "demo-lake", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stdout


def test_the_unseen_minerals_are_not_in_the_lake(lake: Lake) -> None:
    assert lake.sql("from materials where list_contains($1, name)", [list(UNSEEN)]).num_rows == 0
