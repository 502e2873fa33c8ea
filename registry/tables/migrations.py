"""From each schema version to the next: what a lake written by an older release becomes.

A step finds for itself what is left to do, so that one interrupted, or begun by two processes at
once, ends the same. Older snapshots are not rewritten: they are read as what they were, with
columns they lack as null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from registry.schemas import SCHEMA_VERSION
from registry.tables.commits import Outdated, commit
from registry.tables.parquet import row_groups
from registry.tables.table import Table

Tables = Mapping[str, Table]


def migrate(tables: Tables, version: int) -> None:
    """Bring the tables of a lake from an older schema version to the present one."""
    for step in range(version, SCHEMA_VERSION):
        STEPS[step](tables)


def _to_2(tables: Tables) -> None:
    """Retractions and chunks are new; whether a model is stale follows from the retractions."""
    tables["retractions"].create()
    tables["chunks"].create()
    _conform(tables["models"])


def _to_3(tables: Tables) -> None:
    """Features have rows and a time; until now every view was one vector a material."""
    _conform(tables["features"])
    _conform(tables["feature_views"], entity="material", rows="")


def _to_4(tables: Tables) -> None:
    """Answers say how sure they are; of earlier ones it was not kept."""
    _conform(tables["predictions"])


STEPS: dict[int, Callable[[Tables], None]] = {1: _to_2, 2: _to_3, 3: _to_4}


def _conform(table: Table, **added: str) -> None:
    """Rewrite a table in its present schema, a file at a time.

    Args:
        table: The table.
        added: Text of columns that are new in it; without, they become null.
    """
    while (state := table.state()).columns != tuple(table.schema.arrow.names):
        written = []
        for file in state.files:
            rows = table.read(file)
            for name, text in added.items():
                rows = rows.append_column(name, pa.repeat(text, rows.num_rows))
            written.append(table.write(row_groups(table.conform(rows))))
        try:
            commit(table, state.files, written, "MIGRATE", table.schema.arrow, state.version)
        except Outdated:
            for rewritten in written:
                table.discard(rewritten.path)
