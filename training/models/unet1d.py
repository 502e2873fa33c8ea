"""One-dimensional U-Net: a curve to a curve, for translation and denoising.

The targets are the points of the curve wanted, shape ``(n, k)``; all of them are scaled alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models import Model, Task
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Network

VALUES = frozenset[Task]({"regression"})


def build(plan: Plan) -> Network:
    """As many halvings as asked for, and the way back with what was seen on the way down."""
    from torch import nn

    from training.models._layers import Standardise
    from training.models._network import RowNetwork
    from training.models._unet import PointsHead, UNet

    options = plan.options
    body = nn.Sequential(nn.Unflatten(1, (1, -1)), UNet(1, options["channels"], options["depth"]))
    head = PointsHead(1, options["channels"], [plan.n_targets], plan.outputs)
    return RowNetwork(Standardise(1), body, head)


NETWORK = Architecture(
    "unet1d",
    build,
    target_scale="all",
    space={"channels": ("whole", 8, 32), "depth": ("whole", 1, 4)},
)
MODEL = Model(
    name="unet1d",
    version="1",
    title="U-Net, curve to curve",
    min_inputs=1,
    max_inputs=1,
    settings={"channels": 16, "depth": 3, **schedule_settings()},
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Ronneberger, Fischer & Brox, MICCAI (2015), doi:10.1007/978-3-319-24574-4_28",
    tasks=VALUES,
    transfers=True,
    weighted=True,
)
