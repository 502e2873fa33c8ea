"""Nearest curves and random access by id, against NumPy on a memory map and Lance.

``python -m benchmarks.bench_nearest`` prints the rows. Everything is warm: medians after a first
run. Lance is not a dependency: name a Python that has ``pylance`` and NumPy in
SCATTERLAKE_LANCE_PYTHON, or its row is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks._curves import POINTS, curves, in_turn, name, row, seconds
from registry.curves.nearest import nearest
from registry.curves.query import Query
from registry.curves.sidecar import Sidecar, Sidecars, stem
from registry.curves.sidecar_build import COLUMNS
from registry.curves.take import matrix
from registry.lake import Lake
from registry.tables.parquet import read_groups

ROWS, BATCH = 100_000, 10_000
X = np.linspace(0.5, 6, POINTS)
TAKEN, K, REPEATS = 5_000, 10, 15
NEAREST_GOAL, TAKE_GOAL = 1 / 1.1, 1 / 1.5
Row = dict[str, Any]

LANCE = """
import sys, time
from statistics import median
import lance, numpy as np, pyarrow as pa

values, rows, folder = np.load(sys.argv[1]), np.load(sys.argv[2]), sys.argv[3]
column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
dataset = lance.write_dataset(pa.table({"intensity": column}), folder)

def once():
    start = time.perf_counter()
    dataset.take(rows, columns=["intensity"])
    return time.perf_counter() - start

once()
print(median(once() for _ in range(int(sys.argv[4]))))
"""


def run() -> list[Row]:
    """Benchmark rows."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = _lake(folder)
        built, sidecars = _built(folder, files)
        ids = np.array([name(n) for n in range(ROWS)])
        plain = folder / "plain.npy"
        np.save(plain, matrix(sidecars, ids.tolist()))
        os.sync()  # what was written shall not go to disk while reading is timed
        return [
            *built,
            *_nearest(sidecars, plain),
            _other_grid(sidecars, plain),
            *_take(folder, sidecars, plain, ids),
        ]


def _lake(folder: Path) -> list[str]:
    lake = Lake.open(folder / "lake")
    for first in range(0, ROWS, BATCH):
        lake.append("spectra", curves(first, BATCH))
    return lake["spectra"].files()


def _built(folder: Path, files: list[str]) -> tuple[list[Row], list[Sidecar]]:
    start = time.perf_counter()
    sidecars = Sidecars(folder / "sidecars", read_groups).open(files)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    for file in files:
        pq.read_table(file, columns=list(COLUMNS), partitioning=None)
    theirs = time.perf_counter() - start
    made = [p for file in files for p in (folder / "sidecars" / stem(file)).iterdir()]
    size = sum(p.stat().st_size for p in made) / 1e6
    stored = sum(Path(file).stat().st_size for file in files) / 1e6
    what = f"{ROWS} spectra x {POINTS}"
    return [
        row(f"sidecars of {what}, built once", "pq.read_table, same columns", (ours, theirs), None),
        row(f"size of the sidecars of {what}", "their Parquet files", (size, stored), None, "MB"),
    ], sidecars


def _nearest(sidecars: list[Sidecar], plain: Path) -> list[Row]:
    values = np.load(plain, mmap_mode="r")
    y = np.random.default_rng(1).random(POINTS)
    query, unit = Query.of("xrd", X, y), y.astype(np.float32)

    def by_hand() -> object:
        return np.argpartition(values @ unit, -K)[-K:]

    def by_lake() -> object:
        return nearest(sidecars, query, K)

    by_turns = in_turn(by_lake, by_hand, REPEATS)
    # threads of BLAS go on spinning for a while after a product: once with them out of the way
    apart = seconds(by_lake, REPEATS), seconds(by_hand, REPEATS)
    what = f"nearest {K} of {ROWS} spectra x {POINTS}, one grid"
    against = "NumPy M @ q, argpartition, memory map"
    return [
        row(what, f"{against}; in turn", by_turns, NEAREST_GOAL),
        row(what, f"{against}; one after the other", apart, NEAREST_GOAL),
    ]


def _other_grid(sidecars: list[Sidecar], plain: Path) -> Row:
    values = np.load(plain, mmap_mode="r")
    grid = np.linspace(0.6, 5.9, 700)
    y = np.random.default_rng(1).random(len(grid))
    query = Query.of("xrd", grid, y)

    def by_hand() -> object:
        stacked = np.stack([np.interp(grid, X, curve) for curve in values])
        return np.argpartition(stacked @ y / np.linalg.norm(stacked, axis=1), -K)[-K:]

    ours, theirs = in_turn(lambda: nearest(sidecars, query, K), by_hand, 3)
    return row(f"nearest {K}, query on another grid", "np.interp row by row", (ours, theirs), None)


def _take(
    folder: Path, sidecars: list[Sidecar], plain: Path, ids: np.ndarray[Any, Any]
) -> list[Row]:
    rows = np.random.default_rng(2).choice(ROWS, TAKEN, replace=False)
    wanted = ids[rows].tolist()
    values = np.load(plain, mmap_mode="r")
    ours, gather = in_turn(lambda: matrix(sidecars, wanted), lambda: values[rows], REPEATS)
    what = f"{TAKEN} random spectra x {POINTS} by id"
    by_number = row(what, "NumPy memory map by row number", (ours, gather), None)
    python = os.environ.get("SCATTERLAKE_LANCE_PYTHON")
    if python is None:
        print("no row for Lance: SCATTERLAKE_LANCE_PYTHON names no Python with pylance")
        return [by_number]
    np.save(folder / "rows.npy", rows)
    arguments = [str(plain), str(folder / "rows.npy"), str(folder / "lance"), str(REPEATS)]
    answer = subprocess.run(
        [python, "-c", LANCE, *arguments], capture_output=True, text=True, check=True
    )
    return [by_number, row(what, "Lance take", (ours, float(answer.stdout)), TAKE_GOAL)]


if __name__ == "__main__":
    for found in run():
        print(json.dumps(found))
