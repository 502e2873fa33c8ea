"""Predicting one input from others: networks, and what needs no network."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from registry.records import Floats
from training.answering import distances, side_by_side
from training.baselines import shuffled
from training.datasets import Dataset
from training.fitting import model_of, training_of
from training.models import Inputs, Regressor, Training, dense
from training.resuming import timed_fit
from training.study import Candidate


@dataclass(frozen=True)
class Curves:
    """What a way predicted.

    Attributes:
        validation: Share of the variance about the mean curve that is predicted, validation side.
        test: Predicted curves of the test side, shape ``(n, k)``.
        parameters: Numbers learnt, None where that means nothing.
        seconds: It took to fit.
    """

    validation: float
    test: Floats
    parameters: int | None
    seconds: float


@dataclass(frozen=True)
class CurveJob:
    """A fit of curves from other inputs.

    Attributes:
        dataset: Members.
        source: Inputs it learns from.
        wanted: Input to be predicted.
        seed: Of the fit.
    """

    dataset: Dataset
    source: tuple[str, ...]
    wanted: str
    seed: int

    def training(self) -> Training:
        """Training and validation side whose targets are the points of the wanted input."""
        block = dense(self.dataset.blocks)[self.wanted].astype(np.float64)
        return replace(
            training_of(self.dataset, self.source, self.seed),
            task="regression",
            n_classes=0,
            targets=block[self.dataset.rows("train")],
            validation_targets=block[self.dataset.rows("validation")],
        )

    def asked(self) -> Inputs:
        """Inputs of the test side."""
        return self.dataset.take(self.source, self.dataset.rows("test"))


def by_model(job: CurveJob, candidate: Candidate, without_truth: bool = False) -> Curves:
    """Fit a model of values to all points of the curve at once.

    Args:
        job: What to fit.
        candidate: Algorithm.
        without_truth: Curves of the training side are dealt to members at random: the control.

    Raises:
        Unsupported: For an algorithm that predicts no values.
    """
    training = job.training()
    learnt = shuffled(training) if without_truth else training
    fitted, seconds = timed_fit(model_of(candidate), learnt, candidate.settings)
    model = cast(Regressor, fitted)  # the algorithm would have refused another task
    said = [model.predict(inputs).mean for inputs in (training.validation_inputs, job.asked())]
    return Curves(share(training, said[0]), said[1], fitted.n_parameters(), seconds)


def by_ridge(job: CurveJob, strengths: Sequence[float]) -> Curves:
    """Ridge regression of all points on standardised inputs; the validation side chooses how much.

    Hoerl & Kennard, Technometrics 12, 55 (1970).
    """
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    training = job.training()
    begun = time.perf_counter()
    rows, known = side_by_side(training.inputs), side_by_side(training.validation_inputs)
    fitted = [
        make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(rows, training.values)
        for alpha in strengths
    ]
    scores = [share(training, model.predict(known)) for model in fitted]
    best = int(np.argmax(scores))
    said = fitted[best].predict(side_by_side(job.asked()))
    parameters = (rows.shape[1] + 1) * training.values.shape[1]
    return Curves(scores[best], said, parameters, time.perf_counter() - begun)


def by_mean(job: CurveJob) -> Curves:
    """The mean curve of the training side, whatever is asked."""
    mean = job.training().values.mean(axis=0)
    n = len(job.dataset.rows("test"))
    return Curves(0.0, np.tile(mean, (n, 1)), len(mean), 0.0)


def share(training: Training, said: Floats) -> float:
    """Share of the variance of the validation side about the mean curve that is predicted."""
    mean = training.values.mean(axis=0)
    spread = distances(training.validation_values, mean).sum()
    left = distances(training.validation_values, said).sum()
    return float(1 - left / spread)
