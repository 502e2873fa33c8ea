"""Marks that exist only when read: right for every order of events, and free when not asked for."""

from __future__ import annotations

import runpy
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.query.views import needs, view
from registry.schemas import SCHEMAS

HISTORY = runpy.run_path(str(Path(__file__).with_name("history.py")))
ROWS: dict[str, list[dict[str, Any]]] = HISTORY["rows"]()
IDS: dict[str, str] = HISTORY["IDS"]
FILES: dict[str, str] = HISTORY["FILES"]
NAMES = {value: name for name, value in IDS.items()}
MARKED = [name for name, schema in SCHEMAS.items() if schema.derived]
START = datetime(2026, 11, 22, tzinfo=UTC)
THINGS = {
    **{name: (value, "file") for name, value in (("f " + n, v) for n, v in FILES.items())},
    **{name: (IDS[name], "spectrum") for name in ("e1", "e2", "s1", "s2")},
    **{name: (IDS[name], "material") for name in ("m1", "m2")},
    "sample A": ("sample A", "sample"),
}
Event = tuple[str, str]


def connect(events: Iterable[Event], marked: bool = True) -> duckdb.DuckDBPyConnection:
    """The rows of the history as views, after events at one second from each other."""
    noted = [
        {"entity_id": THINGS[thing][0], "entity_kind": THINGS[thing][1], "action": action}
        | {"event_id": str(n), "decided_at": START + timedelta(seconds=n)}
        for n, (thing, action) in enumerate(events)
    ]
    connection = duckdb.connect()
    for name in dict.fromkeys(n for table in SCHEMAS for n in (*needs(table), table)):
        rows = noted if name == "retractions" else ROWS.get(name, [])
        # in reverse: nothing may depend on the order of rows
        arrow = pa.Table.from_pylist(rows[::-1], schema=SCHEMAS[name].arrow)
        connection.register(f"stored_{name}", arrow)
        connection.execute(f"CREATE VIEW {name} AS {view(name, f'stored_{name}', marked)}")
    return connection


def marks(connection: duckdb.DuckDBPyConnection, table: str, flag: str) -> set[str]:
    """Keys of marked rows, in the short names of the history."""
    key = " || ' ' || ".join(SCHEMAS[table].key)
    found = connection.sql(f"SELECT {key} FROM {table} WHERE {flag}").fetchall()
    return {" ".join(NAMES.get(part, part) for part in row[0].split(" ")) for row in found}


def every_mark(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    return {
        f"{table}.{column.name}": marks(connection, table, column.name)
        for table in MARKED
        for column in SCHEMAS[table].derived
    }


def worked_out(events: list[Event]) -> dict[str, set[str]]:
    """The same in plain sets: what somebody would work out on paper."""
    last = dict(events)
    gone = {thing for thing, action in last.items() if action == "retract"}
    materials = {m for m in ("m1", "m2") if m in gone or f"f {m}" in gone}
    scan = {"e1", "e2"} if {"f scan", "sample A"} & gone else set()
    spectra = scan | (gone & {"e1", "e2", "s1", "s2"})
    stale_spectra = {s for s, m in (("s1", "m1"), ("s2", "m2")) if m in materials}
    bad = materials | spectra | stale_spectra
    datasets = {
        d
        for d, read in (("d1", {"m1", "m2", "s1", "s2", "e1"}), ("d2", {"m2", "s2"}))
        if read & bad
    }
    models = {m for m, d in (("a 1", "d1"), ("a 2", "d2"), ("b 1", "d1")) if d in datasets}
    answers = {("a 1", "m1"), ("a 2", "m1"), ("a 2", "e1"), ("a 2", "a curve")}
    return {
        "materials.retracted": materials,
        "spectra.retracted": spectra,
        "spectra.stale": stale_spectra,
        "features.stale": {f"{m} v1" for m in materials},
        "datasets.stale": datasets,
        "models.stale": models,
        "predictions.stale": {f"{m} {e}" for m, e in answers if m in models or e in bad},
    }


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(THINGS)), st.sampled_from(["retract", "restore"])),
        max_size=6,
    )
)
def test_marks_are_those_worked_out_on_paper(events: list[Event]) -> None:
    assert every_mark(connect(events)) == worked_out(events)


def test_the_last_event_decides() -> None:
    once = [("e1", "retract")]
    again = [*once, ("e1", "restore"), ("e1", "retract")]
    assert marks(connect(once), "models", "stale") == {"a 1", "b 1"}
    assert not marks(connect([*once, ("e1", "restore")]), "models", "stale")
    assert marks(connect(again), "models", "stale") == {"a 1", "b 1"}


@pytest.mark.parametrize("table", sorted(SCHEMAS))
@pytest.mark.parametrize("marked", [False, True])
def test_a_view_has_the_stored_columns_and_then_the_derived_ones(table: str, marked: bool) -> None:
    schema = SCHEMAS[table]
    got = connect([], marked).sql(f"FROM {table}").to_arrow_table()
    derived = [column.name for column in schema.derived]
    assert got.column_names == [*schema.arrow.names, *derived]
    assert got.num_rows == len(ROWS.get(table, []))
    for name in derived:
        assert got[name].to_pylist() == [False] * got.num_rows


def plan(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    return str(connection.sql(f"EXPLAIN {query}").fetchall()[0][1]).lower()


@pytest.mark.parametrize("table", MARKED)
def test_a_count_that_does_not_ask_for_marks_does_not_pay_for_them(table: str) -> None:
    """DuckDB drops the join: the plan reads the table and nothing else."""
    flag = SCHEMAS[table].derived[0].name
    key = SCHEMAS[table].key[0]
    retracted = connect([("f m1", "retract")])
    assert "join" in plan(retracted, f"SELECT count(*) FROM {table} WHERE {flag}")
    assert "join" not in plan(retracted, f"SELECT {key}, count(*) FROM {table} GROUP BY {key}")
    assert "join" not in plan(connect([], marked=False), f"SELECT {flag} FROM {table}")


def test_what_a_view_needs_comes_in_an_order_in_which_it_can_be_made() -> None:
    assert needs("checks") == ()
    assert needs("materials") == ("retractions",)
    for table in MARKED:
        order = needs(table)
        assert len(set(order)) == len(order)
        for n, name in enumerate(order):
            assert set(needs(name)) <= set(order[:n])
