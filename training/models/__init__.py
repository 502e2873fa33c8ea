"""Models: one file each, declaring itself as ``MODEL``.

A model is a classifier over named input blocks, ``{"xrd": (n, points), "soap": (n, width)}``.
It saves itself without pickles: weights as safetensors, scikit-learn as skops.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from registry.plugins import discover

Block = npt.NDArray[np.float32]
Inputs = dict[str, Block]
Labels = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]
Grid = tuple[float, float]
"""First and last x of evenly spaced points."""


class Fitted(Protocol):
    """A trained classifier."""

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Class probabilities, shape ``(n, n_classes)``, rows summing to one."""
        ...

    def n_parameters(self) -> int | None:
        """Number of trainable parameters, None where that means nothing (trees)."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model's files into an existing, empty folder; nothing in them is code."""
        ...


@dataclass(frozen=True)
class Training:
    """What a model learns from. ``validation`` is for early stopping, never for scoring.

    ``curves`` are the blocks whose neighbouring columns are neighbouring points of a curve, each
    with its grid.
    """

    inputs: Inputs
    labels: Labels
    validation_inputs: Inputs
    validation_labels: Labels
    n_classes: int
    seed: int
    curves: Mapping[str, Grid] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """An algorithm.

    Attributes:
        name: Name used in studies and in the registry.
        version: Raise it when training on the same data would give another model.
        title: What a person calls it.
        min_inputs: Fewest input blocks it takes.
        max_inputs: Most input blocks it takes.
        settings: Hyper-parameters with defaults.
        fit: ``fit(training, **settings)`` gives a fitted classifier.
        load: Reads back what ``save`` wrote; executes nothing from the folder and raises
            ModelRefused on anything it did not write.
        source: Publication.
    """

    name: str
    version: str
    title: str
    min_inputs: int
    max_inputs: int
    settings: dict[str, Any]
    fit: Callable[..., Fitted]
    load: Callable[[Path], Fitted]
    source: str


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """All models by name."""
    return discover("MODEL", sys.modules[__name__])
