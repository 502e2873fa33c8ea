"""Metrics of every task, in a form that can be resampled by groups.

A metric is a function of sums over members: each member contributes a few statistics, and the
score follows from their totals. So the score of thousands of resamples of whole groups is one
matrix product. Truth and answers are arrays of one number per member:

- classification: class numbers;
- regression: values in the unit of the target;
- unsupervised: squared distance of a member's inputs from the mean of the side, and from what was
  decoded (``spread`` and ``residual`` of :mod:`training.answering`).

Balanced accuracy is the mean recall over the classes that occur (Brodersen et al. 2010,
doi:10.1109/ICPR.2010.764): chance is one over the number of classes, however uneven they are. R2
is the share of the variance about the mean of the side that is predicted (Wright 1921), explained
variance the same for what is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from registry.plugins import pick
from registry.records import Floats
from training.models import Task

Answers = npt.NDArray[Any]
"""One number per member, shape ``(n,)``: int64 classes or float64 values."""


@dataclass(frozen=True)
class Metric:
    """A score.

    Attributes:
        name: Its name in studies, cards and the registry.
        title: What a person calls it.
        task: Task it scores.
        sign: 1 when a greater value is better, -1 when a smaller one is.
        statistics: ``(truth, answered)`` to what each member adds, shape ``(n, s)``.
        finish: Totals, shape ``(m, s)``, to scores, shape ``(m,)``.
        has_unit: Whether it is in the unit of the target.
    """

    name: str
    title: str
    task: Task
    sign: int
    statistics: Callable[[Answers, Answers], Floats]
    finish: Callable[[Floats], Floats]
    has_unit: bool = False

    def score(self, truth: Answers, answered: Answers) -> float:
        """The score of some members."""
        totals = self.statistics(truth, answered).sum(axis=0, keepdims=True)
        return float(self.finish(totals)[0])

    @property
    def compared(self) -> str:
        """How a difference that is above 0 when better is said: ``a minus b``, ``a below b``."""
        return "minus" if self.sign > 0 else "below"

    @property
    def difference(self) -> str:
        """What a difference that is above 0 when better is called."""
        return ("difference in " if self.sign > 0 else "reduction of ") + self.title

    def better(self, one: float, other: float) -> bool:
        """Whether one score is better than another."""
        return self.sign * one > self.sign * other


def metric_named(name: str) -> Metric:
    """Look up a metric.

    Raises:
        NotFound: When there is none of that name.
    """
    found: Metric = pick(METRICS, "metric", name)
    return found


def metrics_of(task: Task) -> list[Metric]:
    """Metrics of a task; the first one is what studies use unless they say otherwise."""
    return [metric for metric in METRICS.values() if metric.task == task]


def _recalls(truth: Answers, answered: Answers) -> Floats:
    """Per class that occurs: whether a member is of it, and whether it was answered."""
    classes, label = np.unique(truth, return_inverse=True)
    of_class = np.eye(len(classes))[label]
    return np.concatenate([of_class, of_class * (truth == answered)[:, None]], axis=1)


def _balanced(totals: Floats) -> Floats:
    drawn, right = np.split(totals, 2, axis=1)
    recall = np.divide(right, drawn, out=np.zeros_like(drawn), where=drawn > 0)
    return np.asarray(recall.sum(axis=1) / (drawn > 0).sum(axis=1))


def _hits(truth: Answers, answered: Answers) -> Floats:
    return np.stack([np.ones(len(truth)), (truth == answered).astype(float)], axis=1)


def _absolute(truth: Answers, answered: Answers) -> Floats:
    return np.stack([np.ones(len(truth)), np.abs(answered - truth)], axis=1)


def _squared(truth: Answers, answered: Answers) -> Floats:
    # about a fixed place, so that large values with a small spread lose no digits
    centred = truth - truth.mean()
    columns = (np.ones(len(truth)), (answered - truth) ** 2, centred, centred**2)
    return np.stack(columns, axis=1)


def _spreads(spread: Answers, residual: Answers) -> Floats:
    return np.stack([spread, residual], axis=1)


def _mean(totals: Floats) -> Floats:
    return np.asarray(totals[:, 1] / totals[:, 0])


def _root_mean(totals: Floats) -> Floats:
    return np.sqrt(_mean(totals))


def _r2(totals: Floats) -> Floats:
    n, squares, first, second = totals.T
    return _share(second - first**2 / n, squares)


def _explained(totals: Floats) -> Floats:
    return _share(*totals.T)


def _share(spread: Floats, residual: Floats) -> Floats:
    """One minus residual over spread; 0 where nothing is spread, as nothing can be explained."""
    with np.errstate(over="ignore"):  # next to nothing is spread: minus infinity
        left = np.divide(residual, spread, out=np.ones_like(residual), where=spread > 0)
    return np.asarray(1 - left)


_ALL = (
    Metric("balanced_accuracy", "balanced accuracy", "classification", 1, _recalls, _balanced),
    Metric("accuracy", "accuracy", "classification", 1, _hits, _mean),
    Metric("mae", "mean absolute error", "regression", -1, _absolute, _mean, has_unit=True),
    Metric("rmse", "root-mean-square error", "regression", -1, _squared, _root_mean, has_unit=True),
    Metric("r2", "R2", "regression", 1, _squared, _r2),
    Metric("explained_variance", "explained variance", "unsupervised", 1, _spreads, _explained),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
