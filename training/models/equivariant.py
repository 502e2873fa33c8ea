"""E(3)-equivariant network on crystal graphs: messages that know directions.

Takes the edges of the feature view ``crystal_graph_vectors``, one ragged table. Turning, mirroring
or moving a crystal changes no answer; inside, sites carry vectors and tensors that turn with it.
Needs e3nn (extra ``graphs``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models._architecture import Architecture, Plan
from training.models._crystal_graphs import SPACE, graph_model

if TYPE_CHECKING:
    from training.models._network import Network


def build(plan: Plan) -> Network:
    """Vectors of elements, as many equivariant steps as asked for, the mean over sites."""
    from training.models._equivariant import EquivariantNetwork

    return EquivariantNetwork(**plan.options, outputs=plan.outputs)


NETWORK = Architecture(
    "equivariant",
    build,
    takes="ragged",
    widths=(11,),
    space={**SPACE, "order": ("whole", 1, 2), "width": ("whole", 16, 64)},
)
MODEL = graph_model(
    NETWORK,
    "E(3)-equivariant network",
    "Geiger & Smidt, e3nn: Euclidean Neural Networks (2022), arXiv:2207.09453; Chen et al., Adv. "
    "Sci. 8, 2004214 (2021), doi:10.1002/advs.202004214; Thomas et al. (2018), arXiv:1802.08219",
    {"width": 32, "order": 2, "steps": 2, "radial": 10, "cutoff": 5.0, "hidden": 64},
)
