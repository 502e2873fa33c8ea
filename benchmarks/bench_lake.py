"""The lake against bare Parquet and hand-written DuckDB on the same files."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from benchmarks._curves import curves, in_turn, name, row
from registry.lake import Lake
from registry.tables.parquet import write_parquet

ROWS, BATCH = 100_000, 10_000
COMMITS, SMALL, ENDS = 500, 10, 20
HEAVY = ("torch", "mlflow", "prefect", "great_expectations", "pymatgen", "pandas")
OPEN = """
import sys, time
begin = time.perf_counter()
from registry.lake import Lake
lake = Lake.existing(sys.argv[1])
lake.sql("select technique, count(*) as n from spectra group by technique")
print(time.perf_counter() - begin, *(m for m in sys.argv[2:] if m in sys.modules))
"""


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return [
            _append(folder),
            *_questions(folder / "lake"),
            *_small_commits(folder),
            _opening(folder / "lake"),
        ]


def _append(folder: Path) -> dict[str, Any]:
    """Batch by batch in turn, so that noise and page cache meet both alike."""
    lake = Lake.open(folder / "lake")
    ours = theirs = 0.0
    for first in range(0, ROWS, BATCH):
        batch = curves(first, BATCH)
        begin = time.perf_counter()
        write_parquet(batch, str(folder / f"bare{first}.parquet"), ("spectrum_id",))
        middle = time.perf_counter()
        lake.append("spectra", batch)
        ours += time.perf_counter() - middle
        theirs += middle - begin
    for path in folder.glob("bare*"):
        path.unlink()
    what = f"append {ROWS} spectra x 500 points, {BATCH} a batch, ids deduplicated"
    return row(what, "bare pq.write_table, same encoding", (ours, theirs), 1 / 1.3)


def _questions(folder: Path) -> list[dict[str, Any]]:
    lake = Lake.existing(folder)
    files = lake["spectra"].files()
    hand = duckdb.connect()
    scan = "SELECT avg(list_sum(intensity)) FROM {source}"
    point = f"SELECT intensity FROM {{source}} WHERE spectrum_id = '{name(ROWS // 2)}'"

    def by_hand(query: str) -> Callable[[], object]:
        return lambda: hand.sql(query.format(source=f"read_parquet({files})")).to_arrow_table()

    def by_lake(query: str) -> Callable[[], object]:
        return lambda: lake.sql(query.format(source="spectra"))

    against = "hand-written DuckDB on the same files"
    return [
        row(what, against, in_turn(by_lake(query), by_hand(query)), 1 / 1.1)
        for what, query in (("scan and aggregate arrays", scan), ("look up one spectrum", point))
    ]


def _small_commits(folder: Path) -> list[dict[str, Any]]:
    shutil.rmtree(folder / "small", ignore_errors=True)
    lake = Lake.open(folder / "small")
    batches = [curves(n * SMALL, SMALL) for n in range(COMMITS)]
    times = []
    for batch in batches:
        begin = time.perf_counter()
        lake.append("spectra", batch)
        times.append(time.perf_counter() - begin)
    what = f"{COMMITS} commits of {SMALL} rows:"
    medians = statistics.median(times[-ENDS:]), statistics.median(times[:ENDS])
    # merges of small files and checkpoints fall into some commits: this row has its share of them
    means = statistics.mean(times[-10 * ENDS :]), statistics.mean(times[:ENDS])
    return [
        row(f"{what} median of the last {ENDS}", f"of the first {ENDS}", medians, 1 / 1.5),
        row(f"{what} mean of the last {10 * ENDS}", f"of the first {ENDS}", means, 1 / 1.5),
    ]


def _opening(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", OPEN, str(folder), *HEAVY]
    times, loaded = [], set()
    for _ in range(5):
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        times.append(float(said[0]))
        loaded |= set(said[1:])
    what = "open the lake in a new process and answer a small query"
    return {
        "what": what,
        "against": f"heavy libraries imported: {', '.join(sorted(loaded)) or 'none'}",
        "ours": statistics.median(times),
        "theirs": None,
        "unit": "s",
        "ratio": None,
        "goal": None,
    }
