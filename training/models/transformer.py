"""Transformer over tokens of several inputs; a member may lack some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.errors import WrongUse
from training.models import BOTH, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Network


def build(plan: Plan) -> Network:
    """Tokens, encoder layers and a head on the summary token."""
    from training.models._fusion import TokenTransformer

    width, heads = plan.options["width"], plan.options["heads"]
    if width % heads:
        raise WrongUse("width", f"a multiple of {heads} heads", str(width))
    return TokenTransformer(plan)


NETWORK = Architecture(
    "transformer",
    build,
    missing=True,
    space={
        "depth": ("whole", 1, 4),
        "dropout": ("real", 0.0, 0.4),
        "learning_rate": ("log", 1e-4, 3e-3),
    },
)
MODEL = Model(
    name="transformer",
    version="1",
    title="multimodal transformer",
    min_inputs=1,
    max_inputs=8,
    settings={
        "tokens": 16,
        "width": 32,
        "heads": 4,
        "depth": 2,
        "dropout": 0.1,
        "hide": 0.1,
        **schedule_settings(learning_rate=1e-3),
    },
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Vaswani et al., NeurIPS (2017), arXiv:1706.03762; tokens of stretches: Nie et al., "
    "ICLR (2023), arXiv:2211.14730",
    tasks=BOTH,
    missing=True,
    transfers=True,
    weighted=True,
)
