"""Baseline: the target of the most similar training member, by cosine."""

from __future__ import annotations

from training.models import BOTH, Fitted, Model, Training
from training.models._neighbours import fit_neighbours, load_neighbours


def fit(training: Training) -> Fitted:
    """Remember the training rows; BadInput when a class has none."""
    return fit_neighbours(training, neighbours=1, by_distance=False)


MODEL = Model(
    name="nearest_neighbour",
    version="2",
    title="nearest neighbour",
    min_inputs=1,
    max_inputs=8,
    settings={},
    fit=fit,
    load=load_neighbours,
    source="Cover & Hart, IEEE Trans. Inf. Theory 13, 21 (1967)",
    tasks=BOTH,
    missing=True,
)
