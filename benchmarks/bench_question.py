"""One question of a scientist to the lake, to a folder of HDF5 files and to Tiled.

Mean intensity between Q1 and Q2 for all Fe-containing materials below 100 K. The same curves are
in each store, all give the same number, and all files are in the page cache. DuckDB and the server
use what cores there are, the loop over files one. Tiled is not a dependency: name a Python with
``tiled[all]`` in SCATTERLAKE_TILED_PYTHON, or its rows are left out. It takes about 40 ms to
register a node, so that row is of fewer curves.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import _question_hdf5, _question_lake, _tiled
from benchmarks._curves import POINTS, curves, row, seconds
from benchmarks._question import BELOW, ELEMENT, Q1, Q2
from registry.lake import Lake

CURVES, NODES = 10_000, 1_000
MATERIALS, WITH_ELEMENT = 200, 20
OTHERS = ("Al", "Ca", "Co", "Cu", "Mg", "Mn", "Na", "Ni", "Si", "Ti")
FIRST = """
import sys, time
begin = time.perf_counter()
from benchmarks.{module} import asker
answer = asker(sys.argv[1])()
print(time.perf_counter() - begin, answer)
"""
Row = dict[str, Any]


def run() -> list[Row]:
    elements = _elements()
    spectra = _spectra(list(elements))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _write_lake(folder / "all", spectra, elements)
        _write_lake(folder / "some", spectra[:NODES], elements)
        _question_hdf5.write(folder / "hdf5", spectra, elements)
        os.sync()  # what was written shall not go to disk while reading is timed
        answer = _answer(spectra, elements)
        return [
            *_against_hdf5(folder, answer),
            *_against_tiled(folder, spectra, elements, answer),
        ]


def _elements() -> dict[str, list[str]]:
    """Elements of each material; a tenth has iron."""
    generator = np.random.default_rng(0)
    chosen = [{"O", *generator.choice(OTHERS, 2, replace=False).tolist()} for _ in range(MATERIALS)]
    for some in chosen[:: MATERIALS // WITH_ELEMENT]:
        some.add(ELEMENT)
    return {f"{n:032x}": sorted(some) for n, some in enumerate(chosen)}


def _spectra(materials: list[str]) -> pa.Table:
    """Curves, each of a random material at a random temperature."""
    generator = np.random.default_rng(1)
    given = {
        "material_id": pa.array(generator.choice(materials, CURVES)),
        "temperature": pa.array(generator.uniform(4, 300, CURVES)),
    }
    table = curves(0, CURVES)
    columns = [given.get(name, table[name]) for name in table.column_names]
    return pa.table(columns, schema=table.schema)


def _write_lake(folder: Path, spectra: pa.Table, elements: dict[str, list[str]]) -> None:
    lake = Lake.open(folder)
    lake.append("materials", [{"material_id": m, "elements": e} for m, e in elements.items()])
    lake.append("spectra", spectra)


def _answer(spectra: pa.Table, elements: dict[str, list[str]]) -> float:
    """The number, by NumPy: the mean over points is that over curves, as all are of one length."""
    wanted = spectra["temperature"].to_numpy() < BELOW
    wanted &= [ELEMENT in elements[m] for m in spectra["material_id"].to_pylist()]
    x, y = (pc.list_flatten(spectra[c]).to_numpy().reshape(-1, POINTS) for c in ("x", "intensity"))
    return float(y[wanted][(x[wanted] >= Q1) & (x[wanted] <= Q2)].mean(dtype=float))


def _against_hdf5(folder: Path, answer: float) -> list[Row]:
    size = f"{CURVES} curves x {POINTS} points"
    lake, files = str(folder / "all"), str(folder / "hdf5")
    first = _first("_question_lake", lake, answer), _first("_question_hdf5", files, answer)
    again = _again(_question_lake.asker(lake), answer), _again(_question_hdf5.asker(files), answer)
    against = "loop over HDF5 files, one a curve"
    return [
        row(f"{size}, first question of a new process", f"{against}, new process", first, None),
        row(f"{size}, asked again", against, again, None),
    ]


def _against_tiled(
    folder: Path, spectra: pa.Table, elements: dict[str, list[str]], answer: float
) -> list[Row]:
    python = os.environ.get("SCATTERLAKE_TILED_PYTHON")
    if python is None:
        print("no rows for Tiled: SCATTERLAKE_TILED_PYTHON names no Python with tiled")
        return []
    version, theirs = _tiled.measured(python, folder / "tiled", spectra, NODES, elements)
    fewer = _answer(spectra[:NODES], elements)
    rows = []
    for route, against, place, n, expected in (
        ("nodes", "a node each, found by metadata", "some", NODES, fewer),
        ("table", "one table, a row a point, grouped by pandas", "all", CURVES, answer),
        ("array", "one array on one axis, sliced to the window", "all", CURVES, answer),
    ):
        duration, found = theirs[route]
        _same(found, expected)
        ours = _again(_question_lake.asker(str(folder / place)), expected)
        what = f"{n} curves x {POINTS} points, asked again"
        rows.append(row(what, f"Tiled {version}, {against}", (ours, duration), None))
    return rows


def _first(module: str, place: str, answer: float) -> float:
    """Median duration (s) of importing, opening and asking in a new process."""
    command = [sys.executable, "-c", FIRST.format(module=module), place]
    times = []
    for _ in range(3):
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        _same(float(said[1]), answer)
        times.append(float(said[0]))
    return median(times)


def _again(ask: Callable[[], float], answer: float) -> float:
    """Median duration (s) after a first answer."""
    _same(ask(), answer)
    return seconds(ask)


def _same(found: float, expected: float) -> None:
    assert math.isclose(found, expected, rel_tol=1e-5), f"expected {expected}, found {found}"


if __name__ == "__main__":
    for line in run():
        print(line)
