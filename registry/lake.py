"""The lake: a folder with tables, a model registry and what was drawn of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from registry.errors import LakeError
from registry.schemas import SCHEMA_VERSION, SCHEMAS
from registry.tables import Table

if TYPE_CHECKING:
    import duckdb

MARKER = "lake.json"


class Lake:
    """An open lake. Use :meth:`open` (makes a new one) or :meth:`existing` (insists on one).

    Attributes:
        path: Its folder.
        tables: Every table by name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables = {
            name: Table(path / "tables" / name, schema) for name, schema in SCHEMAS.items()
        }

    @classmethod
    def open(cls, path: str | Path) -> Lake:
        """Open the lake in a folder, creating it when the folder is missing or empty.

        Raises:
            LakeError: When the folder holds something else or a newer lake.
        """
        folder = Path(path).expanduser().resolve()
        if not (folder / MARKER).exists():
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise LakeError(f"{folder} is not empty and holds no lake: choose another folder")
            folder.mkdir(parents=True, exist_ok=True)
            lake = cls(folder)
            for table in lake.tables.values():
                table.create()
            # written last: a half-made lake is not mistaken for one
            _write_marker(folder)
        return cls.existing(folder)

    @classmethod
    def existing(cls, path: str | Path) -> Lake:
        """Open a lake that must be there.

        Raises:
            LakeError: When there is none, or it was written by a newer version.
        """
        folder = Path(path).expanduser().resolve()
        marker = folder / MARKER
        if not marker.exists():
            raise LakeError(
                f"no lake in {folder}: make one with 'scatterlake ingest' or 'quickstart'"
            )
        version = json.loads(marker.read_text())["schema_version"]
        if version > SCHEMA_VERSION:
            raise LakeError(
                f"{folder}: written by schema version {version}, "
                f"this program reads up to {SCHEMA_VERSION}"
            )
        return cls(folder)

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def snapshot(self) -> dict[str, int]:
        """Newest version of every table: together they name the state of the lake."""
        return {name: table.version() for name, table in self.tables.items()}

    def connect(
        self, at: dict[str, int] | None = None, names: Iterable[str] = SCHEMAS
    ) -> duckdb.DuckDBPyConnection:
        """DuckDB connection with tables (all by default) as views, pinned to a snapshot."""
        from registry.sql import connect

        versions = at or {}
        # one opening of each table tells its version and its files, so they belong together
        opened = {name: self[name].delta(versions.get(name)) for name in names}
        return connect({name: list(delta.file_uris()) for name, delta in opened.items()})

    def sql(
        self, query: str, parameters: Sequence[Any] | None = None, at: dict[str, int] | None = None
    ) -> pa.Table:
        """Answer a SQL query, at the newest snapshot or an older one.

        Raises:
            QueryError: When the query fails or does more than read.
        """
        from registry.sql import mentioned, run

        connection = self.connect(at, mentioned(query, self.tables))
        try:
            return run(connection, query, parameters)
        finally:
            connection.close()

    def append(self, table: str, rows: list[dict[str, Any]]) -> int:
        """Append rows that are new by key; missing columns become null. Returns how many."""
        return self[table].append_new(self._arrow(table, rows))

    def replace(self, table: str, rows: list[dict[str, Any]]) -> int:
        """Write rows in place of those with the same key. Returns how many."""
        return self[table].replace(self._arrow(table, rows))

    def _arrow(self, table: str, rows: list[dict[str, Any]]) -> pa.Table:
        return pa.Table.from_pylist(rows, schema=self[table].schema.arrow)

    @cached_property
    def pictures(self) -> Path:
        """Folder for drawings, created when first asked for."""
        folder = self.path / "pictures"
        folder.mkdir(exist_ok=True)
        return folder


def now() -> datetime:
    """Time stamp for rows, UTC."""
    return datetime.now(UTC)


def _write_marker(folder: Path) -> None:
    content = {"schema_version": SCHEMA_VERSION, "created_at": now().isoformat()}
    partial = folder / f"{MARKER}.partial"
    partial.write_text(json.dumps(content, indent=1))
    partial.rename(folder / MARKER)
