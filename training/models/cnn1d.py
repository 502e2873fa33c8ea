"""One-dimensional convolutional network on one curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.models import Fitted, Model, Training


def fit(
    training: Training,
    *,
    strain: float,
    texture: float,
    texture_regions: int,
    noise: float,
    **settings: Any,
) -> Fitted:
    """Fit on one block, taken as a curve; settings as ``MODEL`` lists them.

    Curves are varied while training in ways that keep the crystal system. A label that hangs on
    the size of the lattice needs ``strain`` 0. A vector that is no curve is convolved, not varied.
    """
    from dataclasses import replace

    from training.models._augment import Augmentation
    from training.models._fitting import fit_network

    augment = {
        name: Augmentation(grid, strain, texture, texture_regions, noise)
        for name, grid in training.curves.items()
    }
    columns = {name: (0.0, block.shape[1] - 1.0) for name, block in training.inputs.items()}
    curves = {**columns, **training.curves}
    return fit_network(replace(training, curves=curves), augment, **settings)


def load(folder: Path) -> Fitted:
    """Read a saved network; ModelRefused for anything else."""
    from training.models._network import load_network

    return load_network(folder)


MODEL = Model(
    name="cnn1d",
    version="2",
    title="convolutional network",
    min_inputs=1,
    max_inputs=1,
    settings={
        "hidden": 64,
        "dropout": 0.3,
        "epochs": 45,
        "patience": 12,
        "batch": 32,
        "learning_rate": 3e-3,
        "weight_decay": 1e-3,
        "strain": 0.07,
        "texture": 0.3,
        "texture_regions": 25,
        "noise": 1.0,
    },
    fit=fit,
    load=load,
    source="Park et al., IUCrJ 4, 486 (2017), doi:10.1107/S205225251700714X, smaller here; "
    "Oviedo et al., npj Comput. Mater. 5, 60 (2019), doi:10.1038/s41524-019-0196-x",
)
