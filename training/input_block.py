"""Values of one input of many members, and where each was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from registry.records import Floats
from training.models import Block, Ragged, take


@dataclass(frozen=True)
class InputBlock:
    """Values of one input.

    Attributes:
        entities: Members that have it, shape ``(n,)``.
        values: Their vectors, shape ``(n, width)``, or tables.
        ids: Spectrum or view id each was read from.
        refused: Reason by member, for those whose row cannot be used.
        is_curve: Whether it is of curves.
        errors: Of curves, what resampling lost of each (:func:`training.blocks.resampling_error`).
    """

    entities: list[str]
    values: Block | Ragged
    ids: list[str]
    refused: dict[str, str]
    is_curve: bool = False
    errors: Floats = field(default_factory=lambda: np.zeros(0))

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row of each member that has it."""
        return {entity: i for i, entity in enumerate(self.entities)}

    def of(self, entities: Sequence[str]) -> Block | Ragged:
        """Values of some members; a row of NaN, or an empty table, for each that lacks them."""
        own = self.rows
        row = np.array([own.get(entity, -1) for entity in entities], dtype=np.int64)
        if isinstance(self.values, Ragged):
            return _spread(self.values.take(row[row >= 0]), row >= 0)
        values = np.full((len(row), self.values.shape[1]), np.nan, dtype=np.float32)
        values[row >= 0] = self.values[row[row >= 0]]
        return values

    def of_owners(self, owner: Mapping[str, str]) -> InputBlock:
        """The same under the names of who each curve is of; each has one at most."""
        order = sorted(range(len(self.entities)), key=lambda i: owner[self.entities[i]])
        rows = np.array(order, dtype=np.int64)
        names = [owner[self.entities[i]] for i in order]
        return replace(
            self,
            entities=names,
            values=take({"values": self.values}, rows)["values"],
            ids=[self.ids[i] for i in order],
            refused={owner[name]: reason for name, reason in self.refused.items()},
            errors=self.errors[rows],
        )


def _spread(table: Ragged, there: npt.NDArray[np.bool_]) -> Ragged:
    """The same tables at the places that have one, empty ones between them."""
    counts = np.zeros(len(there), dtype=np.int64)
    counts[there] = table.counts
    return Ragged(table.values, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
