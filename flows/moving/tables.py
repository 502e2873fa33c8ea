"""Copying tables file by file, and proving both sides equal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import pyarrow as pa

from flows.moving.capture import Captured, content
from flows.moving.place import put
from flows.moving.report import Line, short
from registry.errors import LakeError
from registry.tables.commits import replace
from registry.tables.maintenance import checkpoint
from registry.tables.parquet import fault
from registry.tables.storage import Storage
from registry.tables.table import Table


def copy_tables(captured: Iterable[Captured], target: Storage) -> None:
    """Copy tables; files that are there already in full are not copied again.

    Raises:
        LakeError: When a data file is damaged, or a side cannot be reached.
    """
    for one in captured:
        there = at(target, one.table)
        arrived = {path: size for path, size, _ in there.storage.walk()}
        for path, size in one.files:
            if arrived.get(path) != size:
                put(there.storage, path, _sound(one.table, path, size))
        # in order and after what they name: a table cut off half-way is an older one
        for entry in one.entries:
            put(there.storage, entry, content(one.table, entry))
        checkpoint(there)


def at(target: Storage, table: Table) -> Table:
    """The table of the same name in another lake."""
    return Table(target.at(f"tables/{table.schema.name}"), table.schema)


def compare_tables(captured: Iterable[Captured], target: Storage) -> list[Line]:
    """Rows and digest of every table on both sides; every byte of both is read again.

    The digest is over the names, sizes and contents of all data files and over the log, which
    together are all rows of all versions.
    """
    lines = []
    for one in captured:
        there = at(target, one.table)
        state = there.state(one.version)
        rows = sum(file.rows for file in state.files)
        lines.append(Line(f"{one.name}: rows", str(one.rows), str(rows)))
        sides = (_digest(one, one.table), _digest(one, there))
        lines.append(Line(f"{one.name}: {len(one.files)} files, version {one.version}", *sides))
    return lines


def rename_runs(table: Table, runs: Mapping[str, str]) -> None:
    """Let the rows of ``models`` name runs by the ids they have in another MLflow."""
    rows = _rows(table)
    changed = [{**row, "run_id": runs[row["run_id"]]} for row in rows if row["run_id"] in runs]
    if changed:
        replace(table, pa.Table.from_pylist(changed, schema=table.schema.arrow))


def compare_models(one: Captured, target: Storage, runs: Mapping[str, str]) -> Line:
    """Rows of ``models`` on both sides, the source's with the runs' new ids."""
    expected = [
        {**row, "run_id": runs.get(row["run_id"], row["run_id"])}
        for row in _rows(one.table, one.version)
    ]
    sides = (_as_text(expected), _as_text(_rows(at(target, one.table))))
    return Line("models: rows with the new ids of runs", *map(short, sides))


def _rows(table: Table, version: int | None = None) -> list[dict[str, Any]]:
    parts = [table.conform(table.read(file)) for file in table.state(version).files]
    return pa.concat_tables(parts).to_pylist() if parts else []


def _as_text(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "\n".join(sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)).encode()


def _digest(one: Captured, table: Table) -> str:
    whole = sha256()
    for path in (*(path for path, _ in one.files), *one.entries):
        whole.update(f"{path} {sha256(content(table, path)).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def _sound(table: Table, path: str, size: int) -> bytes:
    found = content(table, path)
    if wrong := fault(path, size, pa.py_buffer(found)):
        raise LakeError(f"{table.storage.full(path)}: {wrong}")
    return found
