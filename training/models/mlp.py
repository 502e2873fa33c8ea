"""Fully connected network on all blocks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models import BOTH, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Network


def build(plan: Plan) -> Network:
    """As many hidden layers as asked for, all of one width."""
    from torch import nn

    from training.models._layers import Standardise, dense_layers
    from training.models._network import RowNetwork

    hidden, dropout = plan.options["hidden"], plan.options["dropout"]
    widths = [plan.width, *[hidden] * (plan.options["depth"] + 1)]
    body = nn.Sequential(*dense_layers(widths, dropout), nn.ReLU())
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, plan.outputs))
    return RowNetwork(Standardise(plan.width), body, head)


NETWORK = Architecture(
    "mlp",
    build,
    space={
        "hidden": ("whole", 16, 256),
        "depth": ("whole", 1, 4),
        "dropout": ("real", 0.0, 0.6),
        "learning_rate": ("log", 1e-4, 1e-2),
    },
)
MODEL = Model(
    name="mlp",
    version="1",
    title="fully connected network",
    min_inputs=1,
    max_inputs=8,
    settings={"hidden": 64, "depth": 2, "dropout": 0.2, **schedule_settings()},
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Rumelhart, Hinton & Williams, Nature 323, 533 (1986), doi:10.1038/323533a0",
    tasks=BOTH,
    transfers=True,
    weighted=True,
)
