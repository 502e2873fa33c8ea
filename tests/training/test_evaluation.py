"""Scores and intervals, against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from registry.errors import BadInput
from training.evaluation import bootstrap, paired_bootstrap, scores

NAMES = ("a", "b", "c", "d")
labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@given(labels)
def test_scores_are_those_of_scikit_learn(pairs):
    truth, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    found = scores(truth, predicted, NAMES)
    occurs = np.unique(truth)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(truth, predicted))
    recall = metrics.recall_score(truth, predicted, labels=occurs, average="macro")
    assert found.balanced_accuracy == pytest.approx(recall)
    f1 = metrics.f1_score(truth, predicted, labels=occurs, average="macro")
    assert found.macro_f1 == pytest.approx(f1)
    matrix = metrics.confusion_matrix(truth, predicted, labels=range(4))
    assert found.confusion == matrix.tolist()


def test_nothing_to_score_is_an_error():
    with pytest.raises(BadInput, match="at least one member"):
        scores(np.array([], dtype=int), np.array([], dtype=int), NAMES)


def test_the_interval_is_the_binomial_one_for_independent_members():
    n, p = 400, 0.8
    truth = np.zeros(n, dtype=int)
    predicted = (np.arange(n) >= n * p).astype(int)
    found = bootstrap(truth, predicted, [str(i) for i in range(n)])
    half = 1.96 * np.sqrt(p * (1 - p) / n)
    assert found.value == pytest.approx(p)
    assert (found.low, found.high) == pytest.approx((p - half, p + half), abs=0.01)


def test_repeating_every_member_in_its_group_does_not_narrow_the_interval():
    truth = np.zeros(100, dtype=int)
    predicted = (np.arange(100) % 4 == 0).astype(int)
    groups = [str(i) for i in range(100)]
    once = bootstrap(truth, predicted, groups)
    ten = bootstrap(np.repeat(truth, 10), np.repeat(predicted, 10), np.repeat(groups, 10).tolist())
    assert (ten.low, ten.high) == pytest.approx((once.low, once.high), abs=0.02)


def test_a_paired_difference_of_equal_answers_is_exactly_zero():
    rng = np.random.default_rng(0)
    truth, answers = rng.integers(0, 4, 80), rng.integers(0, 4, 80)
    found = paired_bootstrap(truth, answers, answers, [str(i) for i in range(80)])
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_clearly_better_answer_has_an_interval_above_zero():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 200)
    guess = rng.integers(0, 4, 200)
    found = paired_bootstrap(truth, truth, guess, [str(i) for i in range(200)])
    assert found.low > 0.6
    other_way = paired_bootstrap(truth, guess, truth, [str(i) for i in range(200)])
    assert other_way.high < -0.6
