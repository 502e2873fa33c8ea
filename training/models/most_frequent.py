"""Baseline: always the most frequent class of the training side, whatever the input."""

from __future__ import annotations

from pathlib import Path

from training.models import Model, Training
from training.models._estimator import (
    EstimatorModel,
    insist_on_every_class,
    load_estimator,
    stacked,
)


def fit(training: Training) -> EstimatorModel:
    """Count the training labels.

    Raises:
        BadInput: When a class has no training row.
    """
    from sklearn.dummy import DummyClassifier

    insist_on_every_class(training)
    estimator = DummyClassifier(strategy="most_frequent")
    return EstimatorModel(estimator.fit(stacked(training.inputs), training.labels))


def load(folder: Path) -> EstimatorModel:
    """Read a saved model; ModelRefused for anything else."""
    return load_estimator(folder, "DummyClassifier")


MODEL = Model(
    name="most_frequent",
    version="1",
    title="most frequent class",
    min_inputs=1,
    max_inputs=8,
    settings={},
    fit=fit,
    load=load,
    source="scikit-learn DummyClassifier",
)
