"""Inputs of models: float32 blocks and ragged tables, one entry per member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput, Unsupported

Block = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ragged:
    """Tables of different length per member, such as the edges of a crystal graph.

    Attributes:
        values: All rows of all members, one after the other, shape ``(total, width)``, float32.
        offsets: Member ``i`` has the rows ``offsets[i]`` to ``offsets[i + 1]``; shape ``(n + 1,)``.
            A member that lacks the table has none.
    """

    values: Block
    offsets: Labels

    def __post_init__(self) -> None:
        steps = np.diff(self.offsets)
        bounds = (int(self.offsets[0]), int(self.offsets[-1])) if len(self.offsets) else None
        if self.values.ndim != 2 or bounds != (0, len(self.values)) or (steps < 0).any():
            raise BadInput(
                "ragged table",
                f"values (total, width) and offsets that ascend from 0 to {len(self.values)}",
                f"values of shape {self.values.shape}, offsets from and to {bounds}",
            )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> Labels:
        """Rows of each member, shape ``(n,)``."""
        return np.diff(self.offsets)

    def take(self, rows: Labels) -> Ragged:
        """The tables of some members, in the order asked for; shape of ``rows``: ``(m,)``."""
        counts = self.counts[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        # place of each row within its own member, moved to where that member begins here
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        return Ragged(self.values[np.repeat(self.offsets[rows], counts) + within], offsets)


Inputs = dict[str, Block | Ragged]


def take(inputs: Mapping[str, Block | Ragged], rows: Labels) -> Inputs:
    """Some members of every input."""
    return {n: v.take(rows) if isinstance(v, Ragged) else v[rows] for n, v in inputs.items()}


def length(inputs: Mapping[str, Block | Ragged]) -> int:
    """Number of members.

    Raises:
        BadInput: When inputs differ in it, or there are none.
    """
    sizes = {name: len(value) for name, value in inputs.items()}
    if len(set(sizes.values())) != 1:
        raise BadInput("inputs", "one or more of one length", str(sizes))
    return next(iter(sizes.values()))


def lacking(value: Block | Ragged) -> npt.NDArray[np.bool_]:
    """Which members lack an input: a NaN in their row or no row at all, shape ``(n,)``."""
    if isinstance(value, Ragged):
        return np.asarray(value.counts == 0)
    return np.asarray(np.isnan(value.reshape(len(value), -1)).any(axis=1))


def refuse_lacking(inputs: Mapping[str, Block | Ragged], where: str) -> None:
    """Insist that nobody lacks an input.

    Raises:
        BadInput: Naming the first block with gaps and how many rows lack it.
    """
    for name, value in inputs.items():
        gaps = int(lacking(value).sum())
        if gaps:
            found = f"{gaps} of {len(value)} rows without"
            raise BadInput(f"{where}: input {name!r}", "a value in every row", found)


def dense(inputs: Mapping[str, Block | Ragged], where: str = "inputs") -> dict[str, Block]:
    """Inputs that are all blocks of rows.

    Raises:
        Unsupported: Naming the first that is ragged or a map.
    """
    found: dict[str, Block] = {}
    for name, value in inputs.items():
        if isinstance(value, Ragged) or value.ndim != 2:
            kind = "a ragged table" if isinstance(value, Ragged) else f"shape {value.shape}"
            raise Unsupported(f"{where}: input {name!r}", "a block of shape (n, width)", kind)
        found[name] = value
    return found
