"""Work by one process, two, and a Ray; and what grows with a lake.

Needs the extras ``cluster`` and ``dev``. The answers are kept in ``bench_cluster.json`` part by
part, from which ``python docs/scale.py`` writes the tables of ``docs/scale.md``. Only what the file
has not is measured: to measure a part again, take it out; without the file, all of it is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._curves import row
from benchmarks._growth import GROWTH
from benchmarks._ray_work import measure

RESULT = Path(__file__).with_suffix(".json")


def run() -> list[dict[str, Any]]:
    result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    grown = result.setdefault("growth", {})
    for name in GROWTH:
        if name not in grown:
            begin = time.perf_counter()
            found = _grown(name)
            took = time.perf_counter() - begin
            load = os.getloadavg()[0]
            grown[name] = {"when": _today(), "load": load, "seconds": took, "found": found}
            _keep(result)
    work = result.setdefault("work", {"when": _today()})
    measure(work, partial(_keep, result))
    return _rows(work)


def _grown(name: str) -> list[dict[str, float]]:
    command = [sys.executable, "-m", "benchmarks._growth", name]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: list[dict[str, float]] = json.loads(said.splitlines()[-1])
    return found


def _keep(result: dict[str, Any]) -> None:
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _rows(work: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name in ("simulate", "describe", "predict"):
        taken, count = work[name]["taken_s"], work[name]["count"]
        for place in ("processes", "ray"):
            what = f"{name} {count}, 2 workers: {place}"
            found.append(row(what, "one process", (taken[place], taken["one"]), None))
    tasks = work["overhead"]["task_s"]
    pair = tasks["ray"], tasks["processes"]
    found.append(row("an empty task on a Ray", "on processes", pair, None))
    learn = work["learn"]
    epochs = learn["ray"]["epoch_s"], learn["one"]["epoch_s"]
    what = f"epoch of {learn['rows']} curves, Ray Train with 2 workers"
    return [*found, row(what, "one process", epochs, None)]
