"""Batches of tensors from mapped files: in this process, or in workers with pinned memory.

The order is that of :class:`training.models._batches.Batches`: the same seed gives the same
batches, from files or from memory, in one process or in several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from registry.errors import WrongUse
from training.models import Labels, Ragged
from training.models._batches import Table, epoch_seed
from training.reading import Reading
from training.reading.cache import Mapped


class Members(NamedTuple):
    """A batch of members.

    Attributes:
        rows: Their rows in the reading, shape ``(b,)``.
        inputs: Values by name: ``(b, width)`` with rows of NaN for who lacks the input, or a
            :class:`Table` of all rows and how many are whose.
        present: Who has the input, by name, shape ``(b,)``.
        targets: Class numbers (int64) or values (float32), shape ``(b,)``; None when unsupervised.
    """

    rows: Tensor
    inputs: dict[str, Tensor | Table]
    present: dict[str, Tensor]
    targets: Tensor | None


def batches(
    reading: Reading,
    inputs: Sequence[str],
    batch: int,
    seed: int = 0,
    shuffle: bool = True,
    side: str = "train",
) -> Iterator[Members]:
    """One pass over a side in batches of nearly one size; who is left over is spread over them.

    Args:
        reading: The dataset.
        inputs: Names of the inputs.
        batch: Most members in a batch.
        seed: The same seed gives the same order; another one for each epoch.
        shuffle: Members in random order, or as they lie.
        side: train, validation or test.

    Raises:
        NotFound: When there is no such side or input.
        WrongUse: When a batch holds nobody.
    """
    pieces = _pieces(reading, inputs, batch, seed, shuffle, side)
    return map(_Taker(reading, inputs), pieces)


def padded(table: Table) -> tuple[Tensor, Tensor]:
    """A ragged table as one block.

    Returns:
        Values ``(b, longest, width)`` with zeros behind the rows of each member, and which rows
        are there, ``(b, longest)``.
    """
    longest = int(table.counts.max()) if len(table.counts) else 0
    there = torch.arange(longest) < table.counts[:, None]
    block = table.values.new_zeros(len(table.counts), longest, table.values.shape[1])
    block[there] = table.values
    return block, there


class MemberDataset(Dataset[Members]):
    """One side for samplers of one's own: ``dataset[i]`` is a batch of one member.

    A ``DataLoader`` asks for the members of a batch at once; give it ``collate_fn=as_it_is``.
    """

    def __init__(self, reading: Reading, inputs: Sequence[str], side: str = "train") -> None:
        self._rows = reading.rows(side, inputs)
        self._taker = _Taker(reading, inputs)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Members:
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Members:
        """All members of a batch."""
        return self._taker(self._rows[np.asarray(indices)])


class MemberBatches(IterableDataset[Members]):
    """Batches of one side, another order for each epoch.

    In workers each takes every so-manieth batch, so that a ``DataLoader``, which asks them in
    turn, gives the batches of a single process in the same order.
    """

    def __init__(
        self,
        reading: Reading,
        inputs: Sequence[str],
        batch: int,
        seed: int = 0,
        shuffle: bool = True,
        side: str = "train",
    ) -> None:
        self._asked = (reading, tuple(inputs), batch)
        self._seed, self._shuffle, self._side = seed, shuffle, side
        # shared, so that workers that go on living hear of a new epoch
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]
        self._length = len(_pieces(*self._asked, seed, False, side))

    def __len__(self) -> int:
        return self._length

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass; the first epoch is 0."""
        self._epoch.fill_(epoch)

    def __iter__(self) -> Iterator[Members]:
        seed = epoch_seed(self._seed, int(self._epoch))
        pieces = _pieces(*self._asked, seed, self._shuffle, self._side)
        worker = get_worker_info()
        mine = pieces if worker is None else pieces[worker.id :: worker.num_workers]
        return map(_Taker(*self._asked[:2]), mine)


def loader(
    dataset: MemberBatches, workers: int = 0, pin: bool | None = None
) -> DataLoader[Members]:
    """A ``DataLoader`` over ready batches.

    Args:
        dataset: The batches.
        workers: Processes that read ahead; they are started by forkserver, as delta-rs and CUDA
            do not survive a fork.
        pin: Pinned memory, from which copies to an accelerator run beside its work; by default
            where there is a CUDA device.
    """
    more: dict[str, Any] = {}
    if workers:
        more = {"multiprocessing_context": "forkserver", "persistent_workers": True}
    pinned = torch.cuda.is_available() if pin is None else pin
    return DataLoader(dataset, batch_size=None, num_workers=workers, pin_memory=pinned, **more)


def as_it_is(batch: Members) -> Members:
    """A batch that is one already: the ``collate_fn`` for :class:`MemberDataset`."""
    return batch


def _pieces(
    reading: Reading, inputs: Sequence[str], batch: int, seed: int, shuffle: bool, side: str
) -> list[Labels]:
    """Rows of each batch."""
    if batch < 1:
        raise WrongUse("batch", "1 or more members", str(batch))
    rows = reading.rows(side, inputs)
    if not len(rows):
        return []
    order = np.random.default_rng(seed).permutation(len(rows)) if shuffle else np.arange(len(rows))
    return np.array_split(rows[order], len(range(0, len(rows), batch)))


class _Taker:
    """Takes members out of the files."""

    def __init__(self, reading: Reading, inputs: Sequence[str]) -> None:
        self._inputs = {name: reading.inputs[name] for name in inputs}
        self._values = {
            name: torch.from_numpy(mapped.values)
            for name, mapped in self._inputs.items()
            if not isinstance(mapped.values, Ragged)
        }
        self._present = {n: torch.from_numpy(m.present) for n, m in self._inputs.items()}
        self._targets = None if reading.targets is None else torch.from_numpy(reading.targets)
        if self._targets is not None and self._targets.is_floating_point():
            self._targets = self._targets.float()

    def __call__(self, rows: Labels) -> Members:
        index = torch.from_numpy(rows)
        return Members(
            index,
            {name: self._taken(name, mapped, index) for name, mapped in self._inputs.items()},
            {n: there.index_select(0, index) for n, there in self._present.items()},
            None if self._targets is None else self._targets.index_select(0, index),
        )

    def _taken(self, name: str, mapped: Mapped, index: Tensor) -> Tensor | Table:
        if not isinstance(mapped.values, Ragged):
            # the same rows as values[index], in less time (benchmarks/RESULTS.md)
            return self._values[name].index_select(0, index)
        some = mapped.values.take(index.numpy())
        return Table(torch.from_numpy(some.values), torch.from_numpy(some.counts))
