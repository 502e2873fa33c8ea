"""Reading a view: one matrix, values of several rows, the value of one entity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features._rows import Chosen, Group, Places, chosen_groups
from registry.errors import BadInput, NotFound, Unsupported, WrongUse
from registry.lake import Lake, When

Matrix = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
READERS = 2
VALUES = 3 * 2**15
"""Threads that read a matrix, and how many numbers each decodes at a time."""

STALE = "SELECT entity_id FROM features WHERE view_id = $1 AND stale"
# filtered before it is joined: bounds and Bloom filters of the files then leave one row group
ONE = """
SELECT view, entity, rows, width, entity_id, vector, refused, stale FROM feature_views
LEFT JOIN (SELECT entity_id, vector, refused, stale FROM features
           WHERE view_id = $1 AND entity_id = $2) ON true
WHERE view_id = $1
"""


@dataclass(frozen=True)
class Tables:
    """Values of several rows of many entities, one after the other.

    Attributes:
        values: All rows, shape ``(m, width)``.
        offsets: Rows of entity i: from ``offsets[i]`` to ``offsets[i + 1]``; shape ``(n + 1,)``.
        missing: Entities without a value: refused, never computed or stale, shape ``(n,)``.
    """

    values: Matrix
    offsets: Places
    missing: Flags

    def __len__(self) -> int:
        return len(self.missing)

    def __getitem__(self, entity: int) -> Matrix:
        """Rows of one entity, shape ``(n_rows, width)``."""
        return self.values[self.offsets[entity] : self.offsets[entity + 1]]


def matrix(
    lake: Lake, view_id: str, entity_ids: Sequence[str], at: When | None, stale: bool
) -> tuple[Matrix, Flags]:
    """Vectors in the order asked for; see :meth:`features.store.FeatureStore.matrix`."""
    asked = _Asked(lake, view_id, entity_ids, at, stale)
    if asked.view["rows"]:
        raise WrongUse(
            f"matrix of {asked.view['view']}",
            "a view with one vector for each entity",
            f"one with a row for each {asked.view['rows']}: read it by tables()",
        )
    width = asked.view["width"]
    values = np.empty((len(asked.ids), width), dtype=np.float32)
    missing = np.ones(len(asked.ids), dtype=bool)

    def fill(group: Group) -> None:
        for places, vectors in asked.values(group):
            values[places] = _numbers(vectors).reshape(len(places), width)
            missing[places] = False

    with ThreadPoolExecutor(READERS) as readers:
        # a list, to be told of errors
        list(readers.map(fill, asked.groups(lake)))
    values[missing] = np.nan
    if asked.is_distinct:
        return values, missing
    return values[asked.which], missing[asked.which]


def tables(
    lake: Lake, view_id: str, entity_ids: Sequence[str], at: When | None, stale: bool
) -> Tables:
    """Values of several rows; see :meth:`features.store.FeatureStore.tables`."""
    asked = _Asked(lake, view_id, entity_ids, at, stale)
    width = asked.view["width"]
    counts, starts = np.zeros((2, len(asked.ids)), dtype=np.int64)
    missing = np.ones(len(asked.ids), dtype=bool)
    flats, total = [np.empty(0, np.float32)], 0
    for places, vectors in chain.from_iterable(map(asked.values, asked.groups(lake))):
        n_rows = pc.list_value_length(vectors).to_numpy() // width
        counts[places], starts[places] = n_rows, total + np.cumsum(n_rows) - n_rows
        missing[places] = False
        flats.append(_numbers(vectors))
        total += int(n_rows.sum())
    rows = np.concatenate(flats).reshape(-1, width)
    n_rows = counts[asked.which]
    offsets = np.concatenate([[0], np.cumsum(n_rows)])
    # where each row lies among those read, which came in the order of the files
    shift = np.repeat(starts[asked.which] - offsets[:-1], n_rows)
    return Tables(rows[np.arange(offsets[-1]) + shift], offsets, missing[asked.which])


def value(lake: Lake, view_id: str, entity_id: str, stale: bool) -> Matrix:
    """Value of one entity; see :meth:`features.store.FeatureStore.vector`."""
    rows = lake.sql(ONE, [view_id, entity_id])
    if not rows.num_rows:
        raise _no_view(lake, view_id, None)
    (row,) = rows.drop_columns("vector").to_pylist()
    kind = row["entity"]
    if row["entity_id"] is None:
        raise NotFound(f"value of view {row['view']!r} for {kind}", entity_id, [])
    if row["stale"] and not stale:
        expected = "one that is not retracted or stale"
        raise BadInput(f"{kind} {entity_id}", expected, "one that is")
    if row["refused"] is not None:
        raise Unsupported(f"{kind} {entity_id}", f"one that {row['view']!r} takes", row["refused"])
    vector: Matrix = rows["vector"].chunk(0).flatten().to_numpy().copy()
    return vector.reshape(-1, row["width"]) if row["rows"] else vector


def view_of(lake: Lake, view_id: str, at: When | None = None) -> dict[str, Any]:
    """Row of ``feature_views``.

    Raises:
        NotFound: When there is no such view; the message lists those there are.
    """
    found = lake.sql("SELECT * FROM feature_views WHERE view_id = $1", [view_id], at).to_pylist()
    if not found:
        raise _no_view(lake, view_id, at)
    return dict(found[0])


def _no_view(lake: Lake, view_id: str, at: When | None) -> NotFound:
    known = lake.sql("SELECT view_id FROM feature_views", at=at)["view_id"].to_pylist()
    return NotFound("feature view", view_id, known)


class _Asked:
    """What is read: a view, of which entities, at which versions.

    Attributes:
        view: Row of ``feature_views``.
        ids: Entities asked for, each once.
        which: Place in ``ids`` of each one asked for, shape ``(n,)``.
        is_distinct: Whether none was asked for twice.
    """

    def __init__(
        self, lake: Lake, view_id: str, ids: Sequence[str], at: When | None, stale: bool
    ) -> None:
        versions = lake.snapshot(at) if isinstance(at, datetime | str) else dict(at or {})
        self.view = view_of(lake, view_id, versions)
        self._state = lake["features"].state(versions.get("features"))
        coded = pa.array(ids, pa.string()).dictionary_encode()
        self.ids = coded.dictionary
        self.which = coded.indices.to_numpy().astype(np.int64)
        self.is_distinct = len(self.ids) == len(self.which)
        self._left_out = np.zeros(len(self.ids), dtype=bool)
        withdrawn = lake["retractions"].state(versions.get("retractions")).files
        if withdrawn and not stale:
            at = {**versions, "features": self._state.version}
            marked = lake.sql(STALE, [view_id], at)["entity_id"]
            self._left_out = pc.is_in(self.ids, value_set=marked.combine_chunks()).to_numpy(False)

    def groups(self, lake: Lake) -> Iterator[Group]:
        """Row groups that have values asked for."""
        chosen = Chosen("entity_id", self.ids, {"view_id": self.view["view_id"]})
        for group in chosen_groups(lake["features"], self._state, chosen):
            yield replace(group, places=np.where(self._left_out[group.places], -1, group.places))

    def values(self, group: Group) -> Iterator[tuple[Places, pa.ListArray]]:
        """Values as they are stored, and the place of each among ``ids``."""
        at_a_time = max(1, VALUES // self.view["width"])
        for places, rows in group.batches(["vector"], at_a_time):
            vectors = rows.column("vector")
            if vectors.null_count or (places < 0).any():
                there = (places >= 0) & vectors.is_valid().to_numpy(False)
                yield places[there], vectors.filter(pa.array(there))
            else:
                yield places, vectors


def _numbers(vectors: pa.ListArray) -> Matrix:
    """All numbers of vectors, end to end: those behind the offsets, none touched one by one."""
    numbers: Matrix = vectors.flatten().to_numpy()
    return numbers
