"""The lake: a folder or bucket with tables, and what was drawn and registered of them."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pyarrow as pa

from registry.errors import LakeError, QueryError
from registry.query.reading import BY_ID, CHUNKS_BY_ID, spectrum_of
from registry.query.results import Form, converted
from registry.query.sql import DamagedData, Limits, Parameters, Session, Source, mentioned
from registry.records import Floats, Spectrum
from registry.schemas import SCHEMA_VERSION, SCHEMAS
from registry.tables.chunks import split
from registry.tables.commits import append_new, replace
from registry.tables.maintenance import keep_quick
from registry.tables.migrations import migrate
from registry.tables.storage import Storage
from registry.tables.table import State, Table
from registry.tables.verify import Damage, damages

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import torch

    from registry.curves.spectra import Curve

MARKER = "lake.json"
SESSIONS = 8
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
        self._sessions: OrderedDict[tuple[Any, ...], Session] = OrderedDict()
        self._lock = threading.Lock()

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
        states, marked = self._states(query, versions)
        try:
            with self._session(states, marked) as session:
                result = session.run(query, params)
        except DamagedData as error:
            self._complain_of_damage(states, deep=True)
            raise QueryError(str(error)) from error
        return converted(result, to)

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

    def _states(self, query: str, versions: Mapping[str, int]) -> tuple[dict[str, State], bool]:
        """Version and files of every table that a query needs; whether anything is retracted."""
        retractions = self["retractions"].state(versions.get("retractions"))
        marked = bool(retractions.files)
        states = {
            name: retractions if name == "retractions" else self[name].state(versions.get(name))
            for name in mentioned(query, marked)
        }
        return states, marked

    @contextmanager
    def _session(self, states: Mapping[str, State], marked: bool) -> Iterator[Session]:
        """A session on states, kept open for the next query of the same."""
        key = tuple((name, state.version) for name, state in states.items())
        with self._lock:
            session = self._sessions.pop(key, None)
        if session is None:
            self._complain_of_damage(states, deep=False)
            sources = {name: self._source(name, state) for name, state in states.items()}
            session = Session(sources, marked, self.limits)
        try:
            yield session
        finally:
            with self._lock:
                # another thread may have opened its own meanwhile: one is kept
                other = self._sessions.pop(key, None)
                if other is not None:
                    other.close()
                self._sessions[key] = session
                while len(self._sessions) > SESSIONS:
                    self._sessions.popitem(last=False)[1].close()

    def _source(self, name: str, state: State) -> Source:
        table = self[name]
        if not self.storage.is_remote:
            files = tuple(table.storage.full(file.path) for file in state.files)
            return Source(state.columns, files)
        from pyarrow import dataset

        rows = dataset.dataset(
            [file.path for file in state.files],
            schema=pa.schema([f for f in table.schema.arrow if f.name in state.columns]),
            filesystem=table.storage.files,
            format="parquet",
        )
        return Source(state.columns, None, rows if state.files else None)

    def _complain_of_damage(self, states: Mapping[str, State], deep: bool) -> None:
        # asking a bucket for every size would cost a round trip a file
        if self.storage.is_remote and not deep:
            return
        found: list[Damage] = []
        for name, state in states.items():
            found += damages(self[name], state.files, deep)
        if found:
            listed = "\n".join(f"  {damage}" for damage in found)
            raise LakeError(
                f"damaged data files, all others are well:\n{listed}\n"
                "'scatterlake verify --set-aside' takes them out of the tables; "
                "ingesting the same input again brings their rows back"
            )


def now() -> datetime:
    """Time stamp for rows, UTC."""
    return datetime.now(UTC)


def _create(storage: Storage) -> None:
    if next(storage.walk(), None) is not None:
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
