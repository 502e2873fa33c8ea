"""Which session answers a query: one per set of table versions, kept open for the next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa

from registry.errors import LakeError, QueryError
from registry.query.sql import DamagedData, Limits, Parameters, Session, Source, mentioned
from registry.tables.table import State, Table
from registry.tables.verify import damages

KEPT = 8
"""Sessions, and held answers, that are kept at most."""
Key = tuple[tuple[str, int], ...]
"""Versions of the tables that an answer depends on."""


class Sessions:
    """Answers queries over the tables of one lake; several threads may ask at once.

    Args:
        tables: Every table by name.
        limits: What a query may use.
    """

    def __init__(self, tables: Mapping[str, Table], limits: Limits) -> None:
        self._tables = tables
        self._limits = limits
        self._kept: OrderedDict[Key, Session] = OrderedDict()
        self._held: OrderedDict[str, tuple[Key, pa.Table]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(
        self, query: str, params: Parameters | None, versions: Mapping[str, int]
    ) -> pa.Table:
        """Answer a query at versions of tables, those left out at their newest.

        Raises:
            QueryError: When the query fails, does more than read, or needs more than the limits.
            LakeError: When a data file is missing or damaged; the message names it.
        """
        return self._answer(query, params, *self._states(query, versions))

    def held(self, query: str) -> pa.Table:
        """Answer to a query without parameters, kept until a table it reads has a newer version.

        Every call looks whether one has, which costs a look at the log of each, not a query.

        Raises:
            QueryError, LakeError: As :meth:`answer` does.
        """
        states, marked = self._states(query, {})
        key = _key(states)
        with self._lock:
            seen, found = self._held.pop(query, (None, None))
        if seen != key:
            found = self._answer(query, None, states, marked)
        with self._lock:
            self._held[query] = key, found
            while len(self._held) > KEPT:
                self._held.popitem(last=False)
        return found

    def _answer(
        self, query: str, params: Parameters | None, states: Mapping[str, State], marked: bool
    ) -> pa.Table:
        try:
            with self._session(states, marked) as session:
                return session.run(query, params)
        except DamagedData as error:
            self._complain_of_damage(states, deep=True)
            raise QueryError(str(error)) from error

    def _states(self, query: str, versions: Mapping[str, int]) -> tuple[dict[str, State], bool]:
        """Version and files of every table that a query needs; whether anything is retracted."""
        retractions = self._tables["retractions"].state(versions.get("retractions"))
        marked = bool(retractions.files)
        states = {
            name: retractions
            if name == "retractions"
            else self._tables[name].state(versions.get(name))
            for name in mentioned(query, marked)
        }
        return states, marked

    @contextmanager
    def _session(self, states: Mapping[str, State], marked: bool) -> Iterator[Session]:
        key = _key(states)
        with self._lock:
            session = self._kept.pop(key, None)
        if session is None:
            self._complain_of_damage(states, deep=False)
            sources = {name: _source(self._tables[name], s) for name, s in states.items()}
            session = Session(sources, marked, self._limits)
        try:
            yield session
        finally:
            self._keep(key, session)

    def _keep(self, key: Key, session: Session) -> None:
        with self._lock:
            # another thread may have opened its own meanwhile: one is kept
            surplus = [self._kept.pop(key)] if key in self._kept else []
            self._kept[key] = session
            while len(self._kept) > KEPT:
                surplus.append(self._kept.popitem(last=False)[1])
        for other in surplus:
            other.close()

    def _complain_of_damage(self, states: Mapping[str, State], deep: bool) -> None:
        found = []
        for name, state in states.items():
            table = self._tables[name]
            # asking a bucket for every size would cost a round trip a file
            if deep or not table.storage.is_remote:
                found += damages(table, state.files, deep)
        if found:
            listed = "\n".join(f"  {damage}" for damage in found)
            raise LakeError(
                f"damaged data files, all others are well:\n{listed}\n"
                "'scatterlake verify --set-aside' takes them out of the tables; "
                "ingesting the same input again brings their rows back"
            )


def _key(states: Mapping[str, State]) -> Key:
    return tuple((name, state.version) for name, state in states.items())


def _source(table: Table, state: State) -> Source:
    if not table.storage.is_remote:
        return Source(state.columns, tuple(table.storage.full(file.path) for file in state.files))
    if not state.files:
        return Source(state.columns, ())
    from pyarrow import dataset

    rows = dataset.dataset(
        [file.path for file in state.files],
        schema=pa.schema([f for f in table.schema.arrow if f.name in state.columns]),
        filesystem=table.storage.files,
        format="parquet",
    )
    return Source(state.columns, None, rows)
