"""Two-dimensional U-Net: a map to a map, for translation and denoising.

The targets are the maps wanted, ``(n, height, width)`` or flattened, of the shape of the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.errors import BadInput
from training.models import Model, Task
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Network

VALUES = frozenset[Task]({"regression"})


def build(plan: Plan) -> Network:
    """As many halvings as asked for, and the way back with what was seen on the way down."""
    import math

    from torch import nn

    from training.models._layers import Standardise
    from training.models._network import RowNetwork
    from training.models._unet import PointsHead, UNet

    options = plan.options
    (shape,) = plan.shapes.values()
    if plan.n_targets != math.prod(shape):
        raise BadInput(
            "model unet2d: targets", f"maps of shape {shape}", f"{plan.n_targets} points"
        )
    body = nn.Sequential(
        nn.Unflatten(1, (1, shape[0])), UNet(2, options["channels"], options["depth"])
    )
    head = PointsHead(2, options["channels"], shape, plan.outputs)
    return RowNetwork(Standardise(1), body, head)


NETWORK = Architecture(
    "unet2d",
    build,
    takes="maps",
    target_scale="all",
    space={"channels": ("whole", 8, 32), "depth": ("whole", 1, 4)},
)
MODEL = Model(
    name="unet2d",
    version="1",
    title="U-Net, map to map",
    min_inputs=1,
    max_inputs=1,
    settings={"channels": 16, "depth": 2, **schedule_settings()},
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Ronneberger, Fischer & Brox, MICCAI (2015), doi:10.1007/978-3-319-24574-4_28",
    tasks=VALUES,
    maps=True,
    transfers=True,
    weighted=True,
)
