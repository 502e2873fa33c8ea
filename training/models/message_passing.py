"""Message-passing network on crystal graphs.

Takes the edges of the feature view ``crystal_graph``, one ragged table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models import BOTH, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Network


def build(plan: Plan) -> Network:
    """Vectors of elements, as many steps as asked for, the mean over sites and a dense layer."""
    from training.models._graphs import GraphNetwork, MessagePassing

    width, radial = plan.options["width"], plan.options["radial"]
    steps = [MessagePassing(width, radial) for _ in range(plan.options["steps"])]
    cutoff, hidden = plan.options["cutoff"], plan.options["hidden"]
    return GraphNetwork([*steps], width, radial, cutoff, hidden, plan.outputs)


NETWORK = Architecture(
    "message_passing",
    build,
    takes="ragged",
    widths=8,
    space={
        "width": ("whole", 16, 96),
        "steps": ("whole", 1, 5),
        "learning_rate": ("log", 3e-4, 1e-2),
    },
)
MODEL = Model(
    name="message_passing",
    version="1",
    title="message-passing network",
    min_inputs=1,
    max_inputs=1,
    settings={
        "width": 32,
        "steps": 3,
        "radial": 20,
        "cutoff": 5.0,
        "hidden": 64,
        **schedule_settings(),
    },
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Gilmer et al., ICML (2017), arXiv:1704.01212",
    tasks=BOTH,
    ragged=True,
    transfers=True,
    weighted=True,
)
