"""Models: one file each, declaring itself as ``MODEL``; and the contract they keep.

A model learns from named inputs of many members, for example ``{"xrd": (n, points), "soap":
(n, width)}``. What it gives depends on the task: a classifier, a regressor or a representation.
It saves itself without pickles: weights as safetensors, scikit-learn as skops, the rest as JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, cast, get_args, runtime_checkable

import numpy as np
import numpy.typing as npt

from registry.plugins import discover
from registry.records import Floats
from training.models._inputs import (
    Block,
    Inputs,
    Labels,
    Ragged,
    dense,
    lacking,
    length,
    refuse_lacking,
    take,
)

__all__ = [
    "Block",
    "Classifier",
    "Clustering",
    "Decodable",
    "Epoch",
    "Fitted",
    "Grid",
    "Inputs",
    "Labels",
    "Learnt",
    "Model",
    "Probabilities",
    "Ragged",
    "Regressor",
    "Representation",
    "Task",
    "Training",
    "Values",
    "dense",
    "lacking",
    "length",
    "models",
    "refuse_lacking",
    "take",
]

Task = Literal["classification", "regression", "unsupervised"]
TASKS: tuple[Task, ...] = get_args(Task)
Probabilities = npt.NDArray[np.float64]
Grid = tuple[float, float]
"""First and last x of evenly spaced points."""
ONE = frozenset[Task]({"classification"})
BOTH = frozenset[Task]({"classification", "regression"})
NO_TARGET = frozenset[Task]({"unsupervised"})


@dataclass(frozen=True)
class Values:
    """Answers of a regressor, one row per member.

    Attributes:
        mean: Expected values in the unit of the targets, shape ``(n, k)``.
        deviation: One standard deviation of each, same shape, or None where the model has none.
    """

    mean: Floats
    deviation: Floats | None = None


@runtime_checkable
class Fitted(Protocol):
    """Anything that was fitted."""

    def n_parameters(self) -> int | None:
        """Number of trainable parameters, None where that means nothing (trees)."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model's files into an existing, empty folder; nothing in them is code."""
        ...


class Epoch(NamedTuple):
    """One pass over the training side.

    Attributes:
        training: Mean loss of its batches, each before the step that it led to.
        validation: Mean loss of the validation side after it.
    """

    training: float
    validation: float


@runtime_checkable
class Learnt(Fitted, Protocol):
    """A model that learnt in epochs; one that was loaded does not know about it any more.

    Attributes:
        history: Losses of every epoch.
        earlier: Seconds of the fit that processes before this one spent, which were killed.
        settings: What it was fitted with in the end, those found by a search among them.
    """

    history: tuple[Epoch, ...]
    earlier: float
    settings: Mapping[str, Any]


@runtime_checkable
class Classifier(Fitted, Protocol):
    """What ``fit`` gives for classification."""

    def probabilities(self, inputs: Inputs) -> Probabilities:
        """Class probabilities, shape ``(n, n_classes)``, rows summing to one."""
        ...


@runtime_checkable
class Regressor(Fitted, Protocol):
    """What ``fit`` gives for regression."""

    def predict(self, inputs: Inputs) -> Values:
        """Values in the unit of the targets."""
        ...


@runtime_checkable
class Representation(Fitted, Protocol):
    """What ``fit`` gives without a target: a short code for each member."""

    def encode(self, inputs: Inputs) -> Block:
        """Codes, shape ``(n, k)``."""
        ...


@runtime_checkable
class Decodable(Representation, Protocol):
    """A representation that can be undone."""

    def decode(self, codes: Block) -> Block:
        """What the codes stand for: all blocks side by side by name, ``(n, sum of widths)``."""
        ...


@runtime_checkable
class Clustering(Representation, Protocol):
    """A representation that also says which of its groups a member belongs to."""

    def assign(self, inputs: Inputs) -> Labels:
        """Number of the group, shape ``(n,)``."""
        ...


@dataclass(frozen=True)
class Training:
    """What a model learns from. The validation side is for early stopping, never for scoring.

    Attributes:
        inputs: Blocks by name.
        targets: Class numbers ``(n,)`` int64; values ``(n,)`` or ``(n, k)`` float64; None when
            unsupervised.
        validation_inputs: The same blocks of the validation side.
        validation_targets: Its targets.
        n_classes: Number of classes, 0 when the targets are none.
        seed: The same seed gives the same model on the same machine.
        curves: Blocks whose neighbouring columns are neighbouring points of a curve, with grids.
        task: What is learnt.
        weights: How much each member counts, for example ``1 / sigma**2``, or None: all alike.
        validation_weights: The same for the validation side.
        start: A fitted model of the same algorithm to go on from (transfer learning), or None.
        unlabelled: Inputs of another domain without targets, to be aligned with, or None.
    """

    inputs: Inputs
    targets: Labels | Floats | None
    validation_inputs: Inputs
    validation_targets: Labels | Floats | None
    n_classes: int = 0
    seed: int = 0
    curves: Mapping[str, Grid] = field(default_factory=dict)
    task: Task = "classification"
    weights: Floats | None = None
    validation_weights: Floats | None = None
    start: Fitted | None = None
    unlabelled: Inputs | None = None

    @property
    def labels(self) -> Labels:
        """Class numbers, shape ``(n,)``; only for classification."""
        return cast(Labels, self.targets)

    @property
    def validation_labels(self) -> Labels:
        """Class numbers of the validation side."""
        return cast(Labels, self.validation_targets)

    @property
    def values(self) -> Floats:
        """Values to predict, always of shape ``(n, k)``; only for regression."""
        return _table(self.targets)

    @property
    def validation_values(self) -> Floats:
        """Values of the validation side, shape ``(n, k)``."""
        return _table(self.validation_targets)


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
        fit: ``fit(training, **settings)`` gives what the task asks for. Called through
            :meth:`train`, it may rely on what :func:`training.models._checks.refuse` promises.
        load: Reads back what ``save`` wrote; executes nothing from the folder and raises
            ModelRefused on anything it did not write.
        source: Publication.
        tasks: Tasks it can be fitted for.
        missing: Whether it takes members that lack a block (a row of NaN, an empty span).
        ragged: Whether it takes :class:`Ragged` inputs.
        maps: Whether it takes 2-D maps, blocks of shape ``(n, height, width)``.
        transfers: Whether it can go on from a fitted parent (``Training.start``).
        weighted: Whether it heeds ``Training.weights``.
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
    tasks: frozenset[Task] = ONE
    missing: bool = False
    ragged: bool = False
    maps: bool = False
    transfers: bool = False
    weighted: bool = False

    def train(self, training: Training, **settings: Any) -> Fitted:
        """Fit after checking that the data can be learnt from; defaults fill in settings.

        Raises:
            BadInput: For data no model could learn from, or rows that lack a block.
            Unsupported: For a task or kind of input that this algorithm does not handle.
            WrongUse: For a setting it does not have, or a wrong number of inputs.
        """
        from training.models._checks import complete_settings, refuse

        refuse(self, training)
        return self.fit(training, **complete_settings(self, settings))


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """All models by name."""
    return discover("MODEL", sys.modules[__name__])


def _table(targets: Labels | Floats | None) -> Floats:
    values = np.asarray(targets, dtype=np.float64)
    return values.reshape(len(values), -1)
