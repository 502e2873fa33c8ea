"""Variational autoencoder: codes that a standard normal distribution fills; it can generate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.models import NO_TARGET, Model
from training.models._architecture import Architecture, Plan
from training.models._schedule import schedule_settings

if TYPE_CHECKING:
    from training.models._network import Coder


def build(plan: Plan) -> Coder:
    """Dense layers to mean and deviation of the codes, and back."""
    from training.models._coders import VariationalAutoencoder

    options = plan.options
    return VariationalAutoencoder(plan.width, options["hidden"], options["codes"], options["beta"])


NETWORK = Architecture(
    "variational_autoencoder",
    build,
    space={
        "codes": ("whole", 2, 32),
        "hidden": ("whole", 32, 256),
        "beta": ("log", 1e-2, 4.0),
    },
)
MODEL = Model(
    name="variational_autoencoder",
    version="1",
    title="variational autoencoder",
    min_inputs=1,
    max_inputs=8,
    settings={
        "codes": 8,
        "hidden": 128,
        "beta": 1.0,
        **schedule_settings(supervised=False, epochs=150, patience=25),
    },
    fit=NETWORK.fit,
    load=NETWORK.load,
    source="Kingma & Welling, ICLR (2014), arXiv:1312.6114; beta: Higgins et al., ICLR (2017); "
    "variance of what is left: Rybkin, Daniilidis & Levine, ICML (2021), arXiv:2006.13202",
    tasks=NO_TARGET,
    transfers=True,
    weighted=True,
)
