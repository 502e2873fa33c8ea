"""One-dimensional convolutional network on one curve.

Curves are varied while training in ways that keep the crystal system. A block that is no curve is
convolved, not varied.
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
    """Three strided convolutions, pooled to sixteen places, and two dense layers."""
    from torch import nn

    from training.models._layers import Standardise, curve_layers
    from training.models._network import RowNetwork

    hidden, dropout = plan.options["hidden"], plan.options["dropout"]
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, plan.outputs))
    return RowNetwork(Standardise(1), nn.Sequential(*curve_layers(hidden, dropout)), head)


NETWORK = Architecture(
    "cnn1d",
    build,
    augment=variations,
    space={
        "hidden": ("whole", 16, 128),
        "dropout": ("real", 0.0, 0.6),
        "learning_rate": ("log", 3e-4, 1e-2),
    },
)
MODEL = Model(
    name="cnn1d",
    version="3",
    title="convolutional network",
    min_inputs=1,
    max_inputs=1,
    settings={"hidden": 64, "dropout": 0.3, **VARIATIONS, **schedule_settings()},
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Park et al., IUCrJ 4, 486 (2017), doi:10.1107/S205225251700714X, smaller here; "
    "Oviedo et al., npj Comput. Mater. 5, 60 (2019), doi:10.1038/s41524-019-0196-x",
    tasks=BOTH,
    transfers=True,
    weighted=True,
)
