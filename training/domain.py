"""Whether a curve resembles anything a model was trained on.

The similarity is the cosine between resampled blocks. A member counts as known when its most
similar training member is at least as similar as that of all but the oddest 1 % of the training
members themselves, each compared with the members of other groups only: a second determination of
the same mineral would make every mineral look known. Members that lack the input are left out of
the threshold, and resemble nothing when they are asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.models import Block, Ragged, lacking

ODDEST = 1.0
"""Percent of the training members that are taken as outside."""
CHUNK = 2048
VALUES = 1 << 22
"""Similarities computed at once: bounds the memory."""


class Known:
    """Rows that others are compared with, scaled to unit length once.

    Args:
        block: Shape ``(m, width)``.
    """

    def __init__(self, block: Block) -> None:
        self._unit = _unit(block)

    def similarity(self, block: Block) -> Block:
        """Cosine of each row with each of these, shape ``(n, m)``.

        A row of zeros, or of NaN, resembles nothing.
        """
        return np.asarray(_unit(block) @ self._unit.T)

    def pieces(self, block: Block) -> Iterator[tuple[slice, Block]]:
        """Some rows at a time, which they are and their similarities, until the next are asked."""
        at_once = max(1, VALUES // len(self._unit))
        # one piece of memory: to be given another each time costs as much as a third of the sums
        held = np.empty((min(at_once, len(block)), len(self._unit)), self._unit.dtype)
        for first in range(0, len(block), at_once):
            rows = slice(first, first + at_once)
            unit = _unit(block[rows])
            yield rows, np.matmul(unit, self._unit.T, out=held[: len(unit)])

    def nearest(self, block: Block) -> Floats:
        """Similarity of each row to the one that is most like it, shape ``(n,)``."""
        found = np.empty(len(block))
        for rows, like in self.pieces(block):
            found[rows] = like.max(axis=1)
        return found


def comparable(values: Block | Ragged) -> Block:
    """One row per member of any input: of a table, mean and standard deviation of each column.

    Returns:
        Shape ``(n, width)``, or ``(n, 2 width)`` for tables; a row of NaN where one is empty.
    """
    if not isinstance(values, Ragged):
        return values
    counts = values.counts[:, None]
    found = np.full((len(values), 2, values.values.shape[1]), np.nan)
    have = counts[:, 0] > 0
    # of an empty table reduceat would give the row after it
    starts = values.offsets[:-1][have]
    if have.any():
        first, second = (
            np.add.reduceat(values.values.astype(np.float64) ** power, starts) / counts[have]
            for power in (1, 2)
        )
        found[have] = np.stack([first, np.sqrt(np.maximum(second - first**2, 0))], axis=1)
    return found.reshape(len(values), -1).astype(np.float32)


def similarity(one: Block, other: Block) -> Floats:
    """Cosine between rows, shape ``(len(one), len(other))``; see :class:`Known`."""
    return np.asarray(Known(other).similarity(one), dtype=np.float64)


def domain_threshold(block: Block, groups: Sequence[str]) -> float:
    """Similarity below which a member is outside the domain of a training block.

    Args:
        block: Training rows, shape ``(n, width)``; rows of NaN are left out.
        groups: Group of each row.

    Raises:
        BadInput: When fewer than two groups have such a row.
    """
    have = ~lacking(block)
    block = block[have]
    names, group = np.unique(np.asarray(groups)[have], return_inverse=True)
    if len(names) < 2:
        raise BadInput("domain", "training members of two groups or more", str(len(names)))
    nearest = np.empty(len(block))
    for rows, like in Known(block).pieces(block):
        like[group[rows, None] == group[None, :]] = -np.inf
        nearest[rows] = like.max(axis=1)
    return float(np.percentile(nearest, ODDEST))


def _unit(block: Block) -> Block:
    length = np.linalg.norm(block, axis=1, keepdims=True)
    # comparing NaN with 0 gives False: such a row becomes one of zeros
    unit: Block = np.divide(block, length, out=np.zeros_like(block), where=length > 0)
    return unit
