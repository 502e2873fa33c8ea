"""Flows against the same plain calls, a watched folder, and a scrape of the metrics.

The quickstart's steps up to training (ingest, validate, simulate, describe) over its own example
files, ``PER_LATTICE`` structures of each lattice shape: once as flows on a Prefect server that
runs, once as plain calls, in turn, each into a new lake. The start of the server is a row of its
own: whoever works over a stack does not wait for it.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks._curves import curves, row, seconds
from registry.lake import Lake
from registry.schemas import SCHEMAS

REPEATS = int(os.environ.get("SCATTERLAKE_FLOWS_REPEATS", "5"))
PER_LATTICE = 30
SIMULATORS: dict[str, dict[str, float]] = {"xrd": {"background": 0.02, "counts": 2000}, "npd": {}}
VIEWS = ["coulomb_matrix", "prdf", "soap", "rdc"]
SCRAPED, CHECKS, BATCH = 100_000, 10, 10_000
CURVE = "# SAXS; Q in 1/angstrom\nQ,I\n"


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return [*_watched(folder), _scrape(folder), *_overhead(folder)]


def _overhead(folder: Path) -> list[dict[str, Any]]:
    from flows.examples import write_examples
    from flows.stack.running import start, stop
    from flows.stack.services import HOST, services

    folders = write_examples(folder / "files", PER_LATTICE)
    paths = [folders[kind] for kind in ("structures", "measured", "broken")]
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    home = folder / "stack"
    home.mkdir()
    server = services(home, port, port)[0]
    begin = time.perf_counter()
    start(home, [server])
    started = time.perf_counter() - begin
    os.environ.update(server.environment)
    os.environ["PREFECT_LOGGING_LEVEL"] = "WARNING"
    try:
        flow, plain = _in_turn(folder, paths)
    finally:
        stop(home)
    what = f"ingest, check, simulate {len(SIMULATORS)} techniques, describe by {len(VIEWS)} views"
    against = f"the same plain calls; median of {REPEATS}, {PER_LATTICE} structures a lattice"
    return [
        row(f"{what}: as flows", against, (flow, plain), 1 / 1.05),
        row("start of a Prefect server", "-", (started, started), None),
    ]


def _in_turn(folder: Path, paths: list[Path]) -> tuple[float, float]:
    # once each, not counted: what is imported late is there afterwards
    for work in (_as_flows, _plain):
        _timed(folder, paths, work)
    pairs = [
        (_timed(folder, paths, _as_flows), _timed(folder, paths, _plain)) for _ in range(REPEATS)
    ]
    flow, plain = (statistics.median(times) for times in zip(*pairs, strict=True))
    return flow, plain


def _timed(folder: Path, paths: list[Path], work: Callable[[Lake, list[Path]], None]) -> float:
    lake = Lake.open(folder / "lake")
    took = seconds(lambda: work(lake, paths), 1)
    shutil.rmtree(lake.path)
    return took


def _as_flows(lake: Lake, paths: list[Path]) -> None:
    from flows.derive import featurize, simulate
    from flows.ingest import ingest

    ingest(lake.uri, [str(path) for path in paths])
    simulate(lake.uri, SIMULATORS)
    featurize(lake.uri, VIEWS)


def _plain(lake: Lake, paths: list[Path]) -> None:
    from features.store import FeatureStore
    from ingest.checks.validate import validate
    from ingest.files import ingest_files
    from ingest.simulate import simulate

    ingest_files(lake, paths)
    validate(lake)
    for name, parameters in SIMULATORS.items():
        simulate(lake, name, parameters=parameters)
    validate(lake)
    FeatureStore(lake).compute_all(VIEWS)


def _watched(folder: Path) -> list[dict[str, Any]]:
    """From the closing of a new file to the first query that sees its row, less its parsing."""
    from ingest.readers import Source, reader_for
    from ingest.watch import Watch

    place = folder / "instrument"
    place.mkdir()
    lake = Lake.open(folder / "watched")
    stop = threading.Event()
    watch = Watch(lake, place, tell=lambda _: None, complain=print)
    thread = threading.Thread(target=watch.run, args=(stop.wait,))
    thread.start()
    times, parsing = [], []
    try:
        for n in range(REPEATS + 1):
            path = place / f"scan{n}.csv"
            text = CURVE + "".join(f"{0.01 * q},{(n + 1) * 100 / q}\n" for q in range(1, 301))
            path.write_text(text)
            begin = time.perf_counter()
            source = Source(path, path.read_bytes())
            reader_for(source).read(source)
            parsing.append(time.perf_counter() - begin)
            while lake.sql("SELECT count(*) AS n FROM spectra")["n"][0].as_py() <= n:
                time.sleep(0.02)
            times.append(time.perf_counter() - begin - parsing[-1])
    finally:
        stop.set()
        thread.join()
    # the first one waits for what is imported late
    took, parse = statistics.median(times[1:]), statistics.median(parsing[1:])
    what = "new file in a watched folder until SQL sees its row"
    against = f"2 s; median of {REPEATS}, parsing alone {1000 * parse:.1f} ms"
    return [row(what, against, (took, 2.0), 1.0)]


def _scrape(folder: Path) -> dict[str, Any]:
    from flows.metrics import as_text

    lake = Lake.open(folder / "scraped")
    for first in range(0, SCRAPED, BATCH):
        spectra = curves(first, BATCH)
        lake.append("spectra", spectra)
        lake.append("checks", _results(spectra["spectrum_id"]))
    # with anything retracted, marks are derived for every row
    lake.append("retractions", [{"event_id": "1", "entity_id": "sample 1", "action": "retract"}])
    as_text(lake)
    took = seconds(lambda: as_text(lake), REPEATS)
    what = f"scrape of the metrics, {SCRAPED} spectra with {CHECKS} checks each"
    return row(what, f"0.5 s; median of {REPEATS}", (took, 0.5), 1.0)


def _results(spectra: pa.ChunkedArray) -> pa.Table:
    """A result of every check for each spectrum; the first check fails."""
    names = np.tile([f"check_{n}" for n in range(CHECKS)], len(spectra))
    given = {
        "entity_id": pa.array(np.repeat(spectra.to_numpy(), CHECKS), pa.string()),
        "check_name": pa.array(names),
        "severity": pa.array(["warning"] * len(names)),
        "passed": pa.array(names != "check_0"),
    }
    schema = SCHEMAS["checks"].arrow
    columns = [given.get(f.name, pa.nulls(len(names), f.type)) for f in schema]
    return pa.table(columns, schema=schema)
