"""Autoencoder: rows through a narrow place and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models import NO_TARGET, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Coder


def build(plan: Plan) -> Coder:
    """Dense layers to the codes, and the same back."""
    from training.models._coders import Autoencoder

    options = plan.options
    return Autoencoder(plan.width, options["hidden"], options["codes"])


NETWORK = Architecture(
    "autoencoder",
    build,
    space={"codes": ("whole", 2, 32), "hidden": ("whole", 32, 256)},
)
MODEL = Model(
    name="autoencoder",
    version="1",
    title="autoencoder",
    min_inputs=1,
    max_inputs=8,
    settings={
        "codes": 8,
        "hidden": 128,
        **schedule_settings(supervised=False, epochs=150, patience=25),
    },
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Hinton & Salakhutdinov, Science 313, 504 (2006), doi:10.1126/science.1127647",
    tasks=NO_TARGET,
    transfers=True,
    weighted=True,
)
