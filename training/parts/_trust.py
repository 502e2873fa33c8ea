"""Whether probabilities can be trusted: top-k answers, calibration, conformal sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.records import Floats
from training.calibration import calibration_error, scaled, temperature
from training.conformal import class_scores, class_sets, threshold
from training.models import Labels, Probabilities
from training.reliability import LEVEL, one_of_each

TOP = (1, 3, 5)
"""Numbers of first answers among which the truth is looked for."""


@dataclass(frozen=True)
class Told:
    """Probabilities of some members, shape ``(n, n_classes)``, their classes and groups."""

    probabilities: Probabilities
    truth: Labels
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Trust:
    """What was measured.

    Attributes:
        calibration: Expected calibration error after temperature scaling.
        coverage: Share of truths in conformal sets that are to hold :data:`LEVEL` of them.
        size: Mean number of classes in a set.
    """

    calibration: float
    coverage: float
    size: float


def trust(fixed: Told, asked: Told) -> Trust:
    """Fix temperature and threshold on one side, and measure on another.

    Args:
        fixed: Members that were not learnt from; one of each group counts for the threshold.
        asked: Other members.
    """
    warmth = temperature(fixed.probabilities, fixed.truth)
    chosen = one_of_each(fixed.groups)
    scores = class_scores(scaled(fixed.probabilities, warmth), fixed.truth)[chosen]
    after = scaled(asked.probabilities, warmth)
    sets = class_sets(after, threshold(scores, LEVEL))
    return Trust(
        calibration=calibration_error(after, asked.truth),
        coverage=float(sets[np.arange(len(sets)), asked.truth].mean()),
        size=float(sets.sum(axis=1).mean()),
    )


def among_first(scores: Floats, truth: Labels, ks: Sequence[int] = TOP) -> list[float]:
    """Share of members whose class is among the k highest scores, for each k."""
    own = scores[np.arange(len(truth)), truth]
    # of equal scores none is first: a class ranks behind all that are not lower
    ahead = (scores >= own[:, None]).sum(axis=1) - 1
    return [float((ahead < k).mean()) for k in ks]
