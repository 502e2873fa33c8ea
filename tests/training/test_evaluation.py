"""Scores and intervals, against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn import metrics

from registry.errors import BadInput, NotFound
from training.evaluation import bootstrap, paired_bootstrap, scores
from training.metrics import METRICS, metric_named

BALANCED = METRICS["balanced_accuracy"]
NAMES = ("a", "b", "c", "d")
labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@given(labels)
def test_scores_are_those_of_scikit_learn(pairs):
    truth, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    found = scores("classification", truth, predicted, NAMES)
    occurs = np.unique(truth)
    assert found.values["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    recall = metrics.recall_score(truth, predicted, labels=occurs, average="macro")
    assert found.values["balanced_accuracy"] == pytest.approx(recall)
    f1 = metrics.f1_score(truth, predicted, labels=occurs, average="macro")
    assert found.values["macro_f1"] == pytest.approx(f1)
    matrix = metrics.confusion_matrix(truth, predicted, labels=range(4))
    assert found.confusion == matrix.tolist()


def test_nothing_to_score_is_an_error():
    with pytest.raises(BadInput, match="at least one member"):
        scores("classification", np.array([], dtype=int), np.array([], dtype=int), NAMES)


def test_the_interval_is_the_binomial_one_for_independent_members():
    n, p = 400, 0.8
    truth = np.zeros(n, dtype=int)
    predicted = (np.arange(n) >= n * p).astype(int)
    found = bootstrap(BALANCED, truth, predicted, [str(i) for i in range(n)])
    half = 1.96 * np.sqrt(p * (1 - p) / n)
    assert found.value == pytest.approx(p)
    assert (found.low, found.high) == pytest.approx((p - half, p + half), abs=0.01)


def test_repeating_every_member_in_its_group_does_not_narrow_the_interval():
    truth = np.zeros(100, dtype=int)
    predicted = (np.arange(100) % 4 == 0).astype(int)
    groups = [str(i) for i in range(100)]
    once = bootstrap(BALANCED, truth, predicted, groups)
    ten = bootstrap(
        BALANCED,
        np.repeat(truth, 10),
        np.repeat(predicted, 10),
        np.repeat(groups, 10).tolist(),
    )
    assert (ten.low, ten.high) == pytest.approx((once.low, once.high), abs=0.02)


def test_a_paired_difference_of_equal_answers_is_exactly_zero():
    rng = np.random.default_rng(0)
    truth, answers = rng.integers(0, 4, 80), rng.integers(0, 4, 80)
    found = paired_bootstrap(BALANCED, truth, answers, answers, [str(i) for i in range(80)])
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_clearly_better_answer_has_an_interval_above_zero():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 200)
    guess = rng.integers(0, 4, 200)
    found = paired_bootstrap(BALANCED, truth, truth, guess, [str(i) for i in range(200)])
    assert found.low > 0.6
    other_way = paired_bootstrap(BALANCED, truth, guess, truth, [str(i) for i in range(200)])
    assert other_way.high < -0.6


values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60)


@given(values, st.integers(0, 1000))
@example([0.0, 2.5e-160], 0)
def test_regression_scores_are_those_of_scikit_learn(numbers, seed):
    truth = np.array(numbers)
    predicted = truth + np.random.default_rng(seed).normal(size=len(truth))
    found = scores("regression", truth, predicted)
    assert found.values["mae"] == pytest.approx(metrics.mean_absolute_error(truth, predicted))
    root = metrics.root_mean_squared_error(truth, predicted)
    assert found.values["rmse"] == pytest.approx(root)
    if np.ptp(truth) > 1e-3:
        assert found.values["r2"] == pytest.approx(metrics.r2_score(truth, predicted), rel=1e-6)


def test_r2_loses_no_digits_where_the_values_are_far_from_zero():
    rng = np.random.default_rng(0)
    truth = 8979.0 + 1e-3 * rng.normal(size=50)  # energies of an edge, eV
    predicted = truth + 5e-4 * rng.normal(size=50)
    found = metric_named("r2").score(truth, predicted)
    assert found == pytest.approx(metrics.r2_score(truth, predicted), rel=1e-6)


def test_the_interval_of_a_mean_absolute_error_is_the_normal_one():
    rng = np.random.default_rng(1)
    error = rng.normal(0, 2.0, 900)
    found = bootstrap(METRICS["mae"], np.zeros(900), error, [str(i) for i in range(900)])
    half = 1.96 * np.abs(error).std() / np.sqrt(900)
    middle = np.abs(error).mean()
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=0.02)


def test_of_two_errors_the_smaller_one_is_better():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=200)
    close, far = truth + 0.1 * rng.normal(size=200), truth + rng.normal(size=200)
    groups = [str(i) for i in range(200)]
    for name in ("mae", "rmse", "r2"):
        assert paired_bootstrap(METRICS[name], truth, close, far, groups).low > 0
        assert paired_bootstrap(METRICS[name], truth, far, close, groups).high < 0


@pytest.mark.parametrize("name", ["mae", "rmse", "r2"])
def test_an_interval_over_groups_is_that_of_resampling_members_of_groups_together(name):
    rng = np.random.default_rng(3)
    group = rng.integers(0, 12, 60)
    truth = rng.normal(size=60)
    predicted = truth + 0.5 * rng.normal(size=12)[group]
    found = bootstrap(METRICS[name], truth, predicted, [str(g) for g in group])
    rows = [np.flatnonzero(group == g) for g in np.unique(group)]
    reference = {
        "mae": metrics.mean_absolute_error,
        "rmse": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
    }[name]
    drawn = [
        np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])
        for _ in range(2000)
    ]
    low, high = np.quantile([reference(truth[d], predicted[d]) for d in drawn], [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.06 * (1 + high - low))


def test_explained_variance_is_that_of_principal_components():
    from sklearn.decomposition import PCA

    rows = np.random.default_rng(4).normal(size=(80, 10)) * np.arange(1, 11)
    found = PCA(4).fit(rows)
    decoded = found.inverse_transform(found.transform(rows))
    spread = ((rows - rows.mean(axis=0)) ** 2).sum(axis=1)
    residual = ((rows - decoded) ** 2).sum(axis=1)
    share = METRICS["explained_variance"].score(spread, residual)
    assert share == pytest.approx(found.explained_variance_ratio_.sum())


def test_an_unknown_metric_is_answered_with_those_there_are():
    with pytest.raises(NotFound, match="accuracy, balanced_accuracy, explained_variance, mae"):
        metric_named("auc")
