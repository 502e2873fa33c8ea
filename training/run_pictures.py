"""Pictures kept with the run of a candidate: test side, reliability, losses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from registry.records import Floats
from training.calibration import BINS
from training.datasets import Dataset
from training.models import Labels, Learnt, Probabilities, Values
from training.picture import (
    draw_confusion_matrix,
    draw_losses,
    draw_parity,
    draw_reliability,
    with_unit,
)
from training.results import Result

LEVELS = np.linspace(0.05, 0.95, 19)
"""Central intervals of the normal distribution that deviations are asked about."""


def draw_run(folder: Path, dataset: Dataset, result: Result) -> None:
    """Draw what the registered model of a result said about the test side, and how it learnt."""
    key, said = result.candidate.key, result.said
    if dataset.definition.task == "classification":
        confusion, names = result.repetitions[0].test.confusion, dataset.class_names
        draw_confusion_matrix(confusion, names, f"{key}, test side", folder / "confusion.png")
    elif dataset.definition.task == "regression":
        axis = with_unit(str(dataset.definition.predicts), dataset.definition.unit)
        target = folder / "parity.png"
        draw_parity(result.truth, said.answers, axis, f"{key}, test side", target)
    title, target = f"{key}: reliability on the test side", folder / "reliability.png"
    if said.probabilities is not None and result.reliability is not None:
        stated = {
            "as given": confidence_bins(said.probabilities, result.truth),
            "scaled": confidence_bins(result.reliability.scaled(said.probabilities), result.truth),
        }
        draw_reliability(
            stated, "probability of the answer", "share of right answers", title, target
        )
    elif said.values is not None and said.values.deviation is not None:
        stated = {"deviation as given": interval_shares(said.values, result.truth)}
        draw_reliability(stated, "nominal share within", "share within", title, target)
    if isinstance(result.fitted, Learnt) and result.fitted.history:
        history = result.fitted.history
        draw_losses(
            [e.training for e in history],
            [e.validation for e in history],
            f"{key}: loss while learning",
            folder / "losses.png",
        )


def confidence_bins(probabilities: Probabilities, labels: Labels) -> Floats:
    """Mean probability of the answer and share of right answers by bin, shape ``(bins, 2)``.

    Bins of equal width, as of the calibration error; empty ones are left out.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    at = np.minimum((confidence * BINS).astype(int), BINS - 1)
    used = np.unique(at)
    return np.array([[confidence[at == b].mean(), right[at == b].mean()] for b in used])


def interval_shares(values: Values, truth: Floats) -> Floats:
    """Nominal and observed share of truths in central normal intervals, shape ``(levels, 2)``."""
    from scipy.stats import norm

    assert values.deviation is not None
    off = np.abs(truth - values.mean[:, 0])
    half = norm.ppf((1 + LEVELS) / 2)[:, None] * values.deviation[:, 0]
    return np.stack([LEVELS, (off <= half).mean(axis=1)], axis=1)
