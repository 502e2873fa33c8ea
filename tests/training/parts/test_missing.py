"""Missing modalities are drawn alike for all ways and scored against mean imputation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput, Unsupported
from training.findings import finding_from
from training.parts._fits import means, without
from training.parts.missing import HIDDEN, IMPUTED, TOLD, MissingModalities, drawn_gaps
from training.study import Candidate

PART = MissingModalities(
    "missing",
    "dropout helps",
    Candidate("fusion", ("left", "right"), {"epochs": 25, "hidden": 16, "dropout": 0.0}),
    missing=(0, 1),
)


@pytest.fixture(scope="module")
def finding(setting):
    return finding_from(PART.run(setting(seeds=(0,))).json())


def test_all_ways_are_scored_with_each_number_missing(finding):
    assert [row[:3] for row in finding.rows] == [
        (k, k / 2, way) for k in (0, 1) for way in (HIDDEN, TOLD, IMPUTED)
    ]


def test_nothing_missing_makes_imputation_nothing(finding):
    score = {(row[0], row[2]): row[3] for row in finding.rows}
    assert score[0, TOLD] == score[0, IMPUTED]
    assert all(score[1, way] > score[0, way] for way in (HIDDEN, TOLD, IMPUTED))


def test_the_claim_is_judged_with_the_most_missing(finding):
    row = next(row for row in finding.rows if row[0] == 1 and row[2] == HIDDEN)
    interval = finding.verdict.interval
    assert row[6:] == pytest.approx((interval.value, interval.low, interval.high))


def test_the_picture_is_drawn_from_what_was_kept(finding, tmp_path):
    PART.draw(finding, tmp_path / "missing.png")
    assert (tmp_path / "missing.png").read_bytes().startswith(b"\x89PNG")


@given(st.integers(1, 50), st.integers(2, 6), st.data())
def test_each_member_lacks_equally_many_and_more_adds_to_less(members, inputs, data):
    missing = data.draw(st.integers(0, inputs - 1))
    gaps = drawn_gaps(members, inputs, missing)
    assert (gaps.sum(axis=1) == missing).all()
    assert (drawn_gaps(members, inputs, missing + 1) | ~gaps).all()


def test_gaps_are_nan_or_the_mean_and_the_rest_is_left_alone():
    rng = np.random.default_rng(0)
    blocks = {n: rng.normal(size=(5, 3)).astype(np.float32) for n in ("a", "b")}
    gaps = drawn_gaps(5, 2, 1)
    masked = without(blocks, ("a", "b"), gaps, {})
    filled = without(blocks, ("a", "b"), gaps, means(blocks))
    for place, name in enumerate(("a", "b")):
        gone = gaps[:, place]
        assert np.isnan(masked[name][gone]).all()
        np.testing.assert_array_equal(masked[name][~gone], blocks[name][~gone])
        expected = np.broadcast_to(blocks[name].mean(axis=0), (gone.sum(), 3))
        np.testing.assert_array_equal(filled[name][gone], expected)


@pytest.mark.parametrize("missing", [(0,), (1, 0), (0, 2), (-1, 1)])
def test_numbers_that_cannot_be_missing_are_refused(missing):
    with pytest.raises(BadInput, match="0 to 1"):
        replace(PART, missing=missing)


def test_an_algorithm_without_modality_dropout_is_refused(setting):
    plain = replace(PART, candidate=Candidate("mlp", ("left", "right")))
    with pytest.raises(Unsupported, match="hide"):
        plain.run(setting(seeds=(0,)))
