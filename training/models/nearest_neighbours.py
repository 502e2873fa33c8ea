"""Several nearest neighbours by cosine: their classes vote, their values are averaged."""

from __future__ import annotations

from training.models import BOTH, Fitted, Model, Training
from training.models._neighbours import fit_neighbours, load_neighbours


def fit(training: Training, *, neighbours: int, by_distance: bool) -> Fitted:
    """Remember the training rows.

    Args:
        training: What to remember; the validation side is not used.
        neighbours: How many decide.
        by_distance: Whether a neighbour counts by the inverse of its cosine distance.

    Raises:
        BadInput: When a class has no training row, or there are fewer rows than neighbours.
    """
    return fit_neighbours(training, neighbours, by_distance)


MODEL = Model(
    name="nearest_neighbours",
    version="1",
    title="nearest neighbours",
    min_inputs=1,
    max_inputs=8,
    settings={"neighbours": 5, "by_distance": True},
    fit=fit,
    load=load_neighbours,
    source="Cover & Hart, IEEE Trans. Inf. Theory 13, 21 (1967); "
    "Dudani, IEEE Trans. Syst. Man Cybern. SMC-6, 325 (1976)",
    tasks=BOTH,
    missing=True,
)
