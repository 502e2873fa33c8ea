"""Several inputs of one material in one network, fused early, in the middle, late or by attention.

A member may lack inputs, not all of them. Some are hidden while training, so that the network can
also do without what everybody had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.errors import WrongUse
from training.models import BOTH, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Network

FUSIONS = ("early", "intermediate", "late", "attention")


def build(plan: Plan) -> Network:
    """The network of the fusion asked for."""
    from training.models._fusion import BranchFusion, EarlyFusion

    how, hidden, dropout, hide = (
        plan.options[name] for name in ("fusion", "hidden", "dropout", "hide")
    )
    if how not in FUSIONS:
        raise WrongUse("fusion", f"one of {', '.join(FUSIONS)}", repr(how))
    if how == "early":
        return EarlyFusion(plan, hidden, dropout, hide)
    return BranchFusion(plan, how, hidden, dropout, hide)


NETWORK = Architecture(
    "fusion",
    build,
    missing=True,
    space={
        "fusion": ("one of", *FUSIONS),
        "hidden": ("whole", 16, 128),
        "dropout": ("real", 0.0, 0.6),
        "learning_rate": ("log", 3e-4, 1e-2),
    },
)
MODEL = Model(
    name="fusion",
    version="2",
    title="multimodal network",
    min_inputs=2,
    max_inputs=8,
    settings={
        "fusion": "intermediate",
        "hidden": 64,
        "dropout": 0.3,
        "hide": 0.1,
        **schedule_settings(epochs=30, patience=6),
    },
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Ngiam et al., Multimodal Deep Learning, ICML (2011); Baltrusaitis, Ahuja & Morency, "
    "IEEE Trans. Pattern Anal. 41, 423 (2019), doi:10.1109/TPAMI.2018.2798607; hidden inputs: "
    "Neverova et al., IEEE Trans. Pattern Anal. 38, 1692 (2016)",
    tasks=BOTH,
    missing=True,
    transfers=True,
    weighted=True,
)
