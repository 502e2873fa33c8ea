"""One Delta table: append what is new, replace by key, read a pinned version.

Parquet is written by pyarrow and committed as add-actions. An append first looks which keys
the live files already hold; a commit that lost the race against another process is refused by
the log, and the append looks again. So the same rows written by many processes stay one each.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction

from registry.errors import LakeError
from registry.schemas import SCHEMA_VERSION, Schema

CHECKPOINT_EVERY = "50"
COMPACT_ABOVE = 40
MAX_ATTEMPTS = 100
_STATISTICS = (pa.string(), pa.float64(), pa.int64())
_LONGEST_BOUND = 32


class Table:
    """A Delta table of the lake.

    Args:
        path: Folder of the table; created with ``schema`` if missing.
        schema: Columns and key.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self.schema = schema

    def create(self) -> None:
        """Create the table unless it exists."""
        DeltaTable.create(
            str(self.path),
            schema=self.schema.arrow,
            mode="ignore",
            name=self.schema.name,
            description=self.schema.meaning,
            configuration={
                "delta.checkpointInterval": CHECKPOINT_EVERY,
                "delta.logRetentionDuration": "interval 36500 days",
            },
            commit_properties=CommitProperties({"schema_version": str(SCHEMA_VERSION)}),
        )

    def delta(self, version: int | None = None) -> DeltaTable:
        """Open the table at a version, the newest by default.

        Raises:
            LakeError: When there is no such table or version.
        """
        try:
            return DeltaTable(str(self.path), version=version)
        except TableNotFoundError as error:
            raise LakeError(f"table {self.schema.name!r} at version {version}: {error}") from error

    def version(self) -> int:
        """Newest version of the table."""
        return int(self.delta().version())

    def files(self, version: int | None = None) -> list[str]:
        """Paths of the Parquet files that make up a version."""
        return list(self.delta(version).file_uris())

    def keys(self, delta: DeltaTable | None = None) -> set[tuple[Any, ...]]:
        """Keys of all rows of a version."""
        found: set[tuple[Any, ...]] = set()
        for path in (delta or self.delta()).file_uris():
            table = pq.read_table(path, columns=list(self.schema.key), partitioning=None)
            found.update(_keys(table, self.schema.key))
        return found

    def append_new(self, rows: pa.Table) -> int:
        """Append the rows whose key the table does not hold yet; returns how many there were."""
        rows = _distinct(
            rows.select(self.schema.arrow.names).cast(self.schema.arrow), self.schema.key
        )

        def attempt(delta: DeltaTable) -> int:
            known = self.keys(delta)
            fresh = [key not in known for key in _keys(rows, self.schema.key)]
            new = rows.filter(pa.array(fresh, pa.bool_()))
            if new.num_rows:
                self._commit(delta, new)
            return int(new.num_rows)

        return self._until_committed(attempt) if rows.num_rows else 0

    def replace(self, rows: pa.Table) -> int:
        """Write rows, taking the place of those with the same key; returns how many there were."""
        rows = _distinct(
            rows.select(self.schema.arrow.names).cast(self.schema.arrow), self.schema.key
        )

        def attempt(delta: DeltaTable) -> int:
            match = " AND ".join(f't."{k}" = s."{k}"' for k in self.schema.key)
            merge = delta.merge(
                rows,
                match,
                source_alias="s",
                target_alias="t",
                commit_properties=CommitProperties(max_commit_retries=0),
            )
            merge.when_matched_update_all().when_not_matched_insert_all().execute()
            return int(rows.num_rows)

        return self._until_committed(attempt) if rows.num_rows else 0

    def maintain(self) -> None:
        """Compact when small files pile up: the cost of a commit follows the live files."""
        delta = self.delta()
        if len(delta.file_uris()) > COMPACT_ABOVE:
            delta.optimize.compact()
            delta.create_checkpoint()

    def _until_committed(self, attempt: Callable[[DeltaTable], int]) -> int:
        for n in range(MAX_ATTEMPTS):
            try:
                return attempt(self.delta())
            except CommitFailedError:
                time.sleep(min(0.5, 0.01 * 2**n) * (0.5 + uuid.uuid4().int % 100 / 100))
        raise LakeError(f"table {self.schema.name!r}: lost {MAX_ATTEMPTS} races to commit")

    def _commit(self, delta: DeltaTable, rows: pa.Table) -> None:
        name = f"part-{uuid.uuid4().hex}.parquet"
        target = self.path / name
        write_parquet(rows, target)
        action = AddAction(
            name, target.stat().st_size, {}, int(time.time() * 1000), True, _statistics(rows)
        )
        try:
            delta.create_write_transaction(
                [action],
                mode="append",
                schema=delta.schema(),
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except CommitFailedError:
            target.unlink()
            raise


def write_parquet(rows: pa.Table, target: Path) -> None:
    """Write a Parquet file the way of the lake: zstd 1, BYTE_STREAM_SPLIT on floats."""
    pq.write_table(
        rows,
        target,
        compression="zstd",
        compression_level=1,
        use_dictionary=[f.name for f in rows.schema if pa.types.is_string(f.type)],
        column_encoding=dict.fromkeys(_float_leaves(rows.schema), "BYTE_STREAM_SPLIT"),
    )


def _float_leaves(schema: pa.Schema) -> list[str]:
    """Parquet paths of all floating-point leaves, such as ``intensity.list.element``."""

    def walk(path: str, kind: pa.DataType) -> list[str]:
        if pa.types.is_floating(kind):
            return [path]
        if pa.types.is_list(kind):
            return walk(f"{path}.list.element", kind.value_type)
        if pa.types.is_struct(kind):
            return [leaf for field in kind for leaf in walk(f"{path}.{field.name}", field.type)]
        return []

    return [leaf for field in schema for leaf in walk(field.name, field.type)]


def _statistics(rows: pa.Table) -> str:
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for field in rows.schema:
        column = rows[field.name]
        nulls[field.name] = column.null_count
        if field.type not in _STATISTICS or column.null_count == len(column):
            continue
        bounds = pc.min_max(column).as_py()
        # a cut upper bound would have to be rounded up: leave long text without bounds
        if isinstance(bounds["max"], str) and len(bounds["max"]) > _LONGEST_BOUND:
            continue
        if isinstance(bounds["max"], float) and not abs(bounds["max"]) < float("inf"):
            continue
        low[field.name], high[field.name] = bounds["min"], bounds["max"]
    return json.dumps(
        {"numRecords": rows.num_rows, "minValues": low, "maxValues": high, "nullCount": nulls}
    )


def _keys(rows: pa.Table, key: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(zip(*(rows[name].to_pylist() for name in key), strict=True))


def _distinct(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    seen: set[tuple[Any, ...]] = set()
    keep = []
    for value in _keys(rows, key):
        keep.append(value not in seen)
        seen.add(value)
    return rows.filter(pa.array(keep, pa.bool_()))
