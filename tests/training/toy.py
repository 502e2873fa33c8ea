"""Toy data for models: curves with a peak whose place is the target, and vectors that shift."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.models import Inputs, Model, Task, Training


def sample(seed: int, n: int) -> tuple[Inputs, np.ndarray, np.ndarray]:
    """Inputs, class numbers and places of the peak, which follow from the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    x = np.linspace(0, 1, 80)
    places = 0.25 + 0.25 * labels + rng.normal(0, 0.01, n)
    curve = np.exp(-(((x - places[:, None]) / 0.03) ** 2)) + 0.1 * rng.random((n, 80))
    vector = rng.normal(labels[:, None], 0.5, (n, 6))
    blocks: Inputs = {"curve": curve.astype(np.float32), "vector": vector.astype(np.float32)}
    return blocks, labels.astype(np.int64), places


def training(
    task: Task = "classification", names: tuple[str, ...] = ("curve", "vector"), seed: int = 0
) -> Training:
    """Two sides of the toy data."""
    (inputs, labels, places), (other, other_labels, other_places) = sample(0, 120), sample(1, 45)
    targets = {
        "classification": (labels, other_labels),
        "regression": (places, other_places),
        "unsupervised": (None, None),
    }[task]
    return Training(
        inputs={name: inputs[name] for name in names},
        targets=targets[0],
        validation_inputs={name: other[name] for name in names},
        validation_targets=targets[1],
        n_classes=3 if task == "classification" else 0,
        seed=seed,
        curves={"curve": (0.0, 1.0)},
        task=task,
    )


def saved(fitted: object, folder: Path) -> Path:
    """Folder a model was saved in."""
    folder.mkdir()
    fitted.save(folder)
    return folder


def names_for(model: Model) -> tuple[str, ...]:
    """Blocks a model takes: one, or both."""
    return ("curve",) if model.max_inputs == 1 else ("curve", "vector")
