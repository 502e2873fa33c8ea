"""The same work by one process, by two, and by two of a Ray: how long it takes, median of three.

The three take turns. What a spectrum costs is told apart from what a call costs: processor seconds
of one process for many, less those for a quarter of them.
"""

from __future__ import annotations

import importlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._curves import seconds
from benchmarks._registry import add_spectra, trained
from features.store import FeatureStore
from flows.cluster.predicting import spread
from flows.cluster.training import Fit, fit_together, on_workers, training_of
from ingest.simulate import simulate
from registry.lake import Lake
from registry.parallel import mapper, on_ray
from training.batch import predict_where
from training.loading import load_model
from training.models import Learnt, models
from training.models._run import Run, running
from training.reading import open_reading

PLACES: dict[str, tuple[int, str | None]] = {
    "one": (1, None),
    "processes": (2, None),
    "ray": (2, "ray"),
}
CRYSTALS, SPECTRA, EMPTY, REPEATS = 2000, 8192, 400, 3
FEW = 4
"""The smaller number of items is that part of the larger."""
ATOMS = ("Na", "Cl", "Mg", "O") * 2
NETWORK = {"epochs": 1, "hidden": 32}
LEARN = {"dropout": 0.0, "batch": 256, "hidden": 256, "depth": 4, "epochs": 21, "patience": 21}


@dataclass(frozen=True)
class Taken:
    """Seconds on the clock, and of the processor in this process."""

    wall: float
    processor: float


Work = Callable[[int, int, str | None], Taken]
"""Does so many, by so many workers, there."""


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
                begin = time.perf_counter()
                found[name] = {
                    **part(),
                    "load": os.getloadavg()[0],
                    "seconds": time.perf_counter() - begin,
                }
                keep()


def _overhead(started: float) -> dict[str, Any]:
    first = {place: _empty(*PLACES[place], tasks=2) for place in ("processes", "ray")}
    turns = [{p: _empty(*at, tasks=EMPTY) for p, at in PLACES.items()} for _ in range(REPEATS)]
    task = {place: statistics.median(turn[place] for turn in turns) / EMPTY for place in PLACES}
    return {"ray_s": started, "first_s": first, "task_s": task}


def _everywhere(count: int, work: Work) -> dict[str, Any]:
    few = count // FEW
    work(few, 1, None)  # what is imported and compiled once is no part of it
    turns = []
    for _ in range(REPEATS):
        less = work(few, 1, None)
        turns.append((less, {place: work(count, *at) for place, at in PLACES.items()}))
    return {
        "count": count,
        "few": few,
        "taken_s": {p: statistics.median(all_[p].wall for _, all_ in turns) for p in PLACES},
        "processor_s": {
            "few": statistics.median(less.processor for less, _ in turns),
            "all": statistics.median(all_["one"].processor for _, all_ in turns),
        },
    }


def _clocked(work: Callable[[], object]) -> Taken:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - wall, time.process_time() - processor)


def _empty(workers: int, on: str | None, tasks: int) -> float:
    with mapper(workers, on) as run:
        return seconds(lambda: sum(run(int, iter([1] * tasks))), 1)


def _crystals(folder: Path, count: int) -> Lake:
    """A new lake of cells with eight atoms, each a little different."""
    lake = Lake.open(tempfile.mkdtemp(dir=folder) + "/lake")
    rng = np.random.default_rng(0)
    rows = []
    for n in range(count):
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


def _simulated(folder: Path, count: int, workers: int, on: str | None) -> Taken:
    lake = _crystals(folder, count)
    return _clocked(lambda: simulate(lake, "xrd", workers=workers, on=on))


def _described(folder: Path, count: int, workers: int, on: str | None) -> Taken:
    store = FeatureStore(_crystals(folder, count))
    return _clocked(lambda: store.compute("soap", workers=workers, on=on))


def _asked(folder: Path) -> Lake:
    """A lake with a small network and many spectra to ask it about."""
    lake = Lake.open(folder / "asked")
    trained(lake, {"cnn1d": NETWORK})
    add_spectra(lake, SPECTRA)
    return lake


def _predicted(folder: Path, lake: Lake, count: int, workers: int, on: str | None) -> Taken:
    """Answers are noted in an empty table each time, or the second time nothing is asked."""
    model = load_model(lake, "systems", 1)
    fresh = Lake.open(f"{tempfile.mkdtemp(dir=folder)}/lake")
    for table in ("materials", "spectra", "datasets", "dataset_members"):
        columns = ", ".join(f'"{name}"' for name in fresh[table].schema.arrow.names)
        # those that the model learnt from, and so many more
        few = f"""QUALIFY material_id IS NOT NULL OR
            row_number() OVER (PARTITION BY material_id IS NULL ORDER BY spectrum_id) <= {count}"""
        some = few if table == "spectra" else ""
        fresh.append(table, lake.sql(f"SELECT {columns} FROM {table} {some}"))
    with spread(lake, model, workers, on) as able:
        return _clocked(lambda: predict_where(fresh, able))


def _learnt(lake: Lake) -> dict[str, Any]:
    """An epoch by one process and by two workers of Ray Train: the median of those of a fit."""
    ray = importlib.import_module("ray")
    reading = open_reading(lake, "systems")
    fit = Fit(lake.uri, {}, reading.manifest, ("xrd",), "mlp", LEARN, 0)
    storage = str((lake.path / "ray").resolve())
    places: dict[str, Callable[[], Mapping[str, Any]]] = {
        "one": lambda: _epochs(
            lambda: models()["mlp"].train(reading.training(("xrd",), 0), **LEARN)
        ),
        "ray": lambda: on_workers(ray, _shared, fit, 2, storage).return_value,
    }
    found: dict[str, Any] = {"rows": len(reading.rows("train", ("xrd",)))}
    losses = {}
    for place, learn in places.items():
        begin = time.perf_counter()
        told = learn()
        took = time.perf_counter() - begin
        found[place] = {"epoch_s": told["epoch_s"], "start_s": took - told["fit_s"]}
        losses[place] = np.array(told["losses"])
    # of the largest loss: a fit may end at a loss of nothing
    apart = np.abs(losses["ray"] - losses["one"]).max()
    found["difference"] = float(apart / np.abs(losses["one"]).max())
    return found


def _shared(config: dict[str, Any]) -> Mapping[str, Any]:
    """What each of the workers does."""
    fit = Fit(**config)
    return _epochs(lambda: fit_together(fit.model, training_of(fit), fit.settings))


def _epochs(fit: Callable[[], Any]) -> Mapping[str, Any]:
    """Fit, and tell how long epochs took, and all of them, and the losses of each."""
    ends: list[float] = []

    def note(_: int, __: float) -> None:
        ends.append(time.perf_counter())

    with running(Run(progress=False, on_epoch=note)):
        fitted = fit()
    assert isinstance(fitted, Learnt)  # networks are
    each = np.diff(ends)
    return {
        "epoch_s": float(np.median(each)),
        "fit_s": float(each.sum()),
        "losses": [[epoch.training, epoch.validation] for epoch in fitted.history],
    }
