"""Transactions: append what is new, replace by key, put files in place of others.

Each is one entry of the table's log, written only if no other process wrote that entry first; who
lost the race looks again. So the same rows appended by many processes stay one each.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import pyarrow as pa

from registry.errors import LakeError
from registry.tables import log
from registry.tables.keys import KeySet, digests, first_of_each
from registry.tables.parquet import File, row_groups
from registry.tables.table import Table

MAX_ATTEMPTS = 100


class Outdated(Exception):
    """Another process changed what was to be replaced; nothing was done."""


def append_new(table: Table, rows: pa.Table) -> int:
    """Append the rows whose key the table does not hold yet; returns how many there were.

    Raises:
        LakeError: When the storage cannot be written; the table is as before.
    """
    rows = table.conform(rows)
    keys = digests(rows, table.schema.key)
    distinct = first_of_each(keys)
    for attempt in range(MAX_ATTEMPTS):
        state = table.state()
        fresh = distinct & ~table.holds(keys, state)
        if not fresh.any():
            return 0
        new = rows if fresh.all() else rows.filter(pa.array(fresh))
        written = table.write(row_groups(new))
        try:
            commit(table, [], [written], "WRITE", since=state.version)
        except Outdated:
            table.discard(written.path)
            _wait(attempt)
        else:
            table.learn(written.path, keys[fresh])
            return int(new.num_rows)
    raise _lost(table)


def replace(table: Table, rows: pa.Table) -> int:
    """Write rows, taking the place of those with the same key; returns how many there were.

    Raises:
        LakeError: When the storage cannot be written; the table is as before.
    """
    rows = table.conform(rows)
    rows = rows.filter(pa.array(first_of_each(digests(rows, table.schema.key))))
    if not rows.num_rows:
        return 0
    replaced = KeySet()
    replaced.add(digests(rows, table.schema.key))
    for attempt in range(MAX_ATTEMPTS):
        state = table.state()
        removed, kept = [], []
        for file in state.files:
            same = replaced.holds(digests(table.keys(file.path), table.schema.key))
            if same.any():
                removed.append(file)
                kept.append(table.conform(table.read(file)).filter(pa.array(~same)))
        written = table.write(row_groups(pa.concat_tables([*kept, rows])))
        try:
            commit(table, removed, [written], "REPLACE", since=state.version)
        except Outdated:
            table.discard(written.path)
            _wait(attempt)
        else:
            return int(rows.num_rows)
    raise _lost(table)


def commit(
    table: Table,
    removed: Sequence[File],
    added: Sequence[File],
    operation: str,
    schema: pa.Schema | None = None,
    since: int | None = None,
) -> None:
    """Take files out and put others in, in one step.

    Args:
        table: The table.
        removed: Live files to take out; they stay on disk until vacuum.
        added: Files to put in, written before.
        operation: What is done, for the history.
        schema: New schema of the table, when it changes.
        since: Version that must still be the newest; when left out, rows only change places, and
            others may append meanwhile.

    Raises:
        Outdated: When a file to take out is no longer live, or the version is not the newest.
        LakeError: When the log cannot be written.
    """
    metadata = log.metadata(table.delta(), schema) if schema else None
    changes = since is not None or not added
    content = log.entry(operation, removed, added, changes, metadata)
    for attempt in range(MAX_ATTEMPTS):
        state = table.state()
        if since is not None and state.version != since:
            raise Outdated
        if not set(removed) <= set(state.files):
            raise Outdated
        path = log.path_of(state.version + 1)
        # a lost answer makes the storage's client ask again and be refused by its own success
        if table.storage.create(path, content) or table.storage.read(path) == content:
            table.committed(state, removed, added, schema)
            return
        _wait(attempt)
    raise _lost(table)


def _wait(attempt: int) -> None:
    """Let the others go first, longer after each lost race."""
    time.sleep(min(0.5, 0.01 * 2**attempt) * random.uniform(0.5, 1.5))


def _lost(table: Table) -> LakeError:
    return LakeError(f"table {table.schema.name!r}: lost {MAX_ATTEMPTS} races to commit")
