"""``lineage`` and ``retract`` as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import scatterlake.cli.lineage
from registry.errors import NotFound, ScatterlakeError, WrongUse
from registry.identity import digest
from registry.lake import Lake

SCANS = 9
Run = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``scans.csv`` and a lake: nine curves of that file trained a champion."""
    folder = tmp_path_factory.mktemp("lineage")
    (folder / "scans.csv").write_text("Q,I\n1,2\n")
    file_digest = digest((folder / "scans.csv").read_bytes())
    ids = [digest(f"scan {n}") for n in range(SCANS)]
    lake = Lake.open(folder / "lake")
    made = {"technique": "xrd", "kind": "experimental", "producer": "columns", "x": [1.0]}
    made |= {"intensity": [2.0], "shape": [1], "producer_version": "1"}
    made |= {"file_digest": file_digest, "file_name": "scans.csv"}
    lake.append("spectra", [{"spectrum_id": i, "title": "[scan]", **made} for i in ids])
    lake.append("datasets", [{"manifest": digest("d"), "dataset": "phases"}])
    member = {"manifest": digest("d"), "entity_id": digest("m"), "spectra": ids}
    lake.append("dataset_members", [member])
    model = {"model": "phases", "study": "phases", "version": 1, "alias": "champion"}
    lake.append("models", [{**model, "manifest": digest("d"), "code_version": "0.1.0"}])
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """What a command prints in that folder."""
    monkeypatch.chdir(folder)

    def call(*args: str) -> str:
        done = CliRunner().invoke(scatterlake.cli.lineage.app, args, catch_exceptions=False)
        return done.stdout

    return call


def test_a_tree_is_drawn_and_folded_where_it_is_long(run: Run) -> None:
    tree = run("lineage", "scans.csv")
    assert tree.startswith("file ")
    assert "was used for" in tree
    assert "was made from" not in tree  # a file is made from nothing here
    assert tree.count("experimental xrd [scan]") == 3
    assert "… and 6 more spectra" in tree
    assert "model phases/1 champion" in tree
    assert run("lineage", "scans.csv", "--down", "--all").count("[scan]") == SCANS


def test_programs_get_every_node(run: Run) -> None:
    answer = json.loads(run("lineage", "phases", "--up", "--json"))
    assert answer["up"][0]["id"] == "phases/1"
    kinds = [node["kind"] for node in answer["up"]]
    assert kinds.count("spectrum") == SCANS
    assert kinds.count("file") == 1
    assert "down" not in answer


def test_retracting_says_what_it_marked_how_to_retrain_and_how_to_undo(run: Run) -> None:
    assert "would be retracted" in run("retract", "scans.csv", "--dry-run")
    assert not json.loads(run("lineage", "phases", "--up", "--json"))["up"][0]["state"]
    said = run("retract", "scans.csv", "--why", "shutter was closed", "--author", "A. Nother")
    assert "models: phases/1" in said
    assert "scatterlake retrain phases --lake" in said
    assert "stale" in run("lineage", "phases").splitlines()[0]
    assert "is retracted already" in run("retract", "scans.csv", "--why", "shutter was closed")
    (undo,) = (line for line in said.splitlines() if line.startswith("undo:"))
    assert f"retract {digest(Path('scans.csv').read_bytes())} --undo" in undo
    undone = run("retract", "scans.csv", "--undo", "--why", "it was open")
    assert "no longer retracted or stale" in undone
    assert "stale" not in run("lineage", "phases")
    assert "is not retracted" in run("retract", "scans.csv", "--undo", "--why", "it was open")


@pytest.mark.parametrize(
    ("command", "error", "complaint"),
    [
        (("retract", "scans.csv"), WrongUse, "why"),
        (("retract", "nowhere.csv", "--why", "bad"), NotFound, "nowhere.csv"),
        (("lineage", "nowhere.csv"), NotFound, "scans.csv"),
    ],
)
def test_wrong_use_is_explained(
    run: Run, command: tuple[str, ...], error: type[ScatterlakeError], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        run(*command)
