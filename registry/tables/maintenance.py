"""Keeping a table quick and small while others read and write it.

The cost of a commit and of a query follows the number of live files: small ones are merged into
one, sorted by the table's common filters so that readers skip row groups. Checkpoints shorten
the log. Vacuum deletes data files that no version within the retention names, and what a writer
that died left behind.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from registry.errors import LakeError
from registry.tables.commits import Outdated, commit
from registry.tables.parquet import File, row_groups
from registry.tables.table import Table

COMPACT_ABOVE = 40
TARGET_BYTES = 128 * 2**20
TINY_BYTES = 4 * 2**20
"""A writer merges only what is smaller; merging more is left to maintenance."""
MEMORY_BYTES = 2**29
CHECKPOINT_AFTER = 10
CHECKPOINT_EVERY = 50
RETENTION = timedelta(days=30)
SHORTEST_RETENTION = timedelta(hours=1)
# a file this many times larger than all smaller ones together is not worth writing again
_WORTH = 4


@dataclass(frozen=True)
class Upkeep:
    """What was done to a table.

    Attributes:
        table: Its name.
        merged: Files that became fewer.
        into: How many they became.
        deleted: Files deleted.
        damaged: Files that could not be read, each with the reason; they were left alone.
    """

    table: str
    merged: int
    into: int
    deleted: int
    damaged: dict[str, str]


def maintain(
    table: Table, pinned: Iterable[int] = (), retention: timedelta = RETENTION, least: int = 2
) -> Upkeep:
    """Compact, checkpoint and vacuum a table.

    Args:
        table: The table.
        pinned: Versions that stay readable whatever their age.
        retention: How long other versions that compaction left behind stay readable.
        least: Small files there must be before they are merged.

    Raises:
        LakeError: When the retention is shorter than a writer may take to commit.
    """
    if retention < SHORTEST_RETENTION:
        raise LakeError(f"retention: expected at least {SHORTEST_RETENTION}, found {retention}")
    damaged: dict[str, str] = {}
    merged, into = compact(table, least, damaged)
    checkpoint(table)
    return Upkeep(table.schema.name, merged, into, vacuum(table, pinned, retention), damaged)


def keep_quick(table: Table) -> None:
    """What a writer does after a commit, when it is due: merge small files, checkpoint."""
    compact(table, COMPACT_ABOVE + 1, below=TINY_BYTES)
    if table.version() % CHECKPOINT_EVERY == 0:
        table.delta().create_checkpoint()


def compact(
    table: Table,
    least: int = COMPACT_ABOVE,
    damaged: dict[str, str] | None = None,
    below: float = TARGET_BYTES / 2,
) -> tuple[int, int]:
    """Merge files smaller than ``below`` (bytes) when there are at least so many.

    Returns how many became how many.

    A file that cannot be read is left alone and, with the reason, put into ``damaged``.
    Memory is bounded by some three times :data:`MEMORY_BYTES` and the largest small file.
    """
    faults = {} if damaged is None else damaged
    merged = into = 0
    for batch in batches(table.state().files, least, below):
        queue = deque(batch)
        while len(whole := _readable(table, queue, faults)) > 1:
            written = _merge(table, whole)
            try:
                commit(table, [file for file, _ in whole], [written], "OPTIMIZE")
            except Outdated:
                # another process merged them first
                table.discard(written.path)
                return merged, into
            merged, into = merged + len(whole), into + 1
    return merged, into


def batches(files: Sequence[File], least: int, below: float = TARGET_BYTES / 2) -> list[list[File]]:
    """Which files to merge: small ones, smallest first, each batch up to the target size.

    What was merged before is taken again only when what came since is not much less, so that
    a row is rewritten a number of times that grows with the logarithm of the table.
    """
    small = sorted((f for f in files if f.size < below), key=lambda f: f.size)
    if len(small) < least:
        return []
    found: list[list[File]] = []
    batch: list[File] = []
    for file in small:
        size = sum(f.size for f in batch)
        if batch and size + file.size > TARGET_BYTES:
            found.append(batch)
            batch, size = [], 0
        if len(batch) > 1 and file.size > _WORTH * size:
            break
        batch.append(file)
    return [*found, batch] if len(batch) > 1 else found


def checkpoint(table: Table) -> None:
    """Write a checkpoint when the log has grown since the last one."""
    delta = table.delta()
    last = table.storage.read("_delta_log/_last_checkpoint")
    since = json.loads(last)["version"] if last else 0
    if delta.version() - since >= CHECKPOINT_AFTER:
        delta.create_checkpoint()


def vacuum(table: Table, pinned: Iterable[int], retention: timedelta) -> int:
    """Delete data files that no pinned version and none within the retention names."""
    delta = table.delta()
    keep = sorted({version for version in pinned if version <= delta.version()})
    hours = int(retention.total_seconds() // 3600)
    deleted = delta.vacuum(
        hours, dry_run=False, enforce_retention_duration=False, full=True, keep_versions=keep
    )
    return len(deleted)


def _readable(
    table: Table, queue: deque[File], damaged: dict[str, str]
) -> list[tuple[File, pa.Table]]:
    """Read files from the front of a queue until they fill the memory meant for them."""
    found: list[tuple[File, pa.Table]] = []
    while queue and sum(part.nbytes for _, part in found) < MEMORY_BYTES:
        file = queue.popleft()
        try:
            found.append((file, table.conform(table.read(file))))
        except LakeError as error:
            damaged[file.path] = str(error)
    return found


def _merge(table: Table, parts: Sequence[tuple[File, pa.Table]]) -> File:
    rows = pa.concat_tables(part for _, part in parts).combine_chunks()
    keys = [(name, "ascending") for name in table.schema.sort]
    order = pc.sort_indices(rows, sort_keys=keys) if keys else None
    return table.write(row_groups(rows, order))
