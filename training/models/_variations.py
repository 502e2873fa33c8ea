"""Settings of networks that vary the curves they learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from training.models import Training
from training.models._architecture import grids

if TYPE_CHECKING:
    from training.models._augment import Augment

VARIATIONS: dict[str, Any] = {
    "strain": None,
    "texture": None,
    "texture_regions": 25,
    "noise": None,
    "zero": None,
    "broadening": None,
    "background": None,
}
"""None: the usual variation for classes, none for values, which may hang on what is varied."""
USUAL = {
    "strain": 0.07,
    "texture": 0.3,
    "noise": 1.0,
    # what a width and a zero are depends on the unit of x: said by who knows it
    "zero": 0.0,
    "broadening": 0.0,
    "background": 0.0,
}


def variations(training: Training, options: Mapping[str, Any]) -> Mapping[str, Augment]:
    """How the curves of the training side are varied; a vector that is no curve is left alone.

    They keep the crystal system. A label that hangs on the size of the lattice needs ``strain`` 0.
    """
    from training.models._augment import Augmentation

    usual = USUAL if training.task == "classification" else dict.fromkeys(USUAL, 0.0)
    chosen = {n: u if options[n] is None else options[n] for n, u in usual.items()}
    if not any(chosen.values()):
        return {}
    regions = options["texture_regions"]
    known = grids(training)
    return {
        name: Augmentation(known[name], texture_regions=regions, **chosen)
        for name in training.curves
        if name in training.inputs
    }
