"""One entry of a table's log that takes data files out and puts others in.

delta-rs offers no such transaction for files one wrote oneself, and its own compaction can
neither sort by several columns within bounded memory nor keep our encodings and checksums. The
entry follows the Delta transaction log protocol (version 1 readers, version 2 writers):
https://github.com/delta-io/delta/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import Schema as DeltaSchema

from registry.errors import LakeError
from registry.tables.keys import KeySet, digests, first_of_each
from registry.tables.parquet import row_groups, statistics
from registry.tables.table import MAX_ATTEMPTS, File, Table, state_of, wait

READER, WRITER = 1, 2


@dataclass(frozen=True)
class Written:
    """A data file that no version names yet, with its Delta statistics (JSON)."""

    file: File
    statistics: str


class Outdated(Exception):
    """Another process changed what was to be replaced."""


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
    for n in range(MAX_ATTEMPTS):
        state = table.state()
        removed, kept = [], []
        for file in state.files:
            same = replaced.holds(digests(table.keys(file.path), table.schema.key))
            if same.any():
                removed.append(file)
                kept.append(table.conform(table.read(file)).filter(pa.array(~same)))
        new = pa.concat_tables([*kept, rows])
        written = Written(table.write(row_groups(new)), statistics(new))
        try:
            swap(table, removed, [written], "REPLACE", since=state.version)
        except Outdated:
            table.discard(written.file.path)
            wait(n)
        else:
            return int(rows.num_rows)
    raise LakeError(f"table {table.schema.name!r}: lost {MAX_ATTEMPTS} races to commit")


def swap(
    table: Table,
    removed: Sequence[File],
    added: Sequence[Written],
    operation: str,
    schema: pa.Schema | None = None,
    since: int | None = None,
) -> None:
    """Take files out and put others in, in one step, while others append.

    Args:
        table: The table.
        removed: Live files to take out; they stay on disk until vacuum.
        added: Files to put in.
        operation: What is done, for the history.
        schema: New schema of the table, when it changes.
        since: Version that must still be the newest; any, when rows only change places.

    Raises:
        Outdated: When a file to take out is no longer live, or the version is not the newest;
            nothing was changed.
        LakeError: When the log cannot be written, or was written by a program whose features
            this one does not know.
    """
    rewrites = bool(added) and schema is None
    actions = [
        _information(operation),
        *_metadata(table, schema),
        *(_remove(file, rewrites) for file in removed),
        *(_add(written, rewrites) for written in added),
    ]
    content = "\n".join(json.dumps(action) for action in actions).encode()
    for _ in range(MAX_ATTEMPTS):
        delta = table.delta()
        protocol = delta.protocol()
        if protocol.min_reader_version > READER or protocol.min_writer_version > WRITER:
            raise LakeError(
                f"table {table.schema.name!r}: expected Delta protocol {READER}/{WRITER}, found "
                f"{protocol.min_reader_version}/{protocol.min_writer_version}"
            )
        live = {file.path for file in state_of(delta).files}
        if not {file.path for file in removed} <= live:
            raise Outdated
        if since is not None and delta.version() != since:
            raise Outdated
        entry = f"_delta_log/{delta.version() + 1:020}.json"
        # a lost answer makes the storage's client ask again and be refused by its own success
        if table.storage.create(entry, content) or table.storage.read(entry) == content:
            return
    raise LakeError(f"table {table.schema.name!r}: lost {MAX_ATTEMPTS} races to commit")


def _information(operation: str) -> dict[str, Any]:
    return {
        "commitInfo": {
            "timestamp": _now(),
            "operation": operation,
            "operationParameters": {},
            "engineInfo": "scatterlake",
            "txnId": uuid.uuid4().hex,
        }
    }


def _metadata(table: Table, schema: pa.Schema | None) -> list[dict[str, Any]]:
    if schema is None:
        return []
    delta = table.delta()
    known = delta.metadata()
    return [
        {
            "metaData": {
                "id": str(known.id),
                "name": known.name,
                "description": known.description,
                "format": {"provider": "parquet", "options": {}},
                "schemaString": DeltaSchema.from_arrow(schema).to_json(),
                "partitionColumns": [],
                "configuration": known.configuration,
                "createdTime": known.created_time,
            }
        }
    ]


def _remove(file: File, rewrites: bool) -> dict[str, Any]:
    return {
        "remove": {
            "path": file.path,
            "deletionTimestamp": _now(),
            "dataChange": not rewrites,
            "extendedFileMetadata": True,
            "partitionValues": {},
            "size": file.size,
        }
    }


def _add(written: Written, rewrites: bool) -> dict[str, Any]:
    return {
        "add": {
            "path": written.file.path,
            "partitionValues": {},
            "size": written.file.size,
            "modificationTime": _now(),
            "dataChange": not rewrites,
            "stats": written.statistics,
        }
    }


def _now() -> int:
    return int(time.time() * 1000)
