"""Stored rows in batches that fit into memory, whatever the size of their arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

ROWS = 20_000
"""Most rows of a batch; an interrupted run loses no more than one batch."""
POINTS = 40_000_000
"""Most points of a batch, but for a single row that has more."""
SIZE = "coalesce(list_product(shape), 0)"
"""Points of a row of ``spectra`` in SQL."""


def batches(pending: pa.Table) -> Iterator[list[str]]:
    """Split ``entity_id`` by rows and by the sum of ``points``, in the order given."""
    entities = pending["entity_id"].to_pylist()
    below = np.cumsum(np.asarray(pending["points"].to_numpy(), dtype=np.float64))
    first = 0
    while first < len(entities):
        before = below[first - 1] if first else 0.0
        fitting = int(np.searchsorted(below, before + POINTS, side="right"))
        last = min(max(fitting, first + 1), first + ROWS)
        yield entities[first:last]
        first = last
