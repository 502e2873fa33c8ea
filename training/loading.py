"""Loading a registered model: digests verified, nothing executed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.lake import Lake
from registry.plugins import pick
from training.blocks import read_block
from training.cards import WEIGHTS, Card, read_card
from training.definitions import FeatureInput
from training.lookup import CHAMPION, one_model
from training.models import Fitted, Inputs, Model, models
from training.tracking import model_files


@dataclass(frozen=True)
class LoadedModel:
    """A model version: its row in the ``models`` table, its card and the classifier."""

    row: dict[str, Any]
    card: Card
    fitted: Fitted


def load_model(lake: Lake, name: str, which: int | str = CHAMPION) -> LoadedModel:
    """Load a registered model by name and version number or alias.

    Raises:
        NotFound: When there is no such model, version or alias.
        ModelRefused: When a file was altered, added or removed, or holds what it must not.
    """
    row = one_model(lake, name, which)
    with tempfile.TemporaryDirectory() as scratch:
        folder = model_files(lake, row["run_id"], scratch)
        card = read_card(folder, row["artifact_digest"])
        model: Model = pick(models(), "model", card.algorithm)
        return LoadedModel(row, card, model.load(folder / WEIGHTS))


def read_inputs(
    lake: Lake,
    card: Card,
    entities: Sequence[str],
    at: dict[str, int] | None = None,
    kind: str = "simulated",
) -> tuple[list[str], Inputs]:
    """Blocks a model needs, for those materials that have all of them.

    Returns:
        Their ids, sorted, and the blocks with one row each.
    """
    found = {i.name: read_block(lake, i, entities, at, kind) for i in card.inputs}
    common = sorted(set.intersection(*(set(block.entities) for block in found.values())))
    row = {n: {e: i for i, e in enumerate(block.entities)} for n, block in found.items()}
    return common, {
        name: block.values[np.array([row[name][e] for e in common], dtype=np.int64)]
        for name, block in found.items()
    }


def reads_curves(card: Card) -> bool:
    """Whether a model reads a spectrum at all, and so can be judged on measured ones."""
    return any(not isinstance(i, FeatureInput) for i in card.inputs)
