"""Ablation tells what each modality adds, when asked and when learning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.errors import BadInput, Unsupported
from training.findings import finding_from
from training.parts.ablation import Ablation
from training.study import Candidate

QUICK = {"epochs": 20, "hidden": 16, "dropout": 0.0, "fusion": "intermediate"}
ALL = ("left", "right", "noise")


def fusion(*inputs: str) -> Candidate:
    return Candidate("fusion", inputs, QUICK)


PART = Ablation(
    "ablation",
    "each adds something",
    whole=fusion(*ALL),
    without=tuple(fusion(*(n for n in ALL if n != name)) for name in ALL),
    alone=(Candidate("hist_gradient_boosting", ("noise",), {"iterations": 10}),),
)


@pytest.fixture(scope="module")
def finding(setting):
    return finding_from(PART.run(setting(seeds=(0,))).json())


@pytest.fixture(scope="module")
def share(finding):
    return {row[0]: row[-1] for row in finding.rows}


@pytest.mark.parametrize("how", ["learnt without {}", "{} hidden when asked"])
def test_what_matters_is_missed_and_what_is_noise_is_not(share, how):
    for name in ("left", "right"):
        assert share[how.format(name)] > 0.4
    assert abs(share[how.format("noise")]) < 0.25


def test_noise_alone_gains_nothing(share, finding):
    assert share["noise alone (hist_gradient_boosting)"] > 0.75
    assert share["knows nothing"] is None


def test_the_claim_is_judged_against_the_best_that_lacks_one(finding):
    assert "learnt without noise" in finding.verdict.reason
    row = next(row for row in finding.rows if row[0] == "learnt without noise")
    interval = finding.verdict.interval
    assert row[6:9] == pytest.approx((interval.value, interval.low, interval.high))
    assert abs(interval.value) < 0.03


def test_members_and_numbers_learnt_are_told(finding):
    notes = " ".join(finding.notes)
    assert "120 train (60 groups)" in notes
    assert "ratio" in notes


def test_the_picture_is_drawn_from_what_was_kept(finding, tmp_path):
    PART.draw(finding, tmp_path / "ablation.png")
    assert (tmp_path / "ablation.png").read_bytes().startswith(b"\x89PNG")


def test_each_modality_is_left_out_once():
    for wrong in (PART.without[:2], (*PART.without, PART.without[0]), (PART.whole,)):
        with pytest.raises(BadInput, match="left out once"):
            replace(PART, without=wrong)
    with pytest.raises(BadInput, match="one modality each"):
        replace(PART, alone=(PART.whole,))


def test_an_algorithm_that_takes_no_gaps_is_refused(setting):
    trees = Candidate("mlp", ALL, {"epochs": 1})
    with pytest.raises((BadInput, Unsupported), match="without"):
        replace(PART, whole=trees).run(setting(seeds=(0,)))
