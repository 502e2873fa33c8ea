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
from training.domain import comparable
from training.domain import similarity as cosine
from training.models import Inputs
from training.stored import stored_dataset

MEMBERS_SQL = """
SELECT entity_id, t.name, label FROM dataset_members
LEFT JOIN (SELECT material_id, name FROM materials) t ON t.material_id = entity_id
WHERE manifest = $1 AND split = 'train' ORDER BY entity_id
"""
VALUES = 1 << 22
"""Similarities computed at once: bounds the memory."""


@dataclass(frozen=True)
class Neighbour:
    """A training member like the input: id, mineral name, label and cosine similarity."""

    entity_id: str
    name: str | None
    label: str | None
    similarity: float


@dataclass(frozen=True)
class Likeness:
    """How like what a model was trained on some inputs are.

    Attributes:
        similarity: Of each to the training member that is most like it, shape ``(n,)``.
        neighbours: The training members most like each, most similar first; ``n`` of them.
    """

    similarity: Floats
    neighbours: list[tuple[Neighbour, ...]]


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

    def likeness(self, inputs: Inputs, n: int) -> Likeness:
        """Likeness of some inputs, with the ``n`` training members most similar to each."""
        block = comparable(inputs[self.reference.name])
        similarity = np.empty(len(block))
        neighbours: list[tuple[Neighbour, ...]] = []
        at_once = max(1, VALUES // len(self._block))
        for first in range(0, len(block), at_once):
            rows = slice(first, first + at_once)
            like = cosine(block[rows], self._block)
            similarity[rows] = like.max(axis=1)
            neighbours += self._first(like, n)
        return Likeness(similarity, neighbours)

    def _first(self, like: Floats, n: int) -> list[tuple[Neighbour, ...]]:
        if n < 1:
            return [()] * len(like)
        some = np.argpartition(-like, min(n, like.shape[1]) - 1, axis=1)[:, :n]
        near = np.take_along_axis(like, some, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        found = (np.take_along_axis(one, order, axis=1).tolist() for one in (some, near))
        return [
            tuple(Neighbour(**self._members[i], similarity=s) for i, s in zip(*row, strict=True))
            for row in zip(*found, strict=True)
        ]
