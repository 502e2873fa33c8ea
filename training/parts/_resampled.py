"""Differences between scores on members that are not the same: resampled each by itself.

Percentile bootstrap over whole groups, as in :mod:`training.evaluation`. What is resampled with one
seed on one side is paired: the same groups are drawn for every answer about it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from registry.records import Floats
from training.evaluation import CONFIDENCE, RESAMPLES, Interval
from training.metrics import Answers
from training.parts._sides import Side


def resampled(side: Side, said: Sequence[Answers], seed: int) -> Floats:
    """Score of answers (one array for each seed), then that of every resample of the groups.

    Args:
        side: Whose members were asked.
        said: Answers, one array for each repetition.
        seed: Of the resamples; sides that share no group are resampled with different ones.

    Returns:
        Shape ``(1 + RESAMPLES,)``.
    """
    names, group = np.unique(np.array(side.groups), return_inverse=True)
    truth = np.tile(side.truth, len(said))
    statistics = side.metric.statistics(truth, np.concatenate(said))
    sums = np.zeros((len(names), statistics.shape[1]))
    np.add.at(sums, np.tile(group, len(said)), statistics)
    shares = np.full(len(names), 1 / len(names))
    draws = np.random.default_rng(seed).multinomial(len(names), shares, RESAMPLES)
    return side.metric.finish(np.concatenate([np.ones((1, len(names))), draws]) @ sums)


def interval_of(values: Floats) -> Interval:
    """Interval of a value, first, and its resamples."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values[1:], [tail, 1 - tail])
    return Interval(float(values[0]), float(low), float(high))
