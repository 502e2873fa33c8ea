"""Curve macros against the cheapest question that can be put to the same files: add up one list."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import duckdb

from benchmarks._curves import POINTS, curves, in_turn, row
from registry.query.macros import create_statements
from registry.tables.parquet import write_parquet

ROWS, BATCH = 100_000, 10_000
THREADS = 2
GOAL = 1 / 2.5
BASE = "list_sum(intensity)"
# what it costs to read x as well is in every macro
QUESTIONS = (
    ("reading and adding up x as well", f"{BASE} + list_sum(x)", None),
    ("mean between two x", "mean_between(x, intensity, 1, 2)", GOAL),
    ("area", "area(x, intensity)", GOAL),
    ("value at x", "y_at(x, intensity, 1.2345)", GOAL),
    ("centroid", "centroid(x, intensity)", GOAL),
)


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, ROWS, BATCH):
            write_parquet(curves(first, BATCH), f"{folder}/{first}.parquet")
        connection = duckdb.connect(config={"threads": THREADS})
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE VIEW spectra AS FROM read_parquet('{folder}/*.parquet')")
        for statement in create_statements():
            connection.execute(statement)

        def asking(expression: str) -> Callable[[], object]:
            return lambda: connection.execute(f"SELECT avg({expression}) FROM spectra").fetchall()

        size = f"{ROWS} curves x {POINTS} points"
        against = f"avg({BASE}) on the same files"
        return [
            row(f"{what}, {size}", against, in_turn(asking(expression), asking(BASE)), goal)
            for what, expression, goal in QUESTIONS
        ]
