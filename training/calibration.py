"""Whether probabilities mean what they say: calibration error and temperature scaling.

Guo et al., On Calibration of Modern Neural Networks, ICML (2017), arXiv:1706.04599.
"""

from __future__ import annotations

import numpy as np

from registry.records import Floats
from training.models import Labels, Probabilities

BINS = 15
COLDEST, HOTTEST = 0.05, 20.0
"""Temperatures looked at."""
SMALLEST = 1e-12
"""Probability that stands for zero: a tree or a neighbour may be certain and wrong."""


def calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Expected calibration error: how far confidence is from accuracy, bin by bin.

    Members are put into bins of equal width by the probability of their answer; the differences
    between mean probability and share of right answers are averaged by the size of the bins.

    Args:
        probabilities: Shape ``(n, n_classes)``.
        labels: True class numbers, shape ``(n,)``.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    at = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap = np.bincount(at, confidence - right, minlength=BINS)
    return float(np.abs(gap).sum() / len(labels))


def log_loss(probabilities: Probabilities, labels: Labels) -> float:
    """Mean negative logarithm of the probability of the true class."""
    true = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(true, SMALLEST)).mean())


def temperature(probabilities: Probabilities, labels: Labels) -> float:
    """Temperature that makes the true classes of some members most probable; 1 changes nothing."""
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return log_loss(scaled(probabilities, float(np.exp(logarithm))), labels)

    found = minimize_scalar(loss, bounds=np.log([COLDEST, HOTTEST]), method="bounded")
    return float(np.exp(found.x))


def scaled(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Probabilities softened (above 1) or sharpened (below 1); the most probable class stays.

    A softmax whose logits are divided by the temperature.
    """
    logits = np.log(np.maximum(probabilities, SMALLEST)) / temperature
    power: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(power / power.sum(axis=1, keepdims=True), dtype=np.float64)
