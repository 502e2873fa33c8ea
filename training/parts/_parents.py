"""A registered network as a parent: whether it fits a dataset, and how it goes on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from registry.errors import BadInput, Unsupported, WrongUse
from training.cards import Card, insist_on_code
from training.datasets import Dataset
from training.definitions import DatasetDefinition, Input, SpectrumInput
from training.loading import LoadedModel
from training.models import models, take
from training.parts._adapting import ALIGNS, CHILD, GRADUAL, Schooling, picked

USUAL: dict[str, Any] = {
    "freeze": [],
    "unfreeze_every": 0,
    "rate_decay": 1.0,
    "align": "none",
    "search": 0,
}
"""Settings that a parent does not hand on: how it was itself brought over, or searched for."""
HEAD = "head"


def refuse_misfit(card: Card, definition: DatasetDefinition, where: str) -> None:
    """Insist that a model can be gone on from with a dataset.

    Raises:
        Unsupported: When it is no network that transfers, or tells no classes.
        OtherCode: When other code than the installed one trained it.
        BadInput: When the dataset has another task, or an input the model reads is not there, of
            another technique or descriptor, or on another grid.
    """
    able = [name for name, model in models().items() if model.transfers]
    if card.algorithm not in able:
        expected = f"a network that can be gone on from ({', '.join(able)})"
        raise Unsupported(where, expected, card.algorithm)
    if card.task != "classification":
        raise Unsupported(where, "a parent that tells classes", card.task)
    insist_on_code(card)
    if definition.task != card.task:
        raise BadInput(where, card.task, definition.task)
    there = {source.name: _read(source) for source in definition.inputs}
    for source in card.inputs:
        found = there.get(source.name, f"only {', '.join(there)}")
        if found != _read(source):
            raise BadInput(f"{where}: input {source.name!r}", _read(source), found)


def refuse_other_classes(card: Card, dataset: Dataset, where: str) -> None:
    """Insist that a dataset has the classes of a model, in its order.

    Raises:
        BadInput: Naming both.
    """
    if dataset.class_names != card.class_names:
        expected = f"the classes of the parent: {', '.join(card.class_names)}"
        raise BadInput(where, expected, ", ".join(dataset.class_names))


def with_few(dataset: Dataset, size: int | None, seed: int) -> Dataset:
    """A dataset as a child sees it: of its training side only what is learnt from.

    Args:
        dataset: The dataset.
        size: How many, drawn class by class; all when it is None.
        seed: Of the draw.

    Raises:
        BadInput: When there are fewer.
        WrongUse: For a size below 2.
    """
    if size is None:
        return dataset
    if size < 2:
        raise WrongUse("size", "2 or more", str(size))
    train = dataset.rows("train")
    stay = train[picked(dataset.labels[train], size, seed)]
    rows = np.sort(np.concatenate([stay, dataset.rows("validation"), dataset.rows("test")]))
    return replace(
        dataset,
        members=tuple(dataset.members[row] for row in rows),
        blocks=take(dataset.blocks, rows),
        measured=dataset.measured and dataset.measured.only(rows),
    )


def schooling_of(parent: LoadedModel, chosen: Mapping[str, Any]) -> Schooling:
    """How a registered network goes on: as it learnt, but for what the ways add.

    Feature extraction leaves everything but the head as it is.

    Args:
        parent: The network.
        chosen: Settings of the child, before all others.
    """
    from training.models._saving import NetworkModel

    fitted = parent.fitted
    assert isinstance(fitted, NetworkModel)  # whatever transfers is one
    usual = {name: value for name, value in USUAL.items() if name in parent.card.settings}
    # a search may have found other options than the card was asked for
    own = {**parent.card.settings, **fitted.plan.options, **usual}
    parts = {name.split(".")[0] for name, _ in fitted.network.named_parameters()}
    return Schooling(
        model=parent.card.algorithm,
        inputs=tuple(source.name for source in parent.card.inputs),
        parent=own,
        child={**own, **CHILD, **chosen},
        frozen={"freeze": [f"{part}." for part in sorted(parts - {HEAD})], **chosen},
        gradual={**GRADUAL, **chosen},
        aligned={**own, **chosen},
        aligns={kind: {**added, **chosen} for kind, added in ALIGNS.items()},
    )


def _read(source: Input) -> str:
    """What a model gets to see of an input, whoever measured or simulated it."""
    if isinstance(source, SpectrumInput):
        low, high, points = source.grid
        return f"{source.technique} on the grid {low:g} to {high:g}, {points} points"
    told = ", ".join(f"{key} {value}" for key, value in sorted(source.parameters.items()))
    return f"{source.view} ({told or 'no parameters'})"
