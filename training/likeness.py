"""What a model was trained on, to compare with: which training members are most like an input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.errors import BadInput
from registry.lake import Lake
from registry.records import Floats
from training.blocks import read_block
from training.cards import Card
from training.definitions import reference_input
from training.domain import comparable, similarity
from training.models import Block, Inputs
from training.stored import stored_dataset

MEMBERS_SQL = """
SELECT entity_id, t.name, label FROM dataset_members
LEFT JOIN (SELECT material_id, name FROM materials) t ON t.material_id = entity_id
WHERE manifest = $1 AND split = 'train' ORDER BY entity_id
"""
AT_ONCE = 1024
"""Inputs compared at once: bounds the memory."""


@dataclass(frozen=True)
class Neighbour:
    """A training member like the input: id, mineral name, label and cosine similarity."""

    entity_id: str
    name: str | None
    label: str | None
    similarity: float


@dataclass(frozen=True)
class Likeness:
    """How like what a model was trained on an input is: the greatest similarity, and to whom."""

    similarity: float
    neighbours: tuple[Neighbour, ...]


class TrainingSide:
    """Training members of a model in the input by which members are compared.

    Args:
        lake: The lake.
        card: Card of the model.

    Raises:
        BadInput: When the lake has none of them any more.
    """

    def __init__(self, lake: Lake, card: Card) -> None:
        self.reference = reference_input(card.inputs)
        rows = lake.sql(MEMBERS_SQL, [card.manifest]).to_pylist()
        entity = stored_dataset(lake, card.manifest).definition.entity
        found = read_block(lake, self.reference, [r["entity_id"] for r in rows], entity=entity)
        if not found.entities:
            where = f"{card.study} ({card.algorithm})"
            raise BadInput(where, "its training members in the lake", "none")
        told = {r["entity_id"]: r for r in rows}
        self._members = [told[entity] for entity in found.entities]
        self._block = comparable(found.values)

    def likeness(self, inputs: Inputs, n: int) -> list[Likeness]:
        """Likeness of each member of some inputs, with its ``n`` most similar training members."""
        block = comparable(inputs[self.reference.name])
        return [
            one
            for first in range(0, len(block), AT_ONCE)
            for one in self._of(block[first : first + AT_ONCE], n)
        ]

    def _of(self, block: Block, n: int) -> list[Likeness]:
        like = similarity(block, self._block)
        most = like.max(axis=1)
        if n < 1:
            return [Likeness(float(one), ()) for one in most]
        near = (self._first(row, n) for row in like)
        return [Likeness(float(one), some) for one, some in zip(most, near, strict=True)]

    def _first(self, like: Floats, n: int) -> tuple[Neighbour, ...]:
        some = np.argpartition(-like, min(n, len(like)) - 1)[:n]
        order = some[np.argsort(-like[some], kind="stable")]
        return tuple(Neighbour(**self._members[i], similarity=float(like[i])) for i in order)
