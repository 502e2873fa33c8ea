"""How far a model's answers can be relied on: what is fixed on the validation side, what it gives.

On the validation side the temperature of a classifier and the conformal threshold are fixed; on
the test side it is measured how calibrated the probabilities are and how often sets or intervals
hold the truth. One member of every group counts for the threshold, drawn with a fixed seed:
groups are exchangeable, members of one are not independent (Dunn, Wasserman & Ramdas, J. Am. Stat.
Assoc. 118, 2491, 2023). The validation side has also stopped networks and trees early, which is
why the coverage is measured and not only promised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from registry.errors import Unsupported
from registry.records import Floats
from training.answering import Said, ask
from training.calibration import calibration_error, log_loss, scaled, temperature
from training.conformal import class_scores, class_sets, intervals, threshold, value_scores
from training.datasets import Dataset
from training.metrics import Answers
from training.models import Fitted, Labels, Probabilities, Values

LEVEL = 0.9
"""Share of truths that sets and intervals are to hold."""
CERTAIN = 0.1
"""Share of the mean deviation that is added to every deviation: a model may be too certain."""


@dataclass(frozen=True)
class Side:
    """What a model said about members, and their true classes or values."""

    said: Said
    truth: Answers


@dataclass(frozen=True)
class Reliability:
    """What was fixed on the validation side and measured on the test side.

    Attributes:
        level: Share of truths to be held.
        threshold: Largest nonconformity that is in; None when the validation side is too small
            for the level, so that everything is in.
        n_groups: Groups the threshold is from.
        coverage: Share of truths held on the test side.
        coverage_measured: The same on measured test members, None when there are none: what was
            fixed on simulated data need not hold there.
        size: Mean number of classes in a set there, or mean width of an interval in the unit of
            the target (None: unbounded).
        temperature: Of a classifier, 1 where its probabilities need no scaling.
        offset: Of a regressor, what is added to its deviation.
        calibration: Of a classifier, calibration error and log loss on the test side, as given
            and scaled.
    """

    level: float
    threshold: float | None
    n_groups: int
    coverage: float = math.nan
    coverage_measured: float | None = None
    size: float | None = None
    temperature: float = 1.0
    offset: float = 0.0
    calibration: dict[str, float] | None = None

    def scaled(self, probabilities: Probabilities) -> Probabilities:
        """Probabilities at the temperature of the validation side."""
        return scaled(probabilities, self.temperature)

    def sets(self, probabilities: Probabilities) -> npt.NDArray[np.bool_]:
        """Which classes are held for each member, shape ``(n, n_classes)``."""
        return class_sets(self.scaled(probabilities), self._largest)

    def intervals(self, values: Values) -> Floats:
        """Ends of the interval of each member, shape ``(n, 2)``; infinite where unbounded."""
        return intervals(values, self._largest, self.offset)

    def held(self, side: Side) -> npt.NDArray[np.bool_]:
        """Whether the truth of each member is in its set or interval, shape ``(n,)``."""
        if side.said.probabilities is not None:
            sets = self.sets(side.said.probabilities)
            return np.asarray(sets[np.arange(len(sets)), side.truth])
        low, high = self.intervals(_values(side.said)).T
        return np.asarray((low <= side.truth) & (side.truth <= high))

    @property
    def _largest(self) -> float:
        return math.inf if self.threshold is None else self.threshold


def assess(dataset: Dataset, inputs: Sequence[str], fitted: Fitted) -> Reliability | None:
    """Reliability of a fitted model; None when there is no target.

    Args:
        dataset: What it was fitted on.
        inputs: Inputs it takes.
        fitted: The model.
    """
    task = dataset.definition.task
    if task == "unsupervised":
        return None
    targets, asked = np.asarray(dataset.targets), []
    for side in ("validation", "test"):
        rows = dataset.rows(side)
        asked.append(Side(ask(fitted, task, dataset.take(inputs, rows)), targets[rows]))
    if dataset.measured is not None and dataset.curves & set(inputs):
        said = ask(fitted, task, dataset.measured_inputs(inputs))
        asked.append(Side(said, targets[dataset.measured.rows]))
    chosen = one_of_each(dataset.groups(dataset.rows("validation")))
    fix = _of_classes if task == "classification" else _of_values
    found = fix(asked[0], asked[1], chosen)
    if len(asked) == 2:
        return found
    return replace(found, coverage_measured=float(found.held(asked[2]).mean()))


def one_of_each(groups: Sequence[str], seed: int = 0) -> Labels:
    """Place of one member of every group, drawn at random."""
    order = np.random.default_rng(seed).permutation(len(groups))
    _, first = np.unique(np.asarray(groups)[order], return_index=True)
    return np.asarray(np.sort(order[first]), dtype=np.int64)


def _of_classes(validation: Side, test: Side, chosen: Labels) -> Reliability:
    given = np.asarray(validation.said.probabilities)
    warmth = temperature(given, validation.truth)
    scores = class_scores(scaled(given, warmth), validation.truth)
    asked = np.asarray(test.said.probabilities)
    after = scaled(asked, warmth)
    found = Reliability(
        level=LEVEL,
        threshold=_finite(threshold(scores[chosen], LEVEL)),
        n_groups=len(chosen),
        temperature=warmth,
        calibration={
            "calibration_error": calibration_error(asked, test.truth),
            "calibration_error_scaled": calibration_error(after, test.truth),
            "log_loss": log_loss(asked, test.truth),
            "log_loss_scaled": log_loss(after, test.truth),
        },
    )
    size = float(found.sets(asked).sum(axis=1).mean())
    return replace(found, coverage=float(found.held(test).mean()), size=size)


def _of_values(validation: Side, test: Side, chosen: Labels) -> Reliability:
    values = _values(validation.said)
    offset = 0.0
    if values.deviation is not None:
        # a model that is certain of everything gets plain intervals of one width
        offset = CERTAIN * float(values.deviation[:, 0].mean()) or 1.0
    scores = value_scores(values, validation.truth, offset)
    found = Reliability(
        level=LEVEL,
        threshold=_finite(threshold(scores[chosen], LEVEL)),
        n_groups=len(chosen),
        offset=offset,
    )
    low, high = found.intervals(_values(test.said)).T
    size = _finite(float((high - low).mean()))
    return replace(found, coverage=float(found.held(test).mean()), size=size)


def _values(said: Said) -> Values:
    if said.values is None:
        raise Unsupported("model", "one that predicts values", "another")
    return said.values


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
