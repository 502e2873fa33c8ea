"""The same work by one process, by two, and by two of a Ray: how long it takes, median of three."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._curves import seconds
from benchmarks._registry import add_spectra, trained
from features.store import FeatureStore
from flows.cluster.predicting import spread
from flows.cluster.training import train_on_ray
from ingest.simulate import simulate
from registry.lake import Lake
from registry.parallel import mapper, on_ray
from training.batch import predict_where
from training.loading import load_model
from training.models import models
from training.reading import open_reading
from training.study import Candidate

PLACES: dict[str, tuple[int, str | None]] = {
    "one": (1, None),
    "processes": (2, None),
    "ray": (2, "ray"),
}
CRYSTALS, SPECTRA, EMPTY, REPEATS = 120, 8192, 400, 3
ATOMS = ("Na", "Cl", "Mg", "O") * 2
NETWORK = {"epochs": 1, "hidden": 32}
LEARN = {"dropout": 0.0, "batch": 256, "hidden": 256, "depth": 4, "patience": 100}
EPOCHS = (2, 22)


def measure(found: dict[str, Any], keep: Callable[[], None]) -> None:
    """Fill in what is not there yet: seconds by work and place, start and overhead of a task.

    Args:
        found: What is known, and what becomes known.
        keep: Called after each part.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        begin = time.perf_counter()
        stack.enter_context(on_ray("ray", 2))
        started = time.perf_counter() - begin
        asked = _asked(Path(folder))
        parts: dict[str, Callable[[], Any]] = {
            "overhead": partial(_overhead, started),
            "simulate": partial(_everywhere, CRYSTALS, partial(_simulated, Path(folder))),
            "describe": partial(_everywhere, CRYSTALS, partial(_described, Path(folder))),
            "predict": partial(_everywhere, SPECTRA, partial(_predicted, Path(folder), asked)),
            "learn": partial(_learnt, asked),
        }
        for name, part in parts.items():
            if name not in found:
                found[name] = {**part(), "load": os.getloadavg()[1]}
                keep()


def _overhead(started: float) -> dict[str, Any]:
    first = {place: _empty(*PLACES[place], tasks=2) for place in ("processes", "ray")}
    empty = {place: partial(_empty, *at, tasks=EMPTY) for place, at in PLACES.items()}
    task = {place: _median(work) / EMPTY for place, work in empty.items()}
    return {"ray_s": started, "first_s": first, "task_s": task}


def _everywhere(count: int, work: Callable[[int, str | None], float]) -> dict[str, Any]:
    taken = {place: _median(partial(work, *at)) for place, at in PLACES.items()}
    return {"count": count, "taken_s": taken}


def _median(work: Callable[[], float]) -> float:
    return statistics.median(work() for _ in range(REPEATS))


def _empty(workers: int, on: str | None, tasks: int) -> float:
    with mapper(workers, on) as run:
        return seconds(lambda: sum(run(int, iter([1] * tasks))), 1)


def _crystals(folder: Path) -> Lake:
    """A new lake of cells with eight atoms, each a little different."""
    lake = Lake.open(tempfile.mkdtemp(dir=folder) + "/lake")
    rng = np.random.default_rng(0)
    rows = []
    for n in range(CRYSTALS):
        lattice = np.diag(rng.uniform(5, 7, 3)).ravel()
        rows.append(
            {
                "material_id": f"crystal-{n}",
                "lattice": lattice.tolist(),
                "species": [[{"symbol": symbol, "occupancy": 1.0}] for symbol in ATOMS],
                "positions": rng.random(24).tolist(),
            }
        )
    lake.append("materials", rows)
    return lake


def _simulated(folder: Path, workers: int, on: str | None) -> float:
    lake = _crystals(folder)
    return seconds(lambda: simulate(lake, "xrd", workers=workers, on=on), 1)


def _described(folder: Path, workers: int, on: str | None) -> float:
    store = FeatureStore(_crystals(folder))
    return seconds(lambda: store.compute("soap", workers=workers, on=on), 1)


def _asked(folder: Path) -> Lake:
    """A lake with a small network and many spectra to ask it about."""
    lake = Lake.open(folder / "asked")
    trained(lake, {"cnn1d": NETWORK})
    add_spectra(lake, SPECTRA)
    return lake


def _predicted(folder: Path, lake: Lake, workers: int, on: str | None) -> float:
    """Answers are noted in an empty table each time, or the second time nothing is asked."""
    model = load_model(lake, "systems", 1)
    other = tempfile.mkdtemp(dir=folder)
    fresh = Lake.open(f"{other}/lake")
    for table in ("materials", "spectra", "datasets", "dataset_members"):
        columns = ", ".join(f'"{name}"' for name in fresh[table].schema.arrow.names)
        fresh.append(table, lake.sql(f"SELECT {columns} FROM {table}"))
    with spread(lake, model, workers, on) as able:
        return seconds(lambda: predict_where(fresh, able), 1)


def _learnt(lake: Lake) -> dict[str, Any]:
    """An epoch by one process and by two workers of Ray Train: the longer fit less the shorter."""
    candidate = Candidate("mlp", ("xrd",), LEARN)
    reading = open_reading(lake, "systems")
    training = reading.training(("xrd",), 0)

    def alone(epochs: int) -> Any:
        return models()["mlp"].train(training, **LEARN, epochs=epochs)

    def shared(epochs: int) -> Any:
        settings = {**LEARN, "epochs": epochs}
        return train_on_ray(lake, "systems", replace(candidate, settings=settings), workers=2)

    found: dict[str, Any] = {"rows": len(training.labels)}
    histories = {}
    for name, fit in (("one", alone), ("ray", shared)):
        few, many = (_median(lambda n=n, fit=fit: seconds(lambda: fit(n), 1)) for n in EPOCHS)
        found[name] = {"epoch_s": (many - few) / (EPOCHS[1] - EPOCHS[0]), "shortest_s": few}
        histories[name] = np.array(fit(EPOCHS[0]).history)
    found["difference"] = float(np.abs(histories["ray"] / histories["one"] - 1).max())
    return found
