"""Learning curves: whole groups, sizes as asked, and more data helps who learns from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry.errors import BadInput, Unsupported
from training.findings import finding_from
from training.parts import Setting
from training.parts.learning_curve import COLUMNS, LearningCurve
from training.study import Candidate

NEAR = Candidate("nearest_neighbour", ("left", "right"))
TYPICAL = Candidate("typical_value", ("left",))
PART = LearningCurve((NEAR, TYPICAL), (8, 30, 90))


def test_more_members_help_who_learns_from_them_and_nobody_else(
    setting: Callable[..., Setting], tmp_path: Path
) -> None:
    found = PART.run(setting())
    assert found.columns == COLUMNS
    keys = (NEAR.key, TYPICAL.key)
    scores = {key: [row[3] for row in found.rows if row[0] == key] for key in keys}
    assert all(len(values) == 4 for values in scores.values())
    first, *_, last = scores[NEAR.key]
    assert last < 0.6 * first
    assert np.ptp(scores[TYPICAL.key][1:]) < 0.1 * scores[TYPICAL.key][-1]
    for row in found.rows:
        assert row[4] <= row[3] <= row[5]
    assert finding_from(found.json()).metrics == found.metrics
    PART.draw(finding_from(found.json()), tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_groups_are_whole_and_the_last_point_is_the_whole_side(
    setting: Callable[..., Setting],
) -> None:
    made = setting()
    rows = [row for row in PART.run(made).rows if row[0] == NEAR.key]
    # members come in groups of two
    assert [(row[1], row[2]) for row in rows[:3]] == [(8, 4), (30, 15), (90, 45)]
    whole = made.dataset.rows("train")
    assert rows[-1][1:3] == (len(whole), len(set(made.dataset.groups(whole))))
    assert rows[-1][6] == 0.0


def test_the_same_data_and_seeds_give_the_same_curve(setting: Callable[..., Setting]) -> None:
    part = LearningCurve((NEAR,), (20,))
    assert part.run(setting()) == part.run(setting())
    other = part.run(setting(seeds=(2, 3)))
    assert other.rows[0] != part.run(setting()).rows[0]


def test_sizes_that_cannot_be_are_refused(setting: Callable[..., Setting]) -> None:
    for sizes in ((), (0, 5), (9, 5), (5, 5)):
        with pytest.raises(BadInput, match="sizes above 0 that rise"):
            LearningCurve((NEAR,), sizes)
    with pytest.raises(BadInput, match=r"expected below the 120 members.*found 500"):
        LearningCurve((NEAR,), (5, 500)).run(setting())


def test_without_a_target_there_is_no_curve(setting: Callable[..., Setting]) -> None:
    made = setting()
    definition = replace(made.dataset.definition, task="unsupervised", target=None)
    with pytest.raises(Unsupported, match="one with a target"):
        PART.run(replace(made, dataset=replace(made.dataset, definition=definition)))
