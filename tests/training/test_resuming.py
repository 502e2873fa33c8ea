"""A study that is interrupted in the middle of a fit goes on there, and leaves no checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from registry.lake import Lake
from training.models import models
from training.models._run import Run, running
from training.resuming import resumable
from training.study import Candidate, Study
from training.train import train_study

EPOCHS = 8
NETWORK = Candidate("mlp", ("soap",), {"epochs": EPOCHS, "patience": EPOCHS, "hidden": 8})


@pytest.fixture
def study(world: ModuleType) -> Study:
    """One network, two seeds; each is fitted a second time on shuffled labels."""
    return replace(world.STUDY, candidates=(NETWORK,), claim=None, seeds=(0, 1))


def filled(path: Path, world: ModuleType) -> Lake:
    lake = Lake.open(path)
    world.fill(lake, 12)
    return lake


def checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("**/*.ckpt"))


def test_an_interrupted_study_goes_on_in_the_fit_that_it_was_in(
    tmp_path: Path, world: ModuleType, study: Study
) -> None:
    lake = filled(tmp_path / "lake", world)
    passed: list[int] = []

    def stop(epoch: int, _: float) -> None:
        passed.append(epoch)
        if len(passed) == 2 * EPOCHS + 4:
            raise KeyboardInterrupt

    with running(Run(every=0, on_epoch=stop)), pytest.raises(KeyboardInterrupt):
        train_study(lake, study)
    assert len(checkpoints(lake.path / "checkpoints" / study.name)) == 3
    passed.clear()
    with running(Run(every=0, on_epoch=lambda epoch, _: passed.append(epoch))):
        (made,) = train_study(lake, study).trained
    assert passed == [*range(3, EPOCHS), *range(EPOCHS)]
    assert checkpoints(lake.path) == []
    (whole,) = train_study(filled(tmp_path / "whole", world), study).trained
    for score in ("score_simulated", "control_shuffled", "baseline_nearest"):
        assert made.row[score] == whole.row[score]


def test_fits_in_other_processes_write_checkpoints_where_they_were_told_to(
    tmp_path: Path, world: ModuleType, study: Study
) -> None:
    lake = filled(tmp_path / "lake", world)
    own = tmp_path / "own"
    with running(Run(checkpoints=own, every=0)):
        train_study(lake, study, workers=2)
    assert len(checkpoints(own)) == 4  # a folder of the caller is left as it is
    assert not (lake.path / "checkpoints").exists()


def test_only_a_fit_that_takes_long_is_worth_a_checkpoint(tmp_path: Path, toy: ModuleType) -> None:
    lake, data = Lake.open(tmp_path / "lake"), toy.training(names=("vector",))
    for every, expected in ((3600.0, 0), (0.0, 1)):
        with running(Run(every=every)), resumable(lake, "toy"):
            models()["mlp"].train(data, epochs=3)
            assert len(checkpoints(lake.path)) == expected
        assert checkpoints(lake.path) == []
