"""Scores of a model's answers, with intervals that respect groups.

Intervals are percentile bootstraps over whole groups (Efron & Tibshirani 1993, chapter 8):
determinations of one mineral are not independent, so they are drawn together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.metrics import Answers, Metric, metrics_of
from training.models import Labels, Task

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Scores:
    """Scores on one set of members.

    Attributes:
        n: How many there are.
        values: Score by metric.
        recall: Share answered rightly by class; empty for other tasks.
        confusion: ``confusion[i][j]`` counts class i answered as class j; empty for other tasks.
    """

    n: int
    values: dict[str, float]
    recall: dict[str, float]
    confusion: list[list[int]]


@dataclass(frozen=True)
class Interval:
    """A value with its bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def confusion_matrix(truth: Labels, predicted: Labels, n_classes: int) -> Labels:
    """Counts of (true class, answered class), shape ``(n_classes, n_classes)``."""
    flat = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)
    return flat.reshape(n_classes, n_classes).astype(np.int64)


def scores(
    task: Task, truth: Answers, answered: Answers, class_names: Sequence[str] = ()
) -> Scores:
    """Score answers against the truth by every metric of the task, both of shape ``(n,)``.

    Classes that do not occur among the true ones count neither for balanced accuracy nor for F1.

    Raises:
        BadInput: When there is nothing to score.
    """
    if len(truth) == 0:
        raise BadInput("scores", "at least one member", "none")
    values = {metric.name: metric.score(truth, answered) for metric in metrics_of(task)}
    if task != "classification":
        return Scores(len(truth), values, {}, [])
    confusion = confusion_matrix(truth, answered, len(class_names))
    right, actual, given = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = actual > 0
    recall = right[occurs] / actual[occurs]
    f1 = 2 * right[occurs] / (actual[occurs] + given[occurs])
    names = [name for name, there in zip(class_names, occurs, strict=True) if there]
    return Scores(
        n=len(truth),
        values={**values, "macro_f1": float(f1.mean())},
        recall=dict(zip(names, recall.tolist(), strict=True)),
        confusion=confusion.tolist(),
    )


def bootstrap(
    metric: Metric, truth: Answers, answered: Answers, groups: Sequence[str], seed: int = 0
) -> Interval:
    """A score with its 95 % interval over resampled groups."""
    sums = _group_sums(metric, truth, answered, groups)
    return _interval(metric.score(truth, answered), metric.finish(_draws(len(sums), seed) @ sums))


def paired_bootstrap(
    metric: Metric,
    truth: Answers,
    one: Answers,
    other: Answers,
    groups: Sequence[str],
    seed: int = 0,
    other_truth: Answers | None = None,
) -> Interval:
    """How much better ``one`` is than ``other``, on the same resamples; above 0 is better.

    Args:
        metric: What is compared.
        truth: Truth, shape ``(n,)``.
        one: Answers to be better.
        other: Answers to be better than.
        groups: Group of each member.
        seed: Of the resamples.
        other_truth: Truth of the other, where it is another (the spread of other inputs).
    """
    return paired_difference(metric, truth, one, other, groups, seed, other_truth).interval


def unpaired_bootstrap(
    metric: Metric,
    one: tuple[Answers, Answers, Sequence[str]],
    other: tuple[Answers, Answers, Sequence[str]],
    seed: int = 0,
) -> Interval:
    """How much better one is than another about other members; both are resampled on their own.

    Args:
        metric: What is compared.
        one: Truth, answers and groups.
        other: The same of the other.
        seed: Of the resamples.
    """
    values, drawn = [], []
    for n, (truth, answered, groups) in enumerate((one, other)):
        sums = _group_sums(metric, truth, answered, groups)
        values.append(metric.score(truth, answered))
        drawn.append(metric.finish(_draws(len(sums), seed + n) @ sums))
    difference = metric.sign * (drawn[0] - drawn[1])
    return _interval(metric.sign * (values[0] - values[1]), difference)


@dataclass(frozen=True)
class Difference:
    """A paired difference with its interval, and how surely it is one.

    Attributes:
        interval: The difference, above 0 where the first is better.
        p: Two-sided bootstrap p-value of no difference: twice the smaller share of resamples on
            one side of zero, each counted with one more, so that it is never 0 (Davison & Hinkley
            1997, chapter 4).
    """

    interval: Interval
    p: float


def paired_difference(
    metric: Metric,
    truth: Answers,
    one: Answers,
    other: Answers,
    groups: Sequence[str],
    seed: int = 0,
    other_truth: Answers | None = None,
    resamples: int = RESAMPLES,
) -> Difference:
    """As :func:`paired_bootstrap`, with a p-value, which is no smaller than ``2 / resamples``."""
    sums = [
        _group_sums(metric, t, answered, groups)
        for t, answered in ((truth, one), (truth if other_truth is None else other_truth, other))
    ]
    draws = np.concatenate([np.ones((1, len(sums[0]))), _draws(len(sums[0]), seed, resamples)])
    first, second = (metric.finish(draws @ s) for s in sums)
    difference = metric.sign * (first - second)
    drawn = difference[1:]
    fewer = min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
    p = min(1.0, 2 * (fewer + 1) / (len(drawn) + 1))
    return Difference(_interval(float(difference[0]), drawn), p)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, Scand. J. Stat. 6, 65, 1979), in their order."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in corrected]


def _interval(value: float, sample: Floats) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(sample, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _group_sums(metric: Metric, truth: Answers, answered: Answers, groups: Sequence[str]) -> Floats:
    """Statistics summed within each group, shape ``(n_groups, s)``."""
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    statistics = metric.statistics(truth, answered)
    sums = np.zeros((len(names), statistics.shape[1]))
    np.add.at(sums, group, statistics)
    return sums


def _draws(n: int, seed: int, resamples: int = RESAMPLES) -> Floats:
    """How often each of n groups is drawn in each resample, shape ``(resamples, n)``."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), resamples).astype(float)
