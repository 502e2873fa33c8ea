"""What must hold before anything is fitted; said with the name of the model and of the block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from registry.errors import BadInput, Unsupported, WrongUse
from registry.records import Floats
from training.models import Model, Training
from training.models._inputs import Inputs, Labels, Ragged, length, refuse_lacking


def complete_settings(model: Model, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a model with its defaults.

    Raises:
        WrongUse: For a setting that the model does not have.
    """
    strange = sorted(set(chosen) - set(model.settings))
    if strange:
        known = ", ".join(model.settings) or "no settings"
        raise WrongUse(f"model {model.name}: setting", f"one of {known}", ", ".join(strange))
    return {**model.settings, **chosen}


def refuse(model: Model, training: Training) -> None:
    """Refuse what a model cannot learn from.

    Afterwards: both sides have members, all inputs as many as there are targets; class numbers
    lie in ``0..n_classes - 1`` and two or more occur; values and weights are finite; only what
    the model takes is ragged, a map, lacking, or a parent.

    Raises:
        BadInput: For data that no model could learn from, or rows that lack a block.
        Unsupported: For a task or kind of input that this algorithm does not handle.
        WrongUse: For a wrong number of inputs.
    """
    where = f"model {model.name}"
    if training.task not in model.tasks:
        able = ", ".join(sorted(model.tasks))
        raise Unsupported(where, f"one of the tasks {able}", training.task)
    if training.start is not None and not model.transfers:
        raise Unsupported(where, "no parent: it cannot go on from one", "one")
    if training.weights is not None and not model.weighted:
        raise Unsupported(where, "no weights: it counts all members alike", "weights")
    sides = (
        ("training", training.inputs, training.targets, training.weights),
        (
            "validation",
            training.validation_inputs,
            training.validation_targets,
            training.validation_weights,
        ),
    )
    for side, inputs, targets, weights in sides:
        at = f"{where}: {side} side"
        _refuse_inputs(model, inputs, at)
        _refuse_targets(training, length(inputs), targets, at)
        _refuse_weights(length(inputs), weights, at)
    if training.task == "classification" and len(np.unique(training.labels)) < 2:
        raise BadInput(f"{where}: training side", "two or more classes", "one")


def _refuse_inputs(model: Model, inputs: Inputs, where: str) -> None:
    if not model.min_inputs <= len(inputs) <= model.max_inputs:
        expected = f"{model.min_inputs} to {model.max_inputs} inputs"
        raise WrongUse(where, expected, ", ".join(inputs) or "none")
    if length(inputs) == 0:
        raise BadInput(where, "at least one member", "none")
    for name, value in inputs.items():
        at = f"{where}: input {name!r}"
        if isinstance(value, Ragged):
            if not model.ragged:
                raise Unsupported(at, "a block, one row per member", "a ragged table")
        elif value.ndim not in ((2, 3) if model.maps else (2,)):
            raise Unsupported(at, "a block of shape (n, width)", f"shape {value.shape}")
        elif np.isinf(value).any():
            raise BadInput(at, "finite values (NaN where there is none)", "infinite ones")
    if not model.missing:
        refuse_lacking(inputs, where)


def _refuse_targets(
    training: Training, n: int, targets: Labels | Floats | None, where: str
) -> None:
    if training.task == "unsupervised":
        if targets is not None:
            raise BadInput(where, "no targets: the task is unsupervised", f"{len(targets)}")
        return
    if targets is None or len(targets) != n:
        found = "none" if targets is None else str(len(targets))
        raise BadInput(where, f"{n} targets, one per member", found)
    if training.task == "regression":
        wrong = int((~np.isfinite(targets)).sum())
        if wrong:
            raise BadInput(where, "finite targets", f"{wrong} of {np.size(targets)} that are not")
    elif targets.dtype.kind != "i" or targets.min() < 0 or targets.max() >= training.n_classes:
        expected = f"class numbers 0 to {training.n_classes - 1}"
        raise BadInput(where, expected, f"{targets.dtype} from {targets.min()} to {targets.max()}")


def _refuse_weights(n: int, weights: Floats | None, where: str) -> None:
    if weights is None:
        return
    # comparing NaN with 0 gives False: it is refused as well
    if weights.shape != (n,) or not ((weights >= 0) & np.isfinite(weights)).all():
        raise BadInput(
            f"{where}: weights", f"{n} finite ones, 0 or more", f"shape {weights.shape} or others"
        )
    if not weights.sum() > 0:
        raise BadInput(f"{where}: weights", "one above 0", "none")
