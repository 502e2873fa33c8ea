"""Scores of a classifier, with intervals that respect groups.

Balanced accuracy is the mean recall over the classes that occur (Brodersen et al. 2010,
doi:10.1109/ICPR.2010.764): chance is one over the number of classes, however uneven they are.
Intervals are percentile bootstraps over whole groups (Efron & Tibshirani 1993, chapter 8):
determinations of one mineral are not independent, so they are drawn together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.models import Labels

METRIC = "balanced_accuracy"
RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Scores:
    """Scores on one set of members; ``confusion[i][j]`` counts class i answered as class j."""

    n: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    recall: dict[str, float]
    confusion: list[list[int]]

    def json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


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


def scores(truth: Labels, predicted: Labels, class_names: Sequence[str]) -> Scores:
    """Score predicted class numbers against true ones, both of shape ``(n,)``.

    Classes that do not occur among the true ones count neither for balanced accuracy nor for F1.

    Raises:
        BadInput: When there is nothing to score.
    """
    if len(truth) == 0:
        raise BadInput("scores", "at least one member", "none")
    confusion = confusion_matrix(truth, predicted, len(class_names))
    right, actual, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = actual > 0
    recall = right[occurs] / actual[occurs]
    f1 = 2 * right[occurs] / (actual[occurs] + answered[occurs])
    names = [name for name, there in zip(class_names, occurs, strict=True) if there]
    return Scores(
        n=len(truth),
        accuracy=float(right.sum() / len(truth)),
        balanced_accuracy=float(recall.mean()),
        macro_f1=float(f1.mean()),
        recall=dict(zip(names, recall.tolist(), strict=True)),
        confusion=confusion.tolist(),
    )


def bootstrap(truth: Labels, predicted: Labels, groups: Sequence[str], seed: int = 0) -> Interval:
    """Balanced accuracy with its 95 % interval over resampled groups."""
    draws = _draws(groups, seed)
    value = _balanced(truth, predicted, groups, _once(groups))
    return _interval(float(value[0]), _balanced(truth, predicted, groups, draws))


def paired_bootstrap(
    truth: Labels, one: Labels, other: Labels, groups: Sequence[str], seed: int = 0
) -> Interval:
    """How much better ``one`` is than ``other`` in balanced accuracy, on the same resamples."""

    def difference(draws: Floats) -> Floats:
        return _balanced(truth, one, groups, draws) - _balanced(truth, other, groups, draws)

    value = difference(_once(groups))
    return _interval(float(value[0]), difference(_draws(groups, seed)))


def _interval(value: float, sample: Floats) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(sample, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _once(groups: Sequence[str]) -> Floats:
    return np.ones((1, len(set(groups))))


def _draws(groups: Sequence[str], seed: int) -> Floats:
    """How often each group is drawn in each resample, shape ``(RESAMPLES, n_groups)``."""
    n = len(set(groups))
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float)


def _balanced(truth: Labels, predicted: Labels, groups: Sequence[str], draws: Floats) -> Floats:
    """Balanced accuracy of each resample over the classes it holds, shape ``(len(draws),)``."""
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    classes, label = np.unique(truth, return_inverse=True)
    total = np.zeros((draws.shape[1], len(classes)))
    right = np.zeros_like(total)
    np.add.at(total, (group, label), 1.0)
    np.add.at(right, (group, label), (truth == predicted).astype(float))
    drawn = draws @ total
    recall = np.divide(draws @ right, drawn, out=np.zeros_like(drawn), where=drawn > 0)
    return np.asarray(recall.sum(axis=1) / (drawn > 0).sum(axis=1))
