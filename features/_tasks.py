"""How rows are cut into tasks: by time, as it turns out how fast a descriptor is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

TASK_SECONDS = 0.5
TASK_BYTES = 32 * 2**20
FIRST_ROWS = 8
"""Tasks take about that long and give at most so much; how fast a descriptor is, the first tell."""
LEAST = 16
"""Towards the end tasks become smaller, down to one of so many parts."""


class Pace:
    """How many entities the next task has.

    Args:
        total: Entities to describe.
        workers: Processes, which shall all end together.
        batch: Entities of every task, if that is fixed.
    """

    def __init__(self, total: int, workers: int, batch: int | None) -> None:
        self._left = total
        self._shares = 1 if workers <= 1 else 2 * workers
        self._fixed = batch
        self._rows = FIRST_ROWS

    def next(self) -> int:
        """Size of the next task."""
        share = max(-(-self._left // self._shares), self._rows // LEAST)
        rows = self._fixed or max(1, min(self._rows, share))
        self._left -= rows
        return rows

    def learn(self, described: pa.Table) -> None:
        """See how long a task took, and how large its result is."""
        seconds = described["seconds"][0].as_py() * described.num_rows
        share = max(seconds / TASK_SECONDS, described.nbytes / TASK_BYTES)
        self._rows = max(1, int(described.num_rows / share))


def tasks(groups: Iterator[pa.Table], pace: Pace) -> Iterator[pa.Table]:
    """Cut rows that come in groups of any size into tasks."""
    size = pace.next()
    rows: pa.Table | None = None
    for group in groups:
        rows = pa.concat_tables([rows, group]) if rows else group
        while rows.num_rows >= size:
            yield _alone(rows.slice(0, size))
            rows = rows.slice(size)
            size = pace.next()
    if rows:
        yield _alone(rows)


def _alone(rows: pa.Table) -> pa.Table:
    """A copy: on its way to another process a slice takes along all that it was cut from."""
    return rows.filter(pa.array(np.ones(rows.num_rows, dtype=bool)))
