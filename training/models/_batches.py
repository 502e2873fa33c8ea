"""Inputs as tensors, in batches. Imported only when a network is fitted or asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from training.models import Inputs, Labels, Ragged
from training.models._augment import Augment

PIECE = 16_384
"""Members looked at together where all are looked at once."""


class Table(NamedTuple):
    """A ragged table as tensors: ``values (total, width)``, rows of each member ``counts (n,)``."""

    values: Tensor
    counts: Tensor


Tensors = dict[str, "Tensor | Table"]


class Batch(NamedTuple):
    """Members to learn from; ``unlabelled`` are members of another domain, or nothing."""

    inputs: Tensors
    targets: Tensor | None
    weights: Tensor
    unlabelled: Tensors


class Side(NamedTuple):
    """All members of one side: what they are, what they should give, how much they count."""

    inputs: Inputs
    targets: Tensor | None
    weights: Tensor


def tensors(inputs: Inputs, device: torch.device | str = "cpu") -> Tensors:
    """Inputs as tensors on a device."""
    found: Tensors = {}
    for name, value in inputs.items():
        if isinstance(value, Ragged):
            counts = torch.from_numpy(np.ascontiguousarray(value.counts))
            found[name] = Table(_tensor(value.values).to(device), counts.to(device))
        else:
            found[name] = _tensor(value).to(device)
    return found


def pieces_of(inputs: Tensors) -> Iterator[Tensors]:
    """Blocks cut into pieces of :data:`PIECE` members, each a view."""
    blocks = {name: value for name, value in inputs.items() if not isinstance(value, Table)}
    n = len(next(iter(blocks.values())))
    for first in range(0, n, PIECE):
        yield {name: block[first : first + PIECE] for name, block in blocks.items()}


def moved(batch: Batch, device: torch.device) -> Batch:
    """A batch on a device; itself on the CPU."""
    if device.type == "cpu":
        return batch
    targets = None if batch.targets is None else batch.targets.to(device)
    return Batch(
        _moved(batch.inputs, device),
        targets,
        batch.weights.to(device),
        _moved(batch.unlabelled, device),
    )


def _moved(inputs: Tensors, device: torch.device) -> Tensors:
    return {
        n: Table(*(part.to(device) for part in v)) if isinstance(v, Table) else v.to(device)
        for n, v in inputs.items()
    }


def epoch_seed(seed: int, epoch: int) -> int:
    """Seed of one epoch: a fit that is resumed draws what it would have drawn."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)


class Batches:
    """Members in batches of nearly one size; ``epoch`` shuffles and varies them anew.

    Inputs are small enough to be held, so slicing tensors replaces a DataLoader's workers.
    """

    def __init__(
        self,
        side: Side,
        size: int,
        augment: Mapping[str, Augment] | None = None,
        unlabelled: Inputs | None = None,
    ) -> None:
        self.side = side
        self.size = size
        self.augment = augment or {}
        self.blocks = _blocks(side.inputs)
        self.others = unlabelled or {}

    def __len__(self) -> int:
        return len(range(0, len(self.side.weights), self.size))

    def in_order(self) -> Iterator[Batch]:
        """As they are."""
        return self._cut(np.arange(len(self.side.weights)), Generator(), {})

    def epoch(self, seed: int) -> Iterator[Batch]:
        """Shuffled and varied."""
        order = np.random.default_rng(seed).permutation(len(self.side.weights))
        return self._cut(order, Generator().manual_seed(seed), self.augment)

    def _cut(
        self, order: Labels, generator: Generator, augment: Mapping[str, Augment]
    ) -> Iterator[Batch]:
        # even pieces: a last batch of a single row would have no statistics of its own
        for piece in np.array_split(order, len(self)):
            rows = torch.from_numpy(piece)
            inputs = {n: self._taken(n, rows) for n in self.side.inputs if n not in augment}
            for name, vary in augment.items():
                inputs[name] = vary(self.blocks[name].index_select(0, rows), generator)
            targets = None if self.side.targets is None else self.side.targets[rows]
            yield Batch(inputs, targets, self.side.weights[rows], self._another(piece, generator))

    def _taken(self, name: str, rows: Tensor) -> Tensor | Table:
        value = self.side.inputs[name]
        if isinstance(value, Ragged):
            return tensors({name: value.take(rows.numpy())})[name]
        # twice as quick as indexing
        return self.blocks[name].index_select(0, rows)

    def _another(self, like: Labels, generator: Generator) -> Tensors:
        if not self.others:
            return {}
        n = len(next(iter(self.others.values())))
        rows = torch.randint(n, (len(like),), generator=generator).numpy()
        return tensors(
            {k: v.take(rows) if isinstance(v, Ragged) else v[rows] for k, v in self.others.items()}
        )


def _blocks(inputs: Inputs) -> dict[str, Tensor]:
    return {n: _tensor(v) for n, v in inputs.items() if not isinstance(v, Ragged)}


def _tensor(block: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(block, dtype=np.float32))
