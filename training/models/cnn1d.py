"""One-dimensional convolutional network on one curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.models import Fitted, Model, Training


def fit(training: Training, **settings: Any) -> Fitted:
    """Fit on one block, taken as a curve; settings as ``MODEL`` lists them."""
    from dataclasses import replace

    from training.models._fitting import fit_network

    return fit_network(replace(training, curves=frozenset(training.inputs)), **settings)


def load(folder: Path) -> Fitted:
    """Read a saved network; ModelRefused for anything else."""
    from training.models._network import load_network

    return load_network(folder)


MODEL = Model(
    name="cnn1d",
    version="1",
    title="convolutional network",
    min_inputs=1,
    max_inputs=1,
    settings={
        "hidden": 64,
        "dropout": 0.3,
        "epochs": 30,
        "patience": 6,
        "batch": 32,
        "learning_rate": 3e-3,
        "weight_decay": 1e-3,
    },
    fit=fit,
    load=load,
    source="Park et al., IUCrJ 4, 486 (2017), doi:10.1107/S205225251700714X; smaller here",
)
