"""Baseline: always the most frequent class of the training side, whatever the input."""

from __future__ import annotations

from pathlib import Path

from training.models import Fitted, Model, Training
from training.models._estimator import EstimatorClassifier, insist_on_every_class, load_estimator
from training.models._layout import Layout


def fit(training: Training) -> Fitted:
    """Count the training labels.

    Raises:
        BadInput: When a class has no training row.
    """
    from sklearn.dummy import DummyClassifier

    insist_on_every_class(training)
    layout = Layout.of(training.inputs, missing=True)
    estimator = DummyClassifier(strategy="most_frequent")
    estimator.fit(layout.rows(training.inputs), training.labels, sample_weight=training.weights)
    return EstimatorClassifier(estimator, layout)


def load(folder: Path) -> Fitted:
    """Read a saved model; ModelRefused for anything else."""
    return load_estimator(folder, {"DummyClassifier": EstimatorClassifier}, missing=True)


MODEL = Model(
    name="most_frequent",
    version="2",
    title="most frequent class",
    min_inputs=1,
    max_inputs=8,
    settings={},
    fit=fit,
    load=load,
    source="scikit-learn DummyClassifier",
    missing=True,
    weighted=True,
)
