"""Writes the tables of ``docs/scale.md`` from a stored run: ``python docs/scale.py``.

The run is ``benchmarks/bench_cluster.json`` (``python -m benchmarks cluster``). What stands above
the mark in the page is written by hand, without figures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).resolve().parent / "scale.md"
RESULT = PAGE.parents[1] / "benchmarks" / "bench_cluster.json"
MARK = "<!-- from here on written by docs/scale.py -->"
SPECTRA, CORES = 1e9, 1000
BATCH = 10_000
"""Spectra to a commit, to a flow's task, and (to be strict) to a tracked run."""
WORKS, PLACES = ("simulate", "describe", "predict"), ("one", "processes", "ray")
PRICES = {"GB a month": 0.023, "1,000 PUT": 0.005, "1,000 GET or HEAD": 0.0004, "core hour": 0.045}
"""US dollars: assumptions of November 2026 of the order of public list prices, not looked up."""
Rows = Sequence[dict[str, float]]


@dataclass(frozen=True)
class Growth:
    """Something that grows, and what nobody would wait for or pay.

    Attributes:
        what: In words.
        run: Which measurement it is from.
        by: What it grows with, a column of it.
        column: The column it is.
        scale: Factor to the unit.
        unit: Unit.
        limit: In that unit.
        each: Spectra to one of ``by``.
    """

    what: str
    run: str
    by: str
    column: str
    scale: float
    unit: str
    limit: float
    each: float = 1.0

    def points(self, found: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Spectra, and how much of it."""
        x = np.array([row[self.by] for row in found], dtype=float) * self.each
        return x, np.array([row[self.column] for row in found], dtype=float) * self.scale


GROWTHS = (
    Growth("key look-up: a new process's first append", "rows", "rows", "cold_s", 1, "s", 60),
    Growth(
        "key look-up: memory of a writing process", "rows", "rows", "cold_bytes", 1e-9, "GB", 16
    ),
    Growth("key look-up: 1,000 rows by a process that knows", "rows", "rows", "warm_s", 1, "s", 1),
    Growth("opening the table: reading its log", "rows", "rows", "open_s", 1, "s", 10),
    Growth("live data files", "rows", "rows", "files", 1, "files", 1e5),
    Growth("append of one batch", "rows", "rows", "append_batch_s", 1, "s", 10),
    Growth("log of the table", "commits", "commits", "log_bytes", 1e-9, "GB", 10, BATCH),
    Growth("newest checkpoint", "commits", "commits", "checkpoint_bytes", 1e-9, "GB", 1, BATCH),
    Growth("sidecars on the disk of a machine", "rows", "rows", "sidecar_bytes", 1e-12, "TB", 4),
    Growth("S3: GETs of a new process's first append", "bucket", "files", "cold_get", 1, "", 1e4),
    Growth("S3: GETs of a query's first look", "bucket", "files", "query_get", 1, "", 1e4),
    Growth("MLflow: newest 50 runs", "mlflow", "runs", "search_s", 1, "s", 10, BATCH),
    Growth("MLflow: SQLite", "mlflow", "runs", "bytes", 1e-9, "GB", 10, BATCH),
    Growth("Prefect: SQLite", "prefect", "tasks", "bytes", 1e-9, "GB", 10, BATCH),
)


def page(text: str, result: dict[str, Any]) -> str:
    """The page with the tables of a run."""
    written, mark, _ = text.partition(MARK)
    if not mark:
        raise SystemExit(f"no {MARK} in the document")
    work, growth = result["work"], {n: part["found"] for n, part in result["growth"].items()}
    learning = [_learning(work["learn"])] if "learn" in work else []
    parts = [
        _overhead(work),
        *learning,
        _costs(work, growth),
        _writing(work, growth),
        _breaking(growth),
    ]
    return "\n".join([written + mark, *(line for part in parts for line in ["", *part])]) + "\n"


def _overhead(work: dict[str, Any]) -> Iterator[str]:
    over, load = work["overhead"], [work[name]["load"] for name in ("overhead", *_works(work))]
    yield "## Overhead and scaling on two cores"
    yield ""
    yield (
        f"{work['when']}, median of three, a Ray that is up, two workers. The two cores were shared"
        f" with others at work (load {min(load):.0f} to {max(load):.0f} meanwhile), so"
        " the gain says little about what two free cores give. Two processes are started anew by"
        " each call, which is in their figures; a Ray's workers stay from one call to the next."
    )
    yield ""
    yield "| | one process | two processes | Ray, two workers |"
    yield "|---|---|---|---|"
    yield f"| to start a Ray (s) | - | - | {over['ray_s']:.2g} |"
    first = " | ".join(f"{over['first_s'][place]:.2g}" for place in PLACES[1:])
    yield f"| the first two empty tasks, with the start of who does them (s) | - | {first} |"
    each = " | ".join(f"{1e3 * over['task_s'][place]:.2g}" for place in PLACES)
    yield f"| an empty task of 400 (ms; processes with their start) | {each} |"
    for name in _works(work):
        found = work[name]["taken_s"]
        gain = [""] + [f" ({found['one'] / found[place]:.2f} x)" for place in PLACES[1:]]
        cells = [f"{found[p]:.3g} s{more}" for p, more in zip(PLACES, gain, strict=True)]
        yield f"| {name} {work[name]['count']}, written to a lake | {' | '.join(cells)} |"


def _learning(learn: dict[str, Any]) -> Iterator[str]:
    yield "## Fitting a network by two workers"
    yield ""
    yield "| | one process | Ray Train, two workers |"
    yield "|---|---|---|"
    one, two = learn["one"]["epoch_s"], learn["ray"]["epoch_s"]
    yield f"| an epoch of {learn['rows']} curves, gloo | {one:.2g} s | {two:.2g} s |"
    least = [learn[place]["shortest_s"] for place in ("one", "ray")]
    yield f"| the shortest fit, with all it starts | {least[0]:.2g} s | {least[1]:.2g} s |"
    yield ""
    yield (
        f"Losses of two workers and of one, with the same batches, differed by"
        f" {learn['difference']:.1e} of their value at most."
    )


def _costs(work: dict[str, Any], growth: dict[str, Rows]) -> Iterator[str]:
    rows, bucket = growth["rows"], growth["bucket"]
    size, beside = (_slope(rows, "rows", f"{name}_bytes") for name in ("data", "sidecar"))
    batch = rows[-1]["append_batch_s"] / BATCH
    each = {name: _alone(work, name) for name in _works(work)}
    puts = bucket[-1]["append_put"] / BATCH
    gets = (bucket[-1]["append_get"] + bucket[-1]["append_head"]) / BATCH
    yield f"## What a spectrum costs, and {_count(SPECTRA)} of them"
    yield ""
    assumed = ", ".join(f"{name} {value} $" for name, value in PRICES.items())
    yield (
        f"Curves of 500 points of noise (which does not compress), {_count(BATCH)} to a commit."
        f" Prices are assumptions, to be replaced by one's own (`PRICES` in `docs/scale.py`):"
        f" {assumed}."
    )
    yield ""
    yield f"| | for one | for {_count(SPECTRA)} | on {CORES} cores | money |"
    yield "|---|---|---|---|---|"
    for what, value in (("tables", size), ("sidecars, where curves are compared", beside)):
        month = value * SPECTRA / 1e9 * PRICES["GB a month"]
        total = f"{value * SPECTRA / 1e12:.2f} TB"
        yield f"| {what} | {value:.0f} bytes | {total} | - | {month:.3g} $ a month |"
    for what, value in {**each, "append": batch}.items():
        hours = value * SPECTRA / 3600
        # writing is not divided by cores: see the next section
        shared = f"{hours / CORES:.2g} h" if what in each else "-"
        yield (
            f"| {what} | {1e3 * value:.2g} ms | {_count(hours)} core hours | {shared} |"
            f" {hours * PRICES['core hour']:.3g} $ |"
        )
    for what, value, price in (
        ("PUT", puts, "1,000 PUT"),
        ("GET, HEAD", gets, "1,000 GET or HEAD"),
    ):
        cost = value * SPECTRA / 1000 * PRICES[price]
        yield f"| {what} | {value:.2g} | {_count(value * SPECTRA)} | - | {cost:.2g} $ |"


def _writing(work: dict[str, Any], growth: dict[str, Rows]) -> Iterator[str]:
    took, task = growth["rows"][-1]["append_batch_s"], work["overhead"]["task_s"]["ray"]
    rate = BATCH / took
    slowest = max(_works(work), key=lambda name: _alone(work, name))
    each = _alone(work, slowest)
    yield "## What one driver and one writer can do"
    yield ""
    yield (
        f"- One writer takes {rate:,.0f} spectra a second at a million rows: {_count(SPECTRA)} in"
        f" {SPECTRA / rate / 3600:.2g} hours if it stayed so. {CORES} cores that {slowest}"
        f" ({1e3 * each:.2g} ms each) give {CORES / each:,.0f} a second, which asks for"
        f" {math.ceil(CORES / each / rate)} writer(s)."
    )
    yield (
        f"- One driver hands out {1 / task:,.0f} empty tasks a second. To keep {CORES} cores busy,"
        f" a task must take {CORES * task:.2g} s or more: {CORES * task / each:,.0f} such spectra."
    )


def _breaking(growth: dict[str, Rows]) -> Iterator[str]:
    yield "## What breaks first"
    yield ""
    yield (
        f"Measured at three sizes, as spectra: those of a table by what was in it, others with"
        f" {_count(BATCH)} spectra to a commit, task or tracked run, and as many to a data file as"
        f" at the largest size. *At {_count(SPECTRA)}* goes on by the power of the size fitted to"
        f" all three points (in brackets: the exponent), and by the straight line through the last"
        f" two, which is the more careful where the smallest is mostly a constant. *Reached* is"
        f" where that line meets the limit; the first of them stands first. Every look was taken"
        f" once, on a busy machine: sizes, requests and rows are exact, seconds are rough, and the"
        f" listing of MLflow's runs (slower at the first size than at the second) is mostly noise."
    )
    yield ""
    yield f"| | measured | at {_count(SPECTRA)} | limit | reached at |"
    yield "|---|---|---|---|---|"
    per_file = growth["rows"][-1]["rows"] / growth["rows"][-1]["files"]
    found = []
    for one in GROWTHS:
        x, y = one.points(growth[one.run])
        x = x * (per_file if one.by == "files" else 1)
        found.append((_reached(x, y, one.limit), one, x, y))
    for reached, one, x, y in sorted(found, key=lambda each: each[0]):
        at = "; ".join(f"{_count(b)} at {_count(a)}" for a, b in zip(x, y, strict=True))
        power, factor = np.polyfit(np.log(x), np.log(np.maximum(y, 1e-12)), 1)
        line = y[-1] + (y[-1] - y[-2]) / (x[-1] - x[-2]) * (SPECTRA - x[-1])
        far = f"{_count(np.exp(factor) * SPECTRA**power)} ({power:.2f}), {_count(max(line, y[-1]))}"
        limit = _count(one.limit)
        where = _count(reached) if math.isfinite(reached) else "did not grow"
        yield f"| {one.what} | {at} {one.unit} | {far} {one.unit} | {limit} {one.unit} | {where} |"


def _works(work: dict[str, Any]) -> list[str]:
    """What the run has measured so far: its parts are kept one by one."""
    return [name for name in WORKS if name in work]


def _alone(work: dict[str, Any], name: str) -> float:
    """Seconds of one process for one spectrum."""
    return float(work[name]["taken_s"]["one"] / work[name]["count"])


def _reached(x: np.ndarray, y: np.ndarray, limit: float) -> float:
    slope = (y[-1] - y[-2]) / (x[-1] - x[-2])
    return float(x[-1] + (limit - y[-1]) / slope) if slope > 0 else math.inf


def _slope(found: Rows, by: str, column: str) -> float:
    last, before = found[-1], found[-2]
    return (last[column] - before[column]) / (last[by] - before[by])


def _count(n: float) -> str:
    """A count as people say it."""
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if n >= size:
            return f"{n / size:.3g} {name}"
    return f"{n:,.0f}" if n >= 100 else f"{n:.2g}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(), json.loads(RESULT.read_text())))
