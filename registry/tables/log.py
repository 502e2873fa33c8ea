"""Entries of a table's log.

delta-rs offers no transaction that takes files out for files one wrote oneself, and its own
compaction can neither sort by several columns within bounded memory nor keep our encodings and
checksums. Entries follow the Delta transaction log protocol (version 1 readers, version 2 writers):
https://github.com/delta-io/delta/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake import Schema as DeltaSchema

from registry.errors import LakeError
from registry.tables.parquet import File

READER, WRITER = 1, 2


def path_of(version: int) -> str:
    """Where the entry of a version is."""
    return f"_delta_log/{version:020}.json"


def entry(
    operation: str,
    removed: Sequence[File],
    added: Sequence[File],
    changes: bool,
    metadata: dict[str, Any] | None = None,
) -> bytes:
    """Content of an entry.

    Args:
        operation: What is done, for the history.
        removed: Files to take out.
        added: Files to put in.
        changes: Whether rows change, or only their places.
        metadata: New metadata of the table, where its schema changes.
    """
    actions = [
        _information(operation),
        *([{"metaData": metadata}] if metadata else []),
        *(_remove(file, changes) for file in removed),
        *(_add(file, changes) for file in added),
    ]
    return "\n".join(json.dumps(action) for action in actions).encode()


def metadata(delta: DeltaTable, schema: pa.Schema) -> dict[str, Any]:
    """Metadata of a table with another schema."""
    known = delta.metadata()
    return {
        "id": str(known.id),
        "name": known.name,
        "description": known.description,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": DeltaSchema.from_arrow(schema).to_json(),
        "partitionColumns": [],
        "configuration": known.configuration,
        "createdTime": known.created_time,
    }


def check_protocol(name: str, delta: DeltaTable) -> None:
    """Make sure that no other program gave a table features that this one does not know.

    Raises:
        LakeError: When one did: rows might be deleted without our seeing it.
    """
    protocol = delta.protocol()
    found = (protocol.min_reader_version, protocol.min_writer_version)
    if found[0] > READER or found[1] > WRITER:
        raise LakeError(
            f"table {name!r}: expected Delta protocol {READER}/{WRITER}, "
            f"found {found[0]}/{found[1]}"
        )


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


def _remove(file: File, changes: bool) -> dict[str, Any]:
    return {
        "remove": {
            "path": file.path,
            "deletionTimestamp": _now(),
            "dataChange": changes,
            "extendedFileMetadata": True,
            "partitionValues": {},
            "size": file.size,
        }
    }


def _add(file: File, changes: bool) -> dict[str, Any]:
    return {
        "add": {
            "path": file.path,
            "partitionValues": {},
            "size": file.size,
            "modificationTime": _now(),
            "dataChange": changes,
            "stats": file.statistics,
        }
    }


def _now() -> int:
    return int(time.time() * 1000)
