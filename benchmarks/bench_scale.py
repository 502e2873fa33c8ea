"""The lake at a million spectra against the same lake at a hundred thousand.

Each size in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._curves import curves, name, row, seconds
from registry.lake import Lake
from registry.upkeep import maintain

SIZES = (100_000, int(os.environ.get("SCATTERLAKE_SCALE_ROWS", "1000000")))
BATCH, CHOSEN = 10_000, 5_000
SCAN = "SELECT avg(list_sum(intensity)) FROM spectra"
POINT = "SELECT intensity FROM spectra WHERE spectrum_id = $1"


def run() -> list[dict[str, Any]]:
    small, large = (_measured(rows) for rows in SIZES)
    more = SIZES[1] / SIZES[0]
    against = f"the same at {SIZES[0]}"
    found = [
        row(f"{what}, {SIZES[1]} spectra", against, (large[what] / share, small[what]), goal)
        for what, share, goal in (
            ("append, 10k a batch", more, 1 / 1.3),
            ("maintain", more, 1 / 1.3),
            ("scan and aggregate arrays", more, 1 / 1.3),
            ("look up one spectrum", 1, 1 / 2),
            ("build the sidecar", more, 1 / 1.3),
            ("10 nearest", more, 1 / 1.3),
            (f"{CHOSEN} random ids to a matrix", 1, 1 / 2),
        )
    ]
    memory = row("peak memory", against, (large["memory"], small["memory"]), None, "GB")
    disk = row("tables on disk", against, (large["disk"] / more, small["disk"]), None, "GB / 100k")
    return [*found, memory, disk]


def _measured(rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.bench_scale", folder, str(rows)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found: dict[str, float] = json.loads(said)
        return found


def _measure(folder: Path, rows: int) -> dict[str, float]:
    lake = Lake.open(folder / "lake")
    found = {"append, 10k a batch": 0.0}
    for first in range(0, rows, BATCH):
        batch = curves(first, BATCH)
        begin = time.perf_counter()
        lake.append("spectra", batch)
        found["append, 10k a batch"] += time.perf_counter() - begin
    found["maintain"] = seconds(lambda: maintain(lake, "spectra"), 1)
    lake = Lake.existing(folder / "lake")
    generator = np.random.default_rng(0)
    ids = [name(int(n)) for n in generator.integers(0, rows, CHOSEN)]
    found["scan and aggregate arrays"] = seconds(lambda: lake.sql(SCAN))
    found["look up one spectrum"] = seconds(lambda: lake.sql(POINT, [ids[0]]), 9)
    found["build the sidecar"] = seconds(lambda: lake.matrix(ids[:1]), 1)
    found[f"{CHOSEN} random ids to a matrix"] = seconds(lambda: lake.matrix(ids))
    found["10 nearest"] = seconds(lambda: lake.nearest(ids[0]))
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    files = lake["spectra"].state().files
    return {**found, "disk": sum(file.size for file in files) / 1e9}


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]), int(sys.argv[2]))))
