"""One-dimensional residual network on one curve.

As :mod:`training.models.cnn1d` it varies the curves of a classification while training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models import BOTH, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings
from training.models._variations import VARIATIONS, variations

if TYPE_CHECKING:
    from training.models._network import Network


def build(plan: Plan) -> Network:
    """A stem, three stages of two residual blocks, each of half the points, pooled to places."""
    from torch import nn

    from training.models._layers import POOLED, Residual1d, Standardise
    from training.models._network import RowNetwork

    channels, hidden = plan.options["channels"], plan.options["hidden"]
    stem = nn.Sequential(
        nn.Unflatten(1, (1, -1)),
        nn.Conv1d(1, channels, 9, stride=2, padding=4, bias=False),
        nn.BatchNorm1d(channels),
        nn.ReLU(),
    )
    stages = [
        nn.Sequential(Residual1d(given, made, 2), Residual1d(made, made, 1))
        for given, made in (
            (channels, channels),
            (channels, 2 * channels),
            (2 * channels, 4 * channels),
        )
    ]
    pool = nn.Sequential(
        nn.AdaptiveAvgPool1d(POOLED),
        nn.Flatten(),
        nn.Dropout(plan.options["dropout"]),
        nn.Linear(4 * channels * POOLED, hidden),
        nn.ReLU(),
    )
    head = nn.Linear(hidden, plan.outputs)
    return RowNetwork(Standardise(1), nn.Sequential(stem, *stages, pool), head)


NETWORK = Architecture(
    "resnet1d",
    build,
    augment=variations,
    space={
        "channels": ("whole", 8, 32),
        "dropout": ("real", 0.0, 0.6),
        "learning_rate": ("log", 3e-4, 1e-2),
    },
)
MODEL = Model(
    name="resnet1d",
    version="1",
    title="residual network",
    min_inputs=1,
    max_inputs=1,
    settings={
        "channels": 16,
        "hidden": 64,
        "dropout": 0.3,
        **VARIATIONS,
        **schedule_settings(),
    },
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="He, Zhang, Ren & Sun, CVPR (2016), doi:10.1109/CVPR.2016.90; in one dimension",
    tasks=BOTH,
    transfers=True,
    weighted=True,
)
