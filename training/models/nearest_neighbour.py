"""Baseline: the label of the most similar training member, by cosine."""

from __future__ import annotations

from pathlib import Path

from training.models import Inputs, Model, Probabilities, Training
from training.models._estimator import (
    EstimatorModel,
    insist_on_every_class,
    load_estimator,
    stacked,
)


class NearestNeighbour(EstimatorModel):
    """One nearest neighbour; every block counts alike, whatever its scale."""

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """One for the neighbour's class, zero for the others, shape ``(n, n_classes)``."""
        return super().probabilities(unit_rows(inputs))


def unit_rows(inputs: Inputs) -> Inputs:
    """Blocks with rows of length one, so that no block outweighs another."""
    from sklearn.preprocessing import normalize

    return {name: normalize(block) for name, block in inputs.items()}


def fit(training: Training) -> NearestNeighbour:
    """Remember the training rows.

    Raises:
        BadInput: When a class has no training row.
    """
    from sklearn.neighbors import KNeighborsClassifier

    insist_on_every_class(training)
    estimator = KNeighborsClassifier(1, metric="cosine", algorithm="brute")
    return NearestNeighbour(estimator.fit(stacked(unit_rows(training.inputs)), training.labels))


def load(folder: Path) -> NearestNeighbour:
    """Read a saved model; ModelRefused for anything but neighbours."""
    return NearestNeighbour(load_estimator(folder, "KNeighborsClassifier").estimator)


MODEL = Model(
    name="nearest_neighbour",
    version="1",
    title="nearest neighbour",
    min_inputs=1,
    max_inputs=8,
    settings={},
    fit=fit,
    load=load,
    source="Cover & Hart, IEEE Trans. Inf. Theory 13, 21 (1967)",
)
