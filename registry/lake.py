"""The lake: a folder or bucket with tables, and what was drawn and registered of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow as pa

from registry.errors import LakeError, QueryError
from registry.query.reading import BY_ID, CHUNKS_BY_ID, spectrum_of
from registry.query.results import Form, converted
from registry.query.sessions import Sessions
from registry.query.sql import Limits, Parameters
from registry.records import Floats, Spectrum
from registry.schemas import SCHEMA_VERSION, SCHEMAS
from registry.tables.chunks import split
from registry.tables.commits import append_new, replace
from registry.tables.maintenance import keep_quick
from registry.tables.migrations import migrate
from registry.tables.storage import Storage
from registry.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import torch

    from registry.curves.spectra import Curve

MARKER = "lake.json"
When = Mapping[str, int] | datetime | str


class Lake:
    """An open lake. Use :meth:`open` (makes a new one) or :meth:`existing` (insists on one).

    Attributes:
        storage: Where its tables are.
        uri: That place as text: pass it on to open the same lake elsewhere.
        path: Its folder; for a bucket, the companion folder on this machine.
        tables: Every table by name.
        limits: What a query may use.
    """

    def __init__(self, storage: Storage, limits: Limits | None = None) -> None:
        self.storage = storage
        self.uri = storage.uri
        self.path = storage.folder
        self.limits = limits or Limits()
        self.tables = {
            name: Table(storage.at(f"tables/{name}"), schema) for name, schema in SCHEMAS.items()
        }
        self._sessions = Sessions(self.tables, self.limits)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the lake for itself."""
        return type(self), (self.storage, self.limits)

    @classmethod
    def open(
        cls,
        uri: str | os.PathLike[str],
        options: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Lake:
        """Open a lake, creating it when its folder or bucket prefix is missing or empty.

        Args:
            uri: A folder, or ``s3://bucket/prefix``.
            options: How to reach a bucket (:mod:`registry.tables.storage`); else from the
                environment.
            limits: What a query may use.

        Raises:
            LakeError: When something else is there, or a newer lake, or it cannot be reached.
        """
        storage = Storage.of(uri, options)
        if storage.read(MARKER) is None:
            _create(storage)
        return cls.existing(uri, options, limits)

    @classmethod
    def existing(
        cls,
        uri: str | os.PathLike[str],
        options: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Lake:
        """Open a lake that must be there; one of an older schema version is migrated.

        Raises:
            LakeError: When there is none, it was written by a newer version, or it cannot be
                reached.
        """
        storage = Storage.of(uri, options)
        marker = storage.read(MARKER)
        if marker is None:
            raise LakeError(
                f"no lake in {storage.uri}: make one with 'scatterlake ingest' or 'quickstart'"
            )
        version = json.loads(marker)["schema_version"]
        if version > SCHEMA_VERSION:
            raise LakeError(
                f"{storage.uri}: written by schema version {version}, "
                f"this program reads up to {SCHEMA_VERSION}"
            )
        lake = cls(storage, limits)
        if version < SCHEMA_VERSION:
            migrate(lake.tables, version)
            # in one step: a half-written marker would be no lake
            storage.write(f"{MARKER}.partial", _marker(json.loads(marker)))
            storage.move(f"{MARKER}.partial", MARKER)
        return lake

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def snapshot(self, at: datetime | str | None = None) -> dict[str, int]:
        """Version of every table, newest or as of a moment: together they name the lake's state.

        Args:
            at: A moment, or its ISO 8601 text; UTC where it names no zone.
        """
        if at is None:
            return {name: table.version() for name, table in self.tables.items()}
        moment = _moment(at)
        return {name: table.delta(moment).version() for name, table in self.tables.items()}

    # fmt: off
    @overload
    def sql(self, query: str, params: Parameters | None = ..., at: When | None = ...,
            to: Literal["arrow"] = ...) -> pa.Table: ...
    @overload
    def sql(self, query: str, params: Parameters | None = ..., at: When | None = ...,
            *, to: Literal["pandas"]) -> pd.DataFrame: ...
    @overload
    def sql(self, query: str, params: Parameters | None = ..., at: When | None = ...,
            *, to: Literal["polars"]) -> pl.DataFrame: ...
    @overload
    def sql(self, query: str, params: Parameters | None = ..., at: When | None = ...,
            *, to: Literal["torch"]) -> dict[str, torch.Tensor]: ...
    # fmt: on
    def sql(
        self,
        query: str,
        params: Parameters | None = None,
        at: When | None = None,
        to: Form = "arrow",
    ) -> Any:
        """Answer a SQL query, at the newest snapshot or an older one.

        Args:
            query: One SELECT.
            params: Values for ``$1`` or ``$name``.
            at: Versions by table (:meth:`snapshot`; a table left out is read at its newest), or a
                moment.
            to: Form of the result.

        Raises:
            QueryError: When the query fails, does more than read, or needs more than the limits.
            LakeError: When a data file is missing or damaged; the message names it.
        """
        versions = self.snapshot(at) if isinstance(at, datetime | str) else dict(at or {})
        return converted(self._sessions.answer(query, params, versions), to)

    def held(self, query: str) -> pa.Table:
        """Answer a query at the newest snapshot, and keep the answer until that snapshot changes.

        For what is small and asked about often, such as all rows of ``models``: as long as no
        table that the query reads has a newer version, which every call looks up, the same answer
        is given again without asking DuckDB.

        Args:
            query: One SELECT without parameters, whose answer follows from the tables alone: no
                ``random()``, no ``now()``.

        Raises:
            QueryError, LakeError: As :meth:`sql` does.
        """
        return self._sessions.held(query)

    def spectrum(self, spectrum_id: str, at: When | None = None) -> Spectrum:
        """One spectrum by its id, however large its arrays.

        Raises:
            LakeError: When there is none of that id.
        """
        versions = self.snapshot() if at is None else at
        rows = self.sql(BY_ID, [spectrum_id], versions)
        if not rows.num_rows:
            raise LakeError(f"{self.uri}: no spectrum {spectrum_id!r}")
        return spectrum_of(rows, self.sql(CHUNKS_BY_ID, [spectrum_id], versions))

    def nearest(
        self,
        curve: Curve,
        technique: str | None = None,
        where: str | None = None,
        k: int = 10,
        at: When | None = None,
    ) -> pa.Table:
        """The ``k`` spectra most like a curve: see :func:`registry.curves.spectra.nearest`."""
        from registry.curves.spectra import nearest

        return nearest(self, curve, technique, where, k, at)

    def matrix(
        self, ids: Sequence[str], grid: Floats | None = None, at: When | None = None
    ) -> Floats:
        """Intensities of spectra by id, a row each: see :func:`registry.curves.spectra.matrix`."""
        from registry.curves.spectra import matrix

        return matrix(self, ids, grid, at)

    def append(self, table: str, rows: list[dict[str, Any]] | pa.Table) -> int:
        """Append rows that are new by key; missing columns become null. Returns how many.

        Raises:
            LakeError: When the storage cannot be written; the table is as before.
        """
        arrow = self._arrow(table, rows)
        if table == "spectra":
            arrow, chunks = split(arrow)
            # before the spectra: whoever sees a spectrum finds its chunks
            append_new(self["chunks"], chunks)
        added = append_new(self[table], arrow)
        if added:
            keep_quick(self[table])
        return added

    def replace(self, table: str, rows: list[dict[str, Any]]) -> int:
        """Write rows in place of those with the same key. Returns how many."""
        return replace(self[table], self._arrow(table, rows))

    @cached_property
    def pictures(self) -> Path:
        """Folder for drawings, created when first asked for."""
        folder = self.path / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _arrow(self, table: str, rows: list[dict[str, Any]] | pa.Table) -> pa.Table:
        if isinstance(rows, pa.Table):
            return rows
        return pa.Table.from_pylist(rows, schema=self[table].schema.arrow)


def now() -> datetime:
    """Time stamp for rows, UTC."""
    return datetime.now(UTC)


def _create(storage: Storage) -> None:
    # tables without a marker: another process is at it, or one was interrupted
    foreign = (path for path, _, _ in storage.walk() if not path.startswith(("tables/", MARKER)))
    if next(foreign, None) is not None:
        raise LakeError(f"{storage.uri} is not empty and holds no lake: choose another place")
    for table in Lake(storage).tables.values():
        table.create()
    # written last: a half-made lake is not mistaken for one
    storage.create(MARKER, _marker({"created_at": now().isoformat()}))


def _marker(known: Mapping[str, Any]) -> bytes:
    return json.dumps({**known, "schema_version": SCHEMA_VERSION}, indent=1).encode()


def _moment(at: datetime | str) -> datetime:
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError as error:
        raise QueryError(f"at: expected a moment such as 2026-11-22T12:00, found {at!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
