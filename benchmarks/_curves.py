"""Curves to store and the clock to time with, shared by the benchmarks of the lake."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from registry.schemas import SCHEMAS

POINTS = 500


def curves(first: int, rows: int, points: int = POINTS) -> pa.Table:
    """Rows of ``spectra``: noise, which does not compress, on a common axis."""
    generator = np.random.default_rng(first)
    schema = SCHEMAS["spectra"].arrow
    x = np.tile(np.linspace(0.5, 6, points), rows)
    y = generator.random(rows * points, dtype=np.float32)
    offsets = pa.array(np.arange(rows + 1) * points, pa.int32())
    given = {
        "spectrum_id": pa.array([name(n) for n in range(first, first + rows)]),
        "technique": pa.array(["xrd"] * rows),
        "kind": pa.array(["simulated"] * rows),
        "x": pa.ListArray.from_arrays(offsets, pa.array(x)),
        "intensity": pa.ListArray.from_arrays(offsets, pa.array(y)),
    }
    columns = [given.get(f.name, pa.nulls(rows, f.type)) for f in schema]
    return pa.table(columns, schema=schema)


def name(number: int) -> str:
    """Id of a curve: spread like a hash, so that no file holds a range of them."""
    return f"{(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128:032x}"


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Median duration (s)."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def in_turn(
    ours: Callable[[], object], theirs: Callable[[], object], repeats: int = 5
) -> tuple[float, float]:
    """Median durations (s) of two works run in turn and warm, so that noise meets both."""
    ours()
    theirs()
    pairs = [(seconds(ours, 1), seconds(theirs, 1)) for _ in range(repeats)]
    mine, other = zip(*pairs, strict=True)
    return statistics.median(mine), statistics.median(other)


def row(
    what: str, against: str, times: tuple[float, float], goal: float | None, unit: str = "s"
) -> dict[str, Any]:
    """A line of the results: times are (ours, theirs)."""
    ours, theirs = times
    return {
        "what": what,
        "against": against,
        "ours": ours,
        "theirs": theirs,
        "unit": unit,
        "ratio": theirs / ours,
        "goal": goal,
    }
