"""What fitting a candidate gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.answering import Said
from training.evaluation import Scores
from training.metrics import Answers, Metric
from training.models import Fitted
from training.reliability import Reliability
from training.study import Candidate


@dataclass(frozen=True)
class Repetition:
    """One seed: its scores, and the seconds it took to fit."""

    seed: int
    validation: Scores
    test: Scores
    measured: Scores | None
    seconds: float


@dataclass(frozen=True)
class Result:
    """A candidate, fitted.

    Attributes:
        candidate: What was fitted.
        settings: Complete settings.
        metric: Score it is judged by.
        fitted: The model of the first seed; no seed is ever chosen by its test score.
        said: Its answers for the test members.
        truth: What they are scored against, shape ``(n_test,)``.
        repetitions: One per seed.
        naive: Score of an answer that knows nothing, on the test side.
        nearest: That of the nearest neighbour on the same inputs.
        shuffled: That of the same algorithm where there is nothing to learn, mean over seeds.
        shuffled_at_chance: Whether its 95 % interval (worse end: mean over seeds) reaches what
            can be had by chance; None where that is not defined.
        reliability: Calibration and conformal sets of the fitted model; None without a target.
    """

    candidate: Candidate
    settings: dict[str, Any]
    metric: Metric
    fitted: Fitted
    said: Said
    truth: Answers
    repetitions: tuple[Repetition, ...]
    naive: float
    nearest: float
    shuffled: float
    shuffled_at_chance: bool | None
    reliability: Reliability | None

    def over_seeds(self, side: str) -> tuple[float, float] | None:
        """Mean and standard deviation of the metric; None where the side was not scored."""
        found: list[Scores | None] = [getattr(r, side) for r in self.repetitions]
        values = [s.values[self.metric.name] for s in found if s is not None]
        return (float(np.mean(values)), float(np.std(values))) if values else None

    def mean(self, side: str) -> float | None:
        """Mean over seeds of the metric; None where the side was not scored."""
        found = self.over_seeds(side)
        return None if found is None else found[0]
