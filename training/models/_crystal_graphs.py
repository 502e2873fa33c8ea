"""Networks on crystal graphs: the same but for the step that passes messages along the edges.

They take the feature view ``crystal_graph``, or ``crystal_graph_vectors``, whose vectors they leave
aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from training.models import BOTH, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Network

SETTINGS = {"width": 32, "steps": 3, "radial": 20, "cutoff": 5.0, "hidden": 64}
SPACE = {
    "width": ("whole", 16, 96),
    "steps": ("whole", 1, 5),
    "learning_rate": ("log", 3e-4, 1e-2),
}


def graph_architecture(name: str, step: str) -> Architecture:
    """A network of such steps.

    Args:
        name: Name of the model.
        step: Class in :mod:`training.models._graphs`, which needs torch and is imported late.
    """

    def build(plan: Plan) -> Network:
        """Vectors of elements, as many steps as asked for, the mean over sites, a dense layer."""
        from training.models import _graphs

        width, radial = plan.options["width"], plan.options["radial"]
        steps = [getattr(_graphs, step)(width, radial) for _ in range(plan.options["steps"])]
        cutoff, hidden = plan.options["cutoff"], plan.options["hidden"]
        return _graphs.GraphNetwork(steps, width, radial, cutoff, hidden, plan.outputs)

    return Architecture(name, build, takes="ragged", widths=(8, 11), space=SPACE)


def graph_model(
    network: Architecture, title: str, source: str, settings: Mapping[str, Any] = SETTINGS
) -> Model:
    """Declare the model of a network on one crystal graph."""
    return Model(
        name=network.name,
        version="1",
        title=title,
        min_inputs=1,
        max_inputs=1,
        settings={**settings, **schedule_settings()},
        fit=network.fit,
        load=network.load,
        source=source,
        tasks=BOTH,
        ragged=True,
        transfers=True,
        weighted=True,
    )
