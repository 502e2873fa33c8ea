"""Checks of many curves, and ingest through the gate against a bare Parquet write."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks._curves import POINTS, curves, row
from ingest.checks.gate import refusals
from ingest.checks.spectra import spectrum_quality
from registry.lake import Lake
from registry.tables.parquet import write_parquet

ROWS, BATCH = 100_000, 10_000
GOAL = 40_000
BREAK = 1000
"""One curve in so many has a NaN, so that the way for faulty ones is timed too."""


def run() -> list[dict[str, Any]]:
    firsts = range(0, ROWS, BATCH)
    return [
        _rate(f"all checks, {ROWS} x {POINTS} points", firsts, spectrum_quality),
        _rate(f"gate, {ROWS} x {POINTS} points", firsts, _gate),
        _rate(f"gate, one curve in {BREAK} broken", firsts, _gate, BREAK),
        _ingest(firsts),
    ]


def _gate(batch: pa.Table) -> list[Any]:
    return refusals(batch, "spectra")


def _batch(first: int, every: int = 0) -> pa.Table:
    """Curves of the length their shape says; every so many has a NaN."""
    rows = curves(first, BATCH)
    shape = pa.array([[POINTS]] * BATCH, rows.schema.field("shape").type)
    rows = rows.set_column(rows.schema.get_field_index("shape"), "shape", shape)
    if not every:
        return rows
    y = rows["intensity"].combine_chunks().flatten().to_numpy().copy()
    y[:: every * POINTS] = np.nan
    broken = pa.ListArray.from_arrays(np.arange(BATCH + 1, dtype=np.int32) * POINTS, y)
    at = rows.schema.get_field_index("intensity")
    return rows.set_column(at, "intensity", broken.cast(rows.schema.field(at).type))


def _rate(
    what: str, firsts: range, check: Callable[[pa.Table], object], every: int = 0
) -> dict[str, Any]:
    """Median over the batches, which are made before the clock starts."""
    times = []
    for first in firsts:
        batch = _batch(first, every)
        begin = time.perf_counter()
        check(batch)
        times.append(time.perf_counter() - begin)
    rate = BATCH / float(np.median(times))
    return {
        "what": what,
        "against": f"goal of {GOAL} curves/s (ratio and goal against it)",
        "ours": rate,
        "theirs": None,
        "unit": "curves/s",
        "ratio": rate / GOAL,
        "goal": 1,
    }


def _ingest(firsts: range) -> dict[str, Any]:
    """Batch by batch in turn, so that noise and page cache meet both alike."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as scratch:
        lake = Lake.open(Path(scratch) / "lake")
        for first in firsts:
            batch = _batch(first)
            begin = time.perf_counter()
            write_parquet(batch, str(Path(scratch) / f"bare{first}.parquet"), ("spectrum_id",))
            middle = time.perf_counter()
            if any(refusals(batch, "spectra")):
                raise SystemExit("a curve of the benchmark was refused")
            lake.append("spectra", batch)
            ours.append(time.perf_counter() - middle)
            theirs.append(middle - begin)
    what = f"gate and append {ROWS} spectra x {POINTS} points, {BATCH} a batch"
    return row(what, "bare pq.write_table, same encoding", (sum(ours), sum(theirs)), 1 / 2)
