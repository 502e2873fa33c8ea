"""SQL over a pinned snapshot: every table a view, read-only and fenced in.

The connection lives in memory, sees only the Parquet files of the snapshot and cannot be
configured from a query; only statements that read are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from registry.errors import QueryError
from registry.macros import create_statements
from registry.schemas import SCHEMAS

READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
MEMORY_LIMIT = "4GB"


def mentioned(query: str, names: Iterable[str]) -> list[str]:
    """Tables whose name occurs in a query: the others need not be opened."""
    words = set(re.findall(r"\w+", query.lower()))
    return [name for name in names if name in words]


def connect(files: Mapping[str, list[str]]) -> duckdb.DuckDBPyConnection:
    """Open a connection whose views are tables, each given by the files of a version."""
    connection = duckdb.connect()
    for name, paths in files.items():
        connection.register(f"empty_{name}", SCHEMAS[name].arrow.empty_table())
        source = f"read_parquet({_literal(paths)})" if paths else f"empty_{name}"
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {source}")
    connection.register("columns", _dictionary())
    for statement in create_statements():
        connection.execute(statement)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET allowed_paths = $1", [[p for paths in files.values() for p in paths]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def run(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] | None = None
) -> pa.Table:
    """Run one reading statement and return its result.

    Raises:
        QueryError: When the query does not parse, does more than read, or fails.
    """
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type not in READING:
            kinds = ", ".join(s.type.name for s in statements) or "nothing"
            raise QueryError(f"only a single SELECT is allowed here, found {kinds}")
        return connection.sql(query, params=parameters or []).to_arrow_table()
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def _literal(paths: list[str]) -> str:
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def _dictionary() -> pa.Table:
    rows = [
        {
            "table": s.name,
            "column": c.name,
            "type": str(c.type),
            "unit": c.unit,
            "meaning": c.meaning,
        }
        for s in SCHEMAS.values()
        for c in s.columns
    ]
    return pa.Table.from_pylist(rows)
