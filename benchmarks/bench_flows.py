"""Flows against the same plain calls, a retraining, a watched folder, a scrape of the metrics.

The quickstart from its example files to its registered models, ``STRUCTURES`` structures of each
lattice shape and some seeds: once as the flow on a Prefect server that runs, once as the plain
calls it is made of, in turn, each into a new lake. What flows add is a row of its own, in seconds:
a task is a batch, so their number does not grow with the data, and the share falls as the data
grow. The command takes 250 structures and five seeds, which is half an hour here. The start of the
server is another: whoever works over a stack does not wait for it. A lake of the quickstart then
gets more structures, and its champion is retrained.

``SCATTERLAKE_FLOWS_STRUCTURES``, ``SCATTERLAKE_FLOWS_SEEDS`` and ``SCATTERLAKE_FLOWS_REPEATS`` make
it smaller or larger.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks._curves import curves, in_turn, row, seconds
from registry.lake import Lake
from registry.schemas import SCHEMAS

REPEATS = int(os.environ.get("SCATTERLAKE_FLOWS_REPEATS", "3"))
STRUCTURES = int(os.environ.get("SCATTERLAKE_FLOWS_STRUCTURES", "30"))
MORE = 1.25
"""Structures of each lattice shape when the champion is retrained, over those before."""
SEEDS = list(range(int(os.environ.get("SCATTERLAKE_FLOWS_SEEDS", "1"))))
WORKERS = 2
SCRAPED, CHECKS, BATCH = 100_000, 10, 10_000
CURVE = "# SAXS; Q in 1/angstrom\nQ,I\n"


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return [*_watched(folder), _scrape(folder), *_over_a_server(folder)]


def _over_a_server(folder: Path) -> list[dict[str, Any]]:
    begin = time.perf_counter()
    with _server(folder / "stack"):
        started = time.perf_counter() - begin
        number = count()  # MLflow remembers where it was: each lake lies at a place of its own

        def new() -> Lake:
            return Lake.open(folder / f"lake{next(number)}")

        flow, plain = in_turn(lambda: _as_flow(new()), lambda: _plain(new()), REPEATS)
        retrained = _retrained(new())
    what = f"quickstart, {STRUCTURES} structures a lattice, {len(SEEDS)} seed(s): as a flow"
    against = f"the same plain calls; medians of {REPEATS} in turn, {WORKERS} processes"
    return [
        row(what, against, (flow, plain), 1 / 1.05),
        _alone("of that: what the flow adds", flow - plain),
        retrained,
        _alone("start of a Prefect server", started),
    ]


@contextmanager
def _server(home: Path) -> Iterator[None]:
    """A Prefect server of our own, named in the environment before Prefect is imported."""
    from flows.stack.running import start, stop
    from flows.stack.services import HOST, services

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    home.mkdir()
    server = services(home, port, port)[0]
    start(home, [server])
    # its MLflow is not started: models are kept in the lake
    kept = {k: v for k, v in server.environment.items() if k != "MLFLOW_TRACKING_URI"}
    os.environ.update({**kept, "PREFECT_LOGGING_LEVEL": "WARNING"})
    try:
        yield
    finally:
        stop(home)


def _as_flow(lake: Lake) -> None:
    from flows.quickstart import quickstart
    from flows.reporting import reporting

    with reporting(lambda *_: None):
        quickstart(lake.uri, WORKERS, STRUCTURES, SEEDS)


def _plain(lake: Lake) -> None:
    from features.store import FeatureStore
    from flows.quickstart import STUDY, VIEWS
    from ingest.checks.validate import validate
    from ingest.files import ingest_files
    from ingest.simulate import simulate
    from training.studies import studies
    from training.train import train_study

    ingest_files(lake, _files(lake, STRUCTURES), workers=WORKERS)
    validate(lake)
    for name, parameters in _simulators().items():
        simulate(lake, name, parameters=parameters, workers=WORKERS)
    validate(lake)
    FeatureStore(lake).compute_all(VIEWS, workers=WORKERS)
    train_study(lake, studies()[STUDY], SEEDS, workers=WORKERS)


def _files(lake: Lake, structures: int) -> list[Path]:
    from flows.examples import write_examples

    folders = write_examples(lake.path / "inputs", structures)
    return [folders[kind] for kind in ("structures", "measured", "broken")]


def _simulators() -> dict[str, dict[str, float]]:
    """Simulators of the quickstart, with their parameters."""
    from flows.quickstart import ALSO_SIMULATED, STUDY
    from training.definitions import SpectrumInput
    from training.studies import studies

    inputs = studies()[STUDY].dataset.inputs
    read = {i.technique: dict(i.parameters) for i in inputs if isinstance(i, SpectrumInput)}
    return read | ALSO_SIMULATED


def _retrained(lake: Lake) -> dict[str, Any]:
    """The flow ``retrain`` over a lake that got more structures since its champion was trained."""
    from features.store import FeatureStore
    from flows.quickstart import STUDY, VIEWS
    from flows.reporting import reporting
    from flows.train import retrain
    from ingest.files import ingest_files
    from ingest.simulate import simulate

    _as_flow(lake)
    ingest_files(lake, _files(lake, round(MORE * STRUCTURES)), workers=WORKERS)
    for name, parameters in _simulators().items():
        simulate(lake, name, parameters=parameters, workers=WORKERS)
    FeatureStore(lake).compute_all(VIEWS, workers=WORKERS)
    times = []
    for n in range(REPEATS):
        copy = shutil.copytree(lake.path, lake.path.with_name(f"grown{n}"))
        with reporting(lambda *_: None):
            begin = time.perf_counter()
            outcome = retrain(str(copy), STUDY)
            times.append(time.perf_counter() - begin)
    row = outcome.challenger
    if row is None:
        raise RuntimeError(f"nothing was retrained: {outcome.reason}")
    members = "SELECT count(*) AS n FROM dataset_members WHERE manifest = $1"
    n = Lake.existing(copy).sql(members, [outcome.manifest])["n"][0].as_py()
    model = f"{row['algorithm']} on {'+'.join(row['inputs'])}, {n} members"
    what = "retrain and decide, as a flow: assemble, audit for leaks, fit, register, compare, alias"
    return _alone(what, statistics.median(times), f"{model}; median of {REPEATS}")


def _alone(what: str, took: float, against: str = "-") -> dict[str, Any]:
    """A line with nothing to compare with."""
    return {**row(what, against, (took, took), None), "theirs": None, "ratio": None}


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
    what = "new file in a watched folder until SQL sees its row, less its parsing"
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
