"""What a model was trained on, to compare with: which training members are most like an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput
from registry.lake import Lake
from registry.records import Floats
from training.blocks import read_block
from training.cards import Card
from training.definitions import reference_input
from training.domain import Known, comparable
from training.entities import names_of
from training.models import Block, Inputs
from training.stored import stored_dataset

MEMBERS_SQL = """
SELECT entity_id, label FROM dataset_members
WHERE manifest = $1 AND split = 'train' ORDER BY entity_id
"""


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
        outside: Whether that is less than a known member has, shape ``(n,)``.
        neighbours: The training members most like each, most similar first; none unless asked for.
    """

    similarity: Floats
    outside: npt.NDArray[np.bool_]
    neighbours: list[tuple[Neighbour, ...]] = field(default_factory=list)

    @classmethod
    def of(
        cls, similarity: Floats, card: Card, neighbours: Sequence[tuple[Neighbour, ...]] = ()
    ) -> Likeness:
        """Likeness by what the card of a model says of those it knows."""
        return cls(similarity, similarity < card.domain_threshold, list(neighbours))


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
        self._card = card
        rows = lake.sql(MEMBERS_SQL, [card.manifest]).to_pylist()
        entity = stored_dataset(lake, card.manifest).definition.entity
        ids = [row["entity_id"] for row in rows]
        found = read_block(lake, self.reference, ids, entity=entity)
        if not found.entities:
            where = f"{card.study} ({card.algorithm})"
            raise BadInput(where, "its training members in the lake", "none")
        names = names_of(lake, entity, ids)
        told = {r["entity_id"]: {**r, "name": names.get(r["entity_id"])} for r in rows}
        self._members = [told[entity] for entity in found.entities]
        self._known = Known(comparable(found.values))

    def likeness(self, inputs: Inputs, n: int) -> Likeness:
        """Likeness of some inputs, with the ``n`` training members most similar to each."""
        block = comparable(inputs[self.reference.name])
        similarity = np.empty(len(block))
        neighbours: list[tuple[Neighbour, ...]] = []
        for rows, like in self._known.pieces(block):
            similarity[rows] = like.max(axis=1)
            neighbours += self._first(like, n)
        return Likeness.of(similarity, self._card, neighbours)

    def _first(self, like: Block, n: int) -> list[tuple[Neighbour, ...]]:
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
