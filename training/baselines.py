"""What every candidate is compared with: an answer that knows nothing, the nearest neighbour, and
the same algorithm on data in which there is nothing to learn.

Without a target, the naive answer is the mean of the training side, the nearest neighbour is the
most similar training member itself, and in the control every column is shuffled on its own: what
columns had to do with each other is gone, what each varied is left.

Baselines know ragged tables by the mean and the deviation of their columns.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from registry.records import Floats
from training.answering import Said, ask, distances, side_by_side, truth_of
from training.datasets import Dataset
from training.domain import comparable, similarity
from training.metrics import Metric
from training.models import Inputs, Labels, Training, dense, models


def naive_score(dataset: Dataset, training: Training, metric: Metric) -> float:
    """Test score of the most frequent class, the median (for the absolute error) or the mean."""
    inputs, rows = _test(dataset, training)
    training = _comparable(training)
    if training.task == "unsupervised":
        mean = side_by_side(training.inputs).mean(axis=0, dtype=np.float64)
        given = side_by_side(inputs)
        return _score_left(np.broadcast_to(mean, given.shape), inputs, metric)
    if training.task == "classification":
        fitted = models()["most_frequent"].train(training)
    else:
        value = "median" if metric.name == "mae" else "mean"
        fitted = models()["typical_value"].train(training, value=value)
    return _score(dataset, rows, ask(fitted, training.task, inputs), metric)


def nearest_score(dataset: Dataset, training: Training, metric: Metric) -> float:
    """Test score of the nearest neighbour on the same inputs."""
    inputs, rows = _test(dataset, training)
    training = _comparable(training)
    if training.task == "unsupervised":
        known, asked = side_by_side(training.inputs), side_by_side(inputs)
        return _score_left(known[similarity(asked, known).argmax(axis=1)], inputs, metric)
    fitted = models()["nearest_neighbour"].train(replace(training, weights=None))
    return _score(dataset, rows, ask(fitted, training.task, inputs), metric)


def shuffled(training: Training) -> Training:
    """The same training side with nothing left to learn; the training's own seed shuffles."""
    rng = np.random.default_rng(training.seed)
    if training.targets is not None:
        return replace(training, targets=rng.permutation(training.targets))
    apart: Inputs = {
        name: rng.permuted(block, axis=0) for name, block in dense(training.inputs).items()
    }
    return replace(training, inputs=apart)


def _test(dataset: Dataset, training: Training) -> tuple[Inputs, Labels]:
    rows = dataset.rows("test")
    return _rows(dataset.take(list(training.inputs), rows)), rows


def _comparable(training: Training) -> Training:
    return replace(
        training,
        inputs=_rows(training.inputs),
        validation_inputs=_rows(training.validation_inputs),
    )


def _rows(inputs: Inputs) -> Inputs:
    return {name: comparable(value) for name, value in inputs.items()}


def _score(dataset: Dataset, rows: Labels, said: Said, metric: Metric) -> float:
    return metric.score(truth_of(dataset, rows, said), said.answers)


def _score_left(decoded: Floats, inputs: Inputs, metric: Metric) -> float:
    given = side_by_side(inputs).astype(np.float64)
    return metric.score(distances(given, given.mean(axis=0)), distances(given, decoded))
