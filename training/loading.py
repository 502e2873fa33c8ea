"""Loading a registered model: digests verified, nothing executed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.lake import Lake
from registry.vocabulary import Kind
from training.blocks import read_block
from training.cards import Card, open_model
from training.definitions import Entity, FeatureInput
from training.lookup import CHAMPION, one_model
from training.models import Fitted, Inputs
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
        return LoadedModel(row, *open_model(folder, row["artifact_digest"]))


def read_inputs(
    lake: Lake,
    card: Card,
    entities: Sequence[str],
    at: dict[str, int] | None = None,
    kind: Kind | None = None,
    entity: Entity = "material",
) -> tuple[list[str], Inputs]:
    """Blocks a model needs, for those members that have them.

    Inputs that may be masked are a row of NaN, or an empty table, where a member lacks them; a
    member needs all others, and one at least.

    Args:
        lake: The lake.
        card: What the model reads.
        entities: Ids of the members.
        at: Snapshot, the newest by default.
        kind: Kind of the curves; the one that each input reads by default.
        entity: What the members are.

    Returns:
        Their ids, sorted, and the blocks with one entry each.
    """
    found = {i.name: read_block(lake, i, entities, at, kind, entity) for i in card.inputs}
    present = {name: set(block.entities) for name, block in found.items()}
    needed = [present[i.name] for i in card.inputs if i.missing != "mask"]
    able = sorted(set().union(*present.values()).intersection(*needed))
    return able, {name: block.of(able) for name, block in found.items()}


def reads_curves(card: Card) -> bool:
    """Whether a model reads a spectrum at all, and so can be judged on measured ones."""
    return any(not isinstance(i, FeatureInput) for i in card.inputs)
