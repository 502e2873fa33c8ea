"""Co-learning: the second modality is there only while learning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.errors import BadInput
from training.evaluation import Interval
from training.findings import finding_from
from training.metrics import metric_named
from training.parts._fits import Job, fit, some_groups, training_on
from training.parts.co_learning import (
    ALONE,
    BOTH,
    TRANSLATED,
    CoLearning,
    judged,
    translation_first,
)
from training.study import Candidate

QUICK = {"epochs": 6, "hidden": 16, "dropout": 0.0}
PART = CoLearning(
    "co_learning",
    "right helps left when there are few",
    alone=Candidate("cnn1d", ("left",), QUICK),
    together=Candidate("fusion", ("left", "right"), {**QUICK, "fusion": "attention", "hide": 0.3}),
    sizes=(20, 60),
)
METRIC = metric_named("mae")


@pytest.fixture(scope="module")
def finding(setting):
    return finding_from(PART.run(setting(seeds=(0,))).json())


def test_every_way_learns_from_every_size(finding):
    assert [row[:2] for row in finding.rows] == [
        (n, way) for n in (20, 60) for way in (ALONE, BOTH, TRANSLATED)
    ]
    assert all(row[7] is None for row in finding.rows if row[1] == ALONE)
    assert finding.verdict.reason.endswith("with 60")


def test_the_picture_is_drawn_from_what_was_kept(finding, tmp_path):
    PART.draw(finding, tmp_path / "co_learning.png")
    assert (tmp_path / "co_learning.png").read_bytes().startswith(b"\x89PNG")


def test_groups_are_drawn_whole_and_small_draws_are_part_of_large_ones(setting):
    data = setting().dataset
    few, many = (some_groups(data, "train", n, seed=3) for n in (20, 60))
    assert set(few) < set(many) <= set(data.rows("train"))
    assert len(few) == 20
    groups = np.array(data.groups(few))
    assert all((groups == g).sum() == 2 for g in set(groups))
    assert set(few) != set(some_groups(data, "train", 20, seed=4))
    with pytest.raises(BadInput, match="121 or more"):
        some_groups(data, "train", 121, seed=0)


def test_the_other_modality_is_nobodys_but_the_training_sides(setting):
    data = setting().dataset.only(("left", "right"))
    rows = some_groups(data, "train", 20, seed=0)
    job = Job(data, PART.together, METRIC, 0, train=rows, hidden=("right",))
    found = training_on(job)
    np.testing.assert_array_equal(found.inputs["right"], data.blocks["right"][rows])
    np.testing.assert_array_equal(found.targets, data.values[rows])
    assert np.isnan(found.validation_inputs["right"]).all()
    assert np.isfinite(fit(job).answers).all()


def test_what_is_hidden_when_asked_does_not_change_answers(setting):
    data = setting().dataset.only(("left", "right"))
    job = Job(data, PART.together, METRIC, 0, hidden=("right",))
    other = data.blocks["right"].copy()
    other[data.rows("test")] += 1
    changed = replace(data, blocks={**data.blocks, "right": other})
    one, two = (fit(replace(job, dataset=each)).answers for each in (data, changed))
    np.testing.assert_array_equal(one, two)


def test_translation_first_starts_from_what_was_learnt(setting):
    data = setting().dataset.only(("left", "right"))
    job = Job(data, PART.alone, METRIC, 0)
    assert not np.allclose(fit(job).answers, translation_first(job).answers)


@pytest.mark.parametrize(
    ("few", "many", "outcome"),
    [
        ((0.1, 0.2), (-0.1, 0.1), "holds"),
        ((0.1, 0.2), (-0.2, -0.1), "holds"),
        ((0.1, 0.2), (0.1, 0.2), "fails"),
        ((-0.2, -0.1), (-0.1, 0.1), "fails"),
        ((-0.1, 0.1), (-0.1, 0.1), "is undecided"),
    ],
)
def test_the_gain_must_be_there_and_must_vanish(few, many, outcome):
    one, other = (Interval(sum(ends) / 2, *ends) for ends in (few, many))
    assert judged("x", one, other, 20, 60).outcome == outcome


def test_modalities_and_sizes_are_checked():
    with pytest.raises(BadInput, match="one modality alone"):
        replace(PART, alone=PART.together)
    with pytest.raises(BadInput, match="noise in it"):
        replace(PART, alone=Candidate("mlp", ("noise",)))
    with pytest.raises(BadInput, match="ascending"):
        replace(PART, sizes=(60, 20))
