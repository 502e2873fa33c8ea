"""Datasets: an epoch from mapped files against tensors in memory, building, memory, leak audit.

Epochs hand over shuffled batches and do nothing else with them, so that reading is all there is;
both gather the same rows in the same order. Medians, in turn and warm. An epoch is some tens of
milliseconds, which other work on the machine doubles: so there is a row in processor time, too,
with one thread, where both keep a batch until they have the next, as a loop over batches does.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from benchmarks._curves import curves, in_turn, row
from ingest.connectors.amcsd import choose_entries, write_entries
from ingest.files import ingest_files
from ingest.simulate import simulate
from registry.lake import Lake
from training.assembly import assemble
from training.blocks import read_block
from training.datasets import Dataset
from training.definitions import DatasetDefinition, SpectrumInput
from training.leaks import audit
from training.reading import Reading, open_reading, tidy
from training.reading.torch_data import batches

MEMBERS, POINTS, BATCH, REPEATS = 20_000, 1000, 256, 25
FEW = 5_000
GOAL = 1 / 1.1
SOURCE = SpectrumInput("xrd", "xrd", (0.5, 6.0, POINTS))
PER_LATTICE, MOST_SITES, PER_MINERAL = 150, 24, 40
COUNTED = {"counts": 2000.0, "background": 0.02}
Row = dict[str, Any]


def run() -> list[Row]:
    """Benchmark rows."""
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lake, few = _lake(root / "lake", MEMBERS), _lake(root / "few", FEW)
        manifest = _dataset(lake).manifest
        memory = [_building_memory(lake, manifest), _building_memory(few, _dataset(few).manifest)]
        return [*_epochs(lake, manifest), *_memory(memory), *_audit(root)]


def _lake(folder: Path, members: int) -> Lake:
    lake = Lake.open(folder)
    for first in range(0, members, FEW):
        rows = curves(first, FEW, POINTS)
        place = rows.schema.get_field_index("shape")
        shapes = pa.array([[POINTS]] * FEW, rows.schema.field(place).type)
        lake.append("spectra", rows.set_column(place, rows.schema.field(place), shapes))
    return lake


def _dataset(lake: Lake) -> Dataset:
    definition = DatasetDefinition(
        "curves", (SOURCE,), target=None, entity="spectrum", task="unsupervised"
    )
    return assemble(lake, definition)


def _epochs(lake: Lake, manifest: str) -> list[Row]:
    reading = open_reading(lake, manifest)
    side = reading.sides["train"]
    block = reading.inputs["xrd"].values
    tensor = torch.from_numpy(np.array(block)[side])

    def ours() -> None:
        for batch in batches(reading, ["xrd"], BATCH, seed=1):
            assert len(batch.rows)

    def pieces() -> list[torch.Tensor]:
        order = np.random.default_rng(1).permutation(len(tensor))
        return list(map(torch.from_numpy, np.array_split(order, -(-len(order) // BATCH))))

    def theirs() -> None:
        for rows in pieces():
            assert len(tensor[rows])

    def quickest() -> None:
        for rows in pieces():
            assert len(tensor.index_select(0, rows))

    def kept() -> None:
        for rows in pieces():
            batch = tensor.index_select(0, rows)
        assert len(batch)

    times, best = in_turn(ours, theirs, REPEATS), in_turn(ours, quickest, REPEATS)
    spent = _processor_seconds(ours, kept)
    tidy(lake)
    start = time.perf_counter()
    built = open_reading(lake, manifest)
    for batch in batches(built, ["xrd"], BATCH, seed=1):
        assert len(batch.rows)
    first = time.perf_counter() - start
    start = time.perf_counter()
    open_reading(lake, manifest)
    again = time.perf_counter() - start
    what = f"epoch of {len(tensor)} of {MEMBERS} members x {POINTS} points, batches of {BATCH}"
    opening = f"opening {MEMBERS} x {POINTS}, digests compared"
    return [
        row(what, "tensors in memory, tensor[rows]", times, GOAL),
        row(what, "tensors in memory, index_select", best, GOAL),
        row(f"{what}, processor time", "tensors in memory, index_select", spent, GOAL),
        row(
            f"{what}, files built from the lake first",
            "tensors in memory, tensor[rows]",
            (first, times[1]),
            None,
        ),
        row(opening, "an epoch from memory", (again, times[1]), None),
    ]


def _processor_seconds(ours: Callable[[], None], theirs: Callable[[], None]) -> tuple[float, float]:
    """Median processor time (s) of two works run in turn and warm, with one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for work, times in zip((ours, theirs), spent, strict=True):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
    torch.set_num_threads(threads)
    return statistics.median(spent[0]), statistics.median(spent[1])


def _building_memory(lake: Lake, manifest: str) -> float:
    """Memory (MB) that building the files of a dataset adds to a new process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (lake, manifest))


def _peak(lake: Lake, manifest: str) -> float:
    tidy(lake)
    # what the first query of a process takes is not counted
    read_block(lake, SOURCE, ["nobody"], entity="spectrum")
    before = _most()
    reading = open_reading(lake, manifest)
    assert isinstance(reading, Reading)
    return _most() - before


def _most() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _memory(peaks: list[float]) -> list[Row]:
    many, few = peaks
    what = f"memory to build the files of {MEMBERS} x {POINTS}"
    size = MEMBERS * POINTS * 4 / 1e6
    return [
        row(what, "the values themselves", (many, size), None, "MB"),
        row(what, f"of {FEW} x {POINTS}", (many, few), None, "MB"),
    ]


def _audit(root: Path) -> list[Row]:
    """Time and alarms of an audit of real minerals, split by mineral."""
    lake = Lake.open(root / "minerals")
    entries = choose_entries(PER_LATTICE, MOST_SITES, PER_MINERAL)
    ingest_files(lake, write_entries(root / "cif", entries))
    simulate(lake, "xrd", parameters=COUNTED)
    source = SpectrumInput("xrd", "xrd", (0.6, 5.6, POINTS), parameters=COUNTED)
    definition = DatasetDefinition("minerals", (source,), where="name IS NOT NULL")
    start = time.perf_counter()
    dataset = assemble(lake, definition)
    assembled = time.perf_counter() - start
    start = time.perf_counter()
    found = audit(lake, dataset)
    seconds = time.perf_counter() - start
    late = sum(m.split != "train" for m in dataset.members)
    alone = late - len({t.second for t in found.twins})
    what = f"audit of {len(dataset.members)} minerals of AMCSD, structures and patterns"
    alarms = "members of later sides without a twin on an earlier one, split by mineral"
    return [
        row(what, "assembling the dataset", (seconds, assembled), None),
        row(alarms, "members of later sides", (float(alone), float(late)), None, "members"),
    ]


if __name__ == "__main__":
    for found in run():
        print(json.dumps(found))
