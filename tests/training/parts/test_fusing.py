"""Fusion is compared with the best single modality on equal data."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from registry.errors import BadInput, Unsupported
from training.evaluation import paired_bootstrap
from training.findings import finding_from
from training.metrics import metric_named
from training.parts._experiment import Way
from training.parts._fits import Job, fit
from training.parts._sides import Side
from training.parts.fusing import Fusing
from training.study import Candidate

QUICK = {"epochs": 15, "hidden": 16, "dropout": 0.0}
BOTH = Candidate("fusion", ("left", "right"), {**QUICK, "fusion": "intermediate"})
PART = Fusing(
    "fusing",
    "two halves beat one",
    together=(
        Way("early", replace(BOTH, settings={**QUICK, "fusion": "early"})),
        Way("intermediate", BOTH),
    ),
    alone=tuple(Way(f"{n} alone", Candidate("cnn1d", (n,), QUICK)) for n in ("left", "right")),
)


@pytest.fixture(scope="module")
def finding(setting):
    return finding_from(PART.run(setting(seeds=(0,))).json())


def test_a_target_of_two_halves_needs_both(finding):
    assert finding.verdict.outcome == "holds"
    assert finding.verdict.interval.low > 0
    score = {row[0]: row[5] for row in finding.rows}
    # half of a sum of two independent uniform numbers leaves the mean deviation of the other half
    assert score["left alone"] == pytest.approx(0.15, abs=0.03)
    assert score["intermediate"] < 0.06


def test_every_way_stands_beside_baselines_and_control(finding):
    assert [row[0] for row in finding.rows] == [
        "early",
        "intermediate",
        "left alone",
        "right alone",
        "knows nothing",
        "nearest neighbour",
    ]
    assert finding.metrics["shuffled"] > 0.15
    assert any("at chance or below" in note and "is not" not in note for note in finding.notes)


def test_the_picture_is_drawn_from_what_was_kept(finding, tmp_path):
    PART.draw(finding, tmp_path / "fusing.png")
    assert (tmp_path / "fusing.png").read_bytes().startswith(b"\x89PNG")


def test_classes_are_compared_as_well(setting):
    given = setting(task="classification", seeds=(0,))
    found = PART.run(given)
    assert {row[0]: row[5] for row in found.rows}["knows nothing"] == 0.5
    assert found.metrics["together"] > found.metrics["alone"]


def test_a_job_sent_to_another_process_finds_the_same(setting):
    job = Job(setting().dataset, PART.alone[0].candidate, metric_named("mae"), 0)
    sent = pickle.loads(pickle.dumps(job))
    np.testing.assert_array_equal(fit(sent).answers, fit(job).answers)


def test_seeds_are_scored_together():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=30)
    one, other = (truth + rng.normal(0, s, (3, 30)) for s in (0.1, 0.5))
    side = Side(metric_named("mae"), truth, tuple(f"g{i // 2}" for i in range(30)))
    assert side.score(list(one)).value == pytest.approx(np.abs(one - truth).mean())
    single = paired_bootstrap(side.metric, truth, one[0], other[0], side.groups)
    assert side.gain([one[0]], [other[0]]) == single
    assert side.gain([one[0]] * 3, [other[0]] * 3).low == pytest.approx(single.low)


def test_members_that_lack_a_modality_are_refused_or_left_out(setting):
    given = setting()
    gaps = given.dataset.blocks["right"].copy()
    gaps[0] = np.nan
    lacking = replace(given.dataset, blocks={**given.dataset.blocks, "right": gaps})
    with pytest.raises(BadInput, match="right"):
        PART.run(replace(given, dataset=lacking))


def test_a_dataset_without_a_target_is_refused(setting):
    given = setting()
    definition = replace(given.dataset.definition, task="unsupervised", target=None)
    with pytest.raises(Unsupported, match="target"):
        Side.of(replace(given.dataset, definition=definition), metric_named("mae"))


def test_nothing_the_user_gave_is_changed(setting):
    given = setting()
    before = {name: block.copy() for name, block in given.dataset.blocks.items()}
    hidden = np.tile([False, True], (len(given.dataset.rows("test")), 1))
    quick = replace(BOTH, settings={**BOTH.settings, "epochs": 1})
    for imputed in (False, True):
        fit(Job(given.dataset, quick, metric_named("mae"), 0, gaps=(hidden,), imputed=imputed))
    for name, block in given.dataset.blocks.items():
        np.testing.assert_array_equal(block, before[name])
