"""Split conformal prediction: answers as sets and intervals that hold the truth as often as asked.

Angelopoulos & Bates, Found. Trends Mach. Learn. 16, 494 (2023), arXiv:2107.07511. On members that
were not learnt from, a nonconformity score says how badly each was answered. A new member scores
no worse than the ``ceil((n + 1) level)``-th smallest of them with probability ``level`` or more,
if it and they are exchangeable.

- Classes: plain sets (Sadinle, Lei & Wasserman 2019): the score is one minus the probability of
  the true class, and the set holds every class whose score is small enough. A set that would be
  empty holds the most probable class, which can only raise the coverage.
- Values: the score is the absolute error, divided by the model's deviation where it has one (Lei
  et al. 2018), so that the interval is wider where the model knows less.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from registry.records import Floats
from training.models import Labels, Probabilities, Values


def threshold(scores: Floats, level: float) -> float:
    """Largest score that is still in; infinite when there are too few scores for the level.

    Args:
        scores: Nonconformity of members not learnt from, shape ``(n,)``.
        level: Share of truths to be covered, between 0 and 1.
    """
    # rounded: 0.9 * 10 is a little more than 9 in binary
    rank = math.ceil(round((len(scores) + 1) * level, 9))
    return math.inf if rank > len(scores) else float(np.sort(scores)[rank - 1])


def class_scores(probabilities: Probabilities, labels: Labels) -> Floats:
    """One minus the probability of the true class, shape ``(n,)``."""
    return np.asarray(1 - probabilities[np.arange(len(labels)), labels])


def class_sets(probabilities: Probabilities, largest: float) -> npt.NDArray[np.bool_]:
    """Which classes are in the set of each member, shape ``(n, n_classes)``."""
    inside = 1 - probabilities <= largest
    inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return np.asarray(inside)


def value_scores(values: Values, targets: Floats, offset: float) -> Floats:
    """Absolute error in units of the deviation plus an offset, shape ``(n,)``.

    Args:
        values: Answers, the first target counts.
        targets: True values, shape ``(n,)``.
        offset: Added to every deviation, above 0 where a model may be certain.
    """
    return np.asarray(np.abs(targets - values.mean[:, 0]) / _scale(values, offset))


def intervals(values: Values, largest: float, offset: float) -> Floats:
    """Lower and upper end for each member, shape ``(n, 2)``."""
    half = largest * _scale(values, offset)
    return np.stack([values.mean[:, 0] - half, values.mean[:, 0] + half], axis=1)


def _scale(values: Values, offset: float) -> Floats:
    if values.deviation is None:
        return np.ones(len(values.mean))
    return np.asarray(values.deviation[:, 0] + offset)
