"""The lake against bare Parquet and hand-written DuckDB on the same files."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from registry.lake import Lake
from registry.tables import write_parquet

ROWS, POINTS, BATCH = 20_000, 500, 10_000
REPEATS = 3


def curves(first: int, rows: int) -> pa.Table:
    """Rows of ``spectra``: noise on a common axis."""
    generator = np.random.default_rng(first)
    schema = Lake(Path()).tables["spectra"].schema.arrow
    x = np.tile(np.linspace(0.5, 6, POINTS), rows)
    y = generator.random(rows * POINTS, dtype=np.float32)
    offsets = pa.array(np.arange(rows + 1) * POINTS, pa.int32())
    given = {
        "spectrum_id": pa.array([f"{n:032x}" for n in range(first, first + rows)]),
        "technique": pa.array(["xrd"] * rows),
        "kind": pa.array(["simulated"] * rows),
        "x": pa.ListArray.from_arrays(offsets, pa.array(x)),
        "intensity": pa.ListArray.from_arrays(offsets, pa.array(y)),
    }
    columns = [given.get(f.name, pa.nulls(rows, f.type)) for f in schema]
    return pa.table(columns, schema=schema)


def seconds(work: Callable[[], object]) -> float:
    """Median of three runs (s)."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        batches = [curves(first, BATCH) for first in range(0, ROWS, BATCH)]
        return [_append(folder, batches), *_questions(folder)]


def _append(folder: Path, batches: list[pa.Table]) -> dict[str, Any]:
    def ours() -> None:
        shutil.rmtree(folder / "lake", ignore_errors=True)
        lake = Lake.open(folder / "lake")
        for batch in batches:
            lake["spectra"].append_new(batch)

    def bare() -> None:
        for n, batch in enumerate(batches):
            write_parquet(batch, folder / f"bare{n}.parquet")

    what = f"append {ROWS} spectra x {POINTS} points, ids deduplicated"
    return _row(what, "bare pq.write_table, same encoding", seconds(ours), seconds(bare), 1 / 1.3)


def _questions(folder: Path) -> list[dict[str, Any]]:
    lake = Lake.open(folder / "lake")
    files = lake["spectra"].files()
    hand = duckdb.connect()
    scan = "SELECT avg(list_sum(intensity)) FROM {source}"
    point = f"SELECT intensity FROM {{source}} WHERE spectrum_id = '{ROWS // 2:032x}'"
    mean = "SELECT avg(mean_between(x, intensity, 1, 2)) FROM spectra"

    def by_hand(query: str) -> Callable[[], object]:
        return lambda: hand.execute(query.format(source=f"read_parquet({files})")).fetchall()

    def by_lake(query: str) -> Callable[[], object]:
        return lambda: lake.sql(query.format(source="spectra"))

    against = "hand-written DuckDB on the same files"
    total = seconds(by_hand(scan))
    return [
        _row("scan and aggregate arrays", against, seconds(by_lake(scan)), total, 1 / 1.1),
        _row(
            "look up one spectrum", against, seconds(by_lake(point)), seconds(by_hand(point)), None
        ),
        _row(
            "mean between two x", "avg(list_sum(intensity))", seconds(by_lake(mean)), total, 1 / 2.5
        ),
    ]


def _row(what: str, against: str, ours: float, theirs: float, goal: float | None) -> dict[str, Any]:
    ratio = theirs / ours
    return {
        "what": what,
        "against": against,
        "ours": ours,
        "theirs": theirs,
        "unit": "s",
        "ratio": ratio,
        "goal": goal,
    }
