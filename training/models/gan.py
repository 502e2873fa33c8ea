"""Adversarial network: generates rows that a critic cannot tell from real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models import NO_TARGET, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Coder


def build(plan: Plan) -> Coder:
    """Generator, critic and encoder of two hidden layers each."""
    from training.models._coders import Adversarial

    return Adversarial(plan.width, plan.options["hidden"], plan.options["codes"])


NETWORK = Architecture(
    "gan",
    build,
    space={"codes": ("whole", 2, 32), "hidden": ("whole", 32, 256)},
)
MODEL = Model(
    name="gan",
    version="1",
    title="adversarial generator",
    min_inputs=1,
    max_inputs=8,
    settings={
        "codes": 8,
        "hidden": 128,
        **schedule_settings(
            supervised=False,
            epochs=300,
            patience=100,
            learning_rate=2e-3,
            weight_decay=0.0,
            clip=0.0,
        ),
    },
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Goodfellow et al., NeurIPS (2014), arXiv:1406.2661; Gulrajani et al., NeurIPS (2017), "
    "arXiv:1704.00028; encoder: the latent regressor of Donahue et al., ICLR (2017)",
    tasks=NO_TARGET,
    transfers=True,
    weighted=True,
)
