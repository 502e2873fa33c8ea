"""``scatterlake study``: what studies there are, what one needs, wrong use is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.errors import NotFound, Unsupported
from registry.lake import Lake
from scatterlake.cli import _load_commands, app
from training import studies as found
from training.definitions import DatasetDefinition, FeatureInput
from training.parts import Progress
from training.study import Candidate, Study


def prepare(lake: Lake, data: Path | None, progress: Progress) -> None:
    progress(f"reads {'nothing' if data is None else data.name} into {lake.path.name}")


STUDY = Study(
    name="invented",
    title="Nothing real",
    question="Is there anything?",
    dataset=DatasetDefinition("invented", (FeatureInput("soap", "soap"),)),
    reference="none",
    candidates=(Candidate("nearest_neighbour", ("soap",)),),
    prepare=prepare,
)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Study]]:
    """One invented study beside those of the project."""
    _load_commands()
    every = {**found.studies(), STUDY.name: STUDY}
    monkeypatch.setattr(found, "studies", lambda: every)
    yield every


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["study", *arguments])


def test_every_study_is_listed_with_its_question(known: dict[str, Study]) -> None:
    done = run("list")
    assert done.exit_code == 0, done.output
    for name in known:
        assert name in done.output


def test_a_lake_is_made_and_filled(tmp_path: Path) -> None:
    (tmp_path / "measured").mkdir()
    lake = str(tmp_path / "lake")
    done = run("prepare", "invented", "--lake", lake, "--data", str(tmp_path / "measured"))
    assert done.exit_code == 0, done.output
    assert "reads measured into lake" in done.output
    assert "reads nothing" in run("prepare", "invented", "--lake", lake).output
    shown = run("show", "invented", "--lake", lake)
    assert "Is there anything?" in shown.output


def test_wrong_use_is_said(tmp_path: Path) -> None:
    Lake.open(tmp_path / "lake")
    lake = ("--lake", str(tmp_path / "lake"))
    with pytest.raises(NotFound, match=r"there are: .*invented"):
        raise run("run", "inventd", *lake).exception
    with pytest.raises(NotFound, match="part of invented 'b'; there are: none"):
        raise run("run", "invented", "--parts", "b", *lake).exception
    with pytest.raises(NotFound, match="no finished run with seeds 0,1,2 of study 'invented'"):
        raise run("export", "invented", str(tmp_path / "docs"), *lake).exception
    with pytest.raises(Unsupported, match="one that prepares its data"):
        raise run("prepare", "crystal_system", *lake).exception
