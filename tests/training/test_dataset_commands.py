"""``scatterlake dataset``, as a user types it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from registry.errors import BadInput, NotFound
from scatterlake.cli import _load_commands, app
from training.definition_files import read_definition

FILE = """\
name: mine
split: {by: chemical_system}
inputs:
  - {name: xrd, technique: xrd, grid: [0.6, 5.6, 60]}
  - {name: soap, view: soap, missing: mask}
"""


@pytest.fixture
def typed(empty, world, tmp_path, monkeypatch):
    """A lake at the usual place with a definition beside it; types a command."""
    world.fill(empty, 8)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "mine.yaml").write_text(FILE)
    _load_commands()

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["dataset", *words])

    return run


def test_a_file_is_built_listed_shown_and_drawn(typed, empty, tmp_path):
    built = typed("build", "mine.yaml")
    assert built.exit_code == 0, built.output
    manifest = empty.sql("SELECT manifest FROM datasets")["manifest"][0].as_py()
    assert f"dataset mine, manifest {manifest}" in built.output
    assert manifest[:12] in typed("list").output
    shown = typed("show", "mine")
    assert shown.exit_code == 0, shown.output
    assert manifest in shown.output
    assert "chemical_system" in shown.output
    assert "coverage" in shown.output
    assert "members are" in shown.output
    assert "resampling error, relative to the peak" in shown.output
    assert "the grid of xrd loses detail" in shown.output  # 60 points over 300
    assert (empty.pictures / f"dataset-{manifest[:12]}.png").is_file()
    text = typed("show", manifest[:8], "--yaml").output
    (tmp_path / "back.yaml").write_text(text)
    assert read_definition(tmp_path / "back.yaml") == read_definition(tmp_path / "mine.yaml")


def test_an_old_snapshot_is_built_again_and_compared(typed, empty, world):
    typed("build", "mine.yaml")
    old = empty.sql("SELECT manifest FROM datasets")["manifest"][0].as_py()
    world.fill(empty, 1, 8)
    typed("build", "mine.yaml")
    found = typed("diff", old[:10], "mine").output
    assert "cubicite008-0" in found
    assert "added" in found
    assert "definition" not in found
    again = typed("build", "mine.yaml", "--at", old)
    assert f"manifest {old}" in again.output


def test_what_is_wrong_is_said(typed, tmp_path):
    (tmp_path / "mine.yaml").write_text(FILE.replace("soap, missing", "soap, mising"))
    wrong = typed("build", "mine.yaml")
    assert isinstance(wrong.exception, BadInput)
    assert "mine.yaml, line 5, inputs[2].mising" in str(wrong.exception)
    assert isinstance(typed("build", "no_such_study").exception, NotFound)
    assert isinstance(typed("show", "nothing").exception, NotFound)
