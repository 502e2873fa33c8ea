"""SQL over a pinned snapshot: every table a view, read-only and fenced in.

A session lives in memory, sees only the data files of its snapshot and cannot be configured from
a query; only statements that read are let through, within limits of memory and time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from registry.errors import QueryError
from registry.lineage import edges as lineage
from registry.query import macros
from registry.query.views import needs, view
from registry.schemas import SCHEMAS

Parameters = Sequence[Any] | Mapping[str, Any]
DICTIONARY = "columns"
_ABOUT_FILES = re.compile("parquet|decompress|magic bytes|page|file|read", re.I)


@dataclass(frozen=True)
class Limits:
    """What a query may use: memory (DuckDB's notation), wall time (s), threads (all if None)."""

    memory: str = "4GB"
    seconds: float = 600.0
    threads: int | None = None


@dataclass(frozen=True)
class Source:
    """Where the stored rows of one table are.

    Attributes:
        columns: Columns its files have.
        files: Paths of local files; or None, when ``rows`` gives them.
        rows: A pyarrow dataset over remote files.
    """

    columns: tuple[str, ...]
    files: tuple[str, ...] | None
    rows: Any = None


class DamagedData(Exception):
    """A query failed although it is sound: some data file must be damaged."""


def mentioned(query: str, marked: bool) -> list[str]:
    """Tables that a query needs: the others need not be opened.

    Args:
        query: The query.
        marked: Whether anything is retracted, so that derived columns read other tables.
    """
    words = set(re.findall(r"\w+", query.lower()))
    named = [name for name in SCHEMAS if name in words]
    if words & set(lineage.NAMES):
        named += lineage.TABLES
    wanted = [other for name in named for other in (*(needs(name) if marked else ()), name)]
    return list(dict.fromkeys(wanted))


class Session:
    """A DuckDB connection whose views are the tables of one snapshot.

    Args:
        sources: Stored rows by table, those a view needs before it.
        marked: Whether anything is retracted.
        limits: What a query may use.

    Raises:
        DamagedData: When a file cannot be opened.
    """

    def __init__(self, sources: Mapping[str, Source], marked: bool, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._connection = duckdb.connect()
        stored = {name: self._stored(name, source) for name, source in sources.items()}
        for name, rows in stored.items():
            try:
                self._connection.execute(f"CREATE VIEW {name} AS {view(name, rows, marked)}")
            except duckdb.Error as error:
                raise DamagedData(str(error)) from error
        self._macros: set[str] = set()
        statements = [f"CREATE VIEW {DICTIONARY} AS {_dictionary()}"]
        if set(lineage.TABLES) <= sources.keys():
            statements += lineage.create_statements(stored)
        for statement in statements:
            self._connection.execute(statement)
        self._fence([path for source in sources.values() for path in source.files or ()])

    def run(self, query: str, params: Parameters | None = None) -> pa.Table:
        """Run one reading statement and return its result.

        Raises:
            QueryError: When the query does not parse, does more than read, fails, or needs more
                than the limits.
            DamagedData: When it fails for no fault of its own.
        """
        with self._lock:
            self._only_reads(query)
            self._define(query)
            timer = threading.Timer(self._limits.seconds, self._connection.interrupt)
            timer.start()
            try:
                return self._connection.sql(query, params=params or []).to_arrow_table()
            except duckdb.InterruptException as error:
                raise QueryError(
                    f"stopped: the query took longer than {self._limits.seconds:g} s"
                ) from error
            except duckdb.OutOfMemoryException as error:
                raise QueryError(
                    f"the query needs more than {self._limits.memory} of memory: "
                    "ask for fewer rows or columns, or raise the limit"
                ) from error
            except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
                if isinstance(error, duckdb.InvalidInputException) and _ABOUT_FILES.search(
                    str(error)
                ):
                    raise DamagedData(str(error)) from error
                raise QueryError(_explained(str(error))) from error
            except duckdb.Error as error:
                raise DamagedData(str(error)) from error
            finally:
                timer.cancel()

    def close(self) -> None:
        """Free the connection."""
        self._connection.close()

    def _define(self, query: str) -> None:
        for name in macros.needed(query):
            if name not in self._macros:
                self._connection.execute(macros.definitions()[name])
                self._macros.add(name)

    def _stored(self, name: str, source: Source) -> str:
        """SQL table expression with exactly the columns of the schema."""
        if source.files:
            listed = ", ".join(map(_text, source.files))
            stored = f"read_parquet([{listed}])"
        elif source.rows is not None:
            self._connection.register(f"stored_{name}", source.rows)
            stored = f"stored_{name}"
        else:
            return f"({_empty(name)})"
        names = SCHEMAS[name].arrow.names
        if set(source.columns) == set(names):
            return stored
        # files of an older schema: missing columns are null, dropped ones hidden
        shared = ", ".join(f'"{c}"' for c in names if c in source.columns)
        return f"({_empty(name)} UNION ALL BY NAME SELECT {shared} FROM {stored})"

    def _fence(self, files: Iterable[str]) -> None:
        set_ = self._connection.execute
        set_("SET TimeZone = 'UTC'")
        set_(f"SET memory_limit = '{self._limits.memory}'")
        if self._limits.threads is not None:
            set_(f"SET threads = {self._limits.threads}")
        set_("SET parquet_metadata_cache = true")
        set_("SET enable_progress_bar = false")
        set_("SET temp_directory = ''")
        set_("SET allowed_paths = $1", [list(files)])
        set_("SET enable_external_access = false")
        set_("SET lock_configuration = true")

    def _only_reads(self, query: str) -> None:
        try:
            statements = self._connection.extract_statements(query)
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
        kinds = [statement.type for statement in statements]
        if kinds == [duckdb.StatementType.EXPLAIN]:
            # EXPLAIN ANALYZE runs what it explains
            self._only_reads(re.sub(_EXPLAIN, "", statements[0].query, count=1))
        elif kinds != [duckdb.StatementType.SELECT]:
            found = ", ".join(kind.name for kind in kinds) or "nothing"
            raise QueryError(f"only a single SELECT is allowed here, found {found}")


_EXPLAIN = re.compile(r"^.*?\bEXPLAIN\b\s*(\([^)]*\)\s*)?(ANALYZE\b\s*)?", re.I | re.S)


def _explained(message: str) -> str:
    """A message with the names of the tables, when one was not found."""
    missing = re.search(r"Table with name (\S+) does not exist", message)
    if not missing:
        return message
    from difflib import get_close_matches

    names = [*SCHEMAS, DICTIONARY, *lineage.NAMES]
    near = get_close_matches(missing[1].lower(), names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no table {missing[1]!r}; {hint}there are: {', '.join([*SCHEMAS, DICTIONARY])}"


def _empty(name: str) -> str:
    """The columns of a table, and no row."""
    columns = (f'NULL::{_sql_type(f.type)} AS "{f.name}"' for f in SCHEMAS[name].arrow)
    return f"SELECT {', '.join(columns)} WHERE false"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"STRUCT({', '.join(f'{f.name} {_sql_type(f.type)}' for f in kind)})"
    return _SQL_TYPES[str(kind)]


_SQL_TYPES = {
    "string": "VARCHAR",
    "double": "DOUBLE",
    "float": "FLOAT",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "bool": "BOOLEAN",
    "binary": "BLOB",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
}


@cache
def _dictionary() -> str:
    """Every column with its unit and meaning, as a SELECT."""
    rows = (
        (schema.name, column.name, str(column.type), column.unit, column.meaning)
        for schema in SCHEMAS.values()
        for column in (*schema.columns, *schema.derived)
    )
    values = ", ".join(f"({', '.join(map(_text, row))})" for row in rows)
    return f'FROM (VALUES {values}) AS listed("table", "column", "type", unit, meaning)'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
