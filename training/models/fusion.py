"""Several inputs of one material in one network: convolutions for curves, dense for vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.models import Fitted, Model, Training


def fit(training: Training, **settings: Any) -> Fitted:
    """Fit with one branch per block; settings as ``MODEL`` lists them."""
    from training.models._fitting import fit_network

    return fit_network(training, **settings)


def load(folder: Path) -> Fitted:
    """Read a saved network; ModelRefused for anything else."""
    from training.models._network import load_network

    return load_network(folder)


MODEL = Model(
    name="fusion",
    version="1",
    title="multimodal network",
    min_inputs=2,
    max_inputs=8,
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
    source="Ngiam et al., Multimodal Deep Learning, ICML (2011)",
)
