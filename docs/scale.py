"""Writes the tables of ``docs/scale.md`` from a stored run: ``python docs/scale.py``.

Prices and limits are in ``docs/scale.yaml``; the run is ``benchmarks/bench_cluster.json``
(``python -m benchmarks cluster``). What stands above the mark in the page is written by hand,
without figures; what would break first, and the order of what we would do, follow from the run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

PAGE = Path(__file__).resolve().parent / "scale.md"
RESULT = PAGE.parents[1] / "benchmarks" / "bench_cluster.json"
MARK = "<!-- from here on written by docs/scale.py -->"
SPECTRA, CORES = 1e9, 1000
BATCH = 10_000
"""Spectra to a commit, to a flow's task, and (to be strict) to a tracked run."""
PLACES = ("one", "processes", "ray")
WORKS = {
    "simulate": "`xrd` of {} cells of eight atoms",
    "describe": "`soap` of {} cells of eight atoms",
    "predict": "answers of a small `cnn1d` about {} curves",
}
"""Parts of the run, and what is done in each to so many."""
BUSY = 4
"""Load from which others are at work: two workers and who waits for them make less."""
Rows = Sequence[dict[str, float]]


@dataclass(frozen=True)
class Growth:
    """Something that grows, and what nobody would wait for or pay.

    Attributes:
        what: In words.
        cure: What would be done about it.
        run: Which measurement it is from.
        by: What it grows with, a column of it.
        column: The column it is.
        unit: Unit.
        limit: In that unit.
    """

    what: str
    cure: str
    run: str
    by: str
    column: str
    unit: str
    limit: float

    def points(self, growth: dict[str, Rows]) -> tuple[np.ndarray, np.ndarray]:
        """Spectra, and how much of it."""
        spectra = {"rows": 1, "files": _per_file(growth)}.get(self.by, BATCH)
        scale = {"GB": 1e-9, "MB": 1e-6}.get(self.unit, 1)
        x, y = ([row[name] for row in growth[self.run]] for name in (self.by, self.column))
        return np.array(x, dtype=float) * spectra, np.array(y, dtype=float) * scale


KNOWN = yaml.safe_load((PAGE.parent / "scale.yaml").read_text())
PRICES, CURES = KNOWN["prices"], KNOWN["cures"]
GROWTHS = [Growth(**one) for one in KNOWN["growths"]]


def page(text: str, result: dict[str, Any]) -> str:
    """The page with the tables of a run."""
    written, mark, _ = text.partition(MARK)
    if not mark:
        raise SystemExit(f"no {MARK} in the document")
    work, growth = result["work"], {n: part["found"] for n, part in result["growth"].items()}
    parts = [
        _overhead(work),
        *([_learning(work["learn"])] if "learn" in work else []),
        _costs(work, growth),
        *([_writing(work, growth)] if _works(work) else []),
        _breaking(growth),
    ]
    return "\n".join([written + mark, *(line for part in parts for line in ["", *part])]) + "\n"


def _overhead(work: dict[str, Any]) -> Iterator[str]:
    over, load = work["overhead"], [work[name]["load"] for name in ("overhead", *_works(work))]
    yield "## Overhead and scaling on two cores"
    yield ""
    yield (
        f"{work['when']}, median of three turns, a Ray that is up, two workers."
        f" Load of the machine meanwhile: {_span(load)}.{_doubt(load)} Two processes are started"
        " anew by each call, which is in their figures; a Ray's workers stay from one call to the"
        " next."
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
        what = WORKS[name].format(f"{work[name]['count']:,}")
        yield f"| {what}, written to a lake | {' | '.join(cells)} |"


def _learning(learn: dict[str, Any]) -> Iterator[str]:
    yield "## Fitting a network by two workers"
    yield ""
    yield f"Load of the machine meanwhile: {_span([learn['load']])}.{_doubt([learn['load']])}"
    yield ""
    yield "| | one process | Ray Train, two workers |"
    yield "|---|---|---|"
    one, two = learn["one"]["epoch_s"], learn["ray"]["epoch_s"]
    yield f"| an epoch of {learn['rows']} curves, gloo, median | {one:.2g} s | {two:.2g} s |"
    least = [learn[place]["start_s"] for place in ("one", "ray")]
    yield f"| what a fit takes beside its epochs | {least[0]:.2g} s | {least[1]:.2g} s |"
    yield ""
    yield (
        f"Losses of two workers and of one, with the same batches, differed by"
        f" {learn['difference']:.1e} of the largest at most. A network as small as this, on so few"
        " curves, shows what sharing costs and not what it gains."
    )


def _costs(work: dict[str, Any], growth: dict[str, Rows]) -> Iterator[str]:
    rows, bucket = growth["rows"], growth["bucket"]
    size, beside = (_slope(rows, "rows", f"{name}_bytes") for name in ("data", "sidecar"))
    batch = rows[-1]["append_batch_s"] / BATCH
    each = {WORKS[name].format("").replace("  ", " "): _alone(work[name]) for name in _works(work)}
    puts = bucket[-1]["append_put"] / BATCH
    gets = (bucket[-1]["append_get"] + bucket[-1]["append_head"]) / BATCH
    yield f"## What a spectrum costs, and {_count(SPECTRA)} of them"
    yield ""
    yield (
        f"Curves of 500 points of noise (which does not compress), {_count(BATCH)} to a commit."
        " Time is that of the processor; of work, that of many less that of a quarter of them, so"
        " that what a call costs for any number of them is not in it. Larger cells, more points and"
        f" larger networks cost more. *On {CORES} cores* is that number divided: nothing else is"
        f" in the way. {KNOWN['priced']}."
    )
    yield ""
    yield f"| | for one | for {_count(SPECTRA)} | on {CORES} cores | money |"
    yield "|---|---|---|---|---|"
    for what, value, price in (
        ("tables, in S3", size, "bucket"),
        ("sidecars, on a disk, where curves are compared", beside, "disk"),
    ):
        month = value * SPECTRA / 1e9 * PRICES[price]
        total = f"{value * SPECTRA / 1e12:.2f} TB"
        yield f"| {what} | {value:.0f} bytes | {total} | - | {month:.3g} $ a month |"
    for what, value in {**each, "append": batch}.items():
        hours = value * SPECTRA / 3600
        # writing is not divided by cores: see the next section
        shared = f"{hours / CORES:.2g} h" if what in each else "-"
        yield (
            f"| {what} | {1e3 * value:.2g} ms | {_count(hours)} core hours | {shared} |"
            f" {hours * PRICES['core']:.3g} $ |"
        )
    for what, value, price in (
        ("PUT", puts, "put"),
        ("GET, HEAD", gets, "get"),
    ):
        cost = value * SPECTRA / 1000 * PRICES[price]
        yield f"| {what} to append | {value:.2g} | {_count(value * SPECTRA)} | - | {cost:.2g} $ |"
    files = [{"rows": row["files"] * _per_file(growth), **row} for row in bucket]
    asked = _slope(files, "rows", "query_get") + _slope(files, "rows", "query_head")
    cost = asked * SPECTRA / 1000 * PRICES["get"]
    yield (
        f"| GET, HEAD of a query by a process that has seen none of it | {asked:.2g} |"
        f" {_count(asked * SPECTRA)} | - | {cost:.2g} $ each time |"
    )


def _writing(work: dict[str, Any], growth: dict[str, Rows]) -> Iterator[str]:
    last, task = growth["rows"][-1], work["overhead"]["task_s"]["ray"]
    rate = BATCH / last["append_batch_s"]
    slowest = max(_works(work), key=lambda name: _alone(work[name]))
    each = _alone(work[slowest])
    yield "## What one driver and one writer can do"
    yield ""
    yield (
        f"- One writer with one core takes {rate:,.0f} spectra a second at {_count(last['rows'])}"
        f" rows: {_count(SPECTRA)} in {SPECTRA / rate / 3600:.2g} hours if it stayed so. {CORES}"
        f" cores that {slowest} ({1e3 * each:.2g} ms each) give {CORES / each:,.0f} a second, which"
        f" asks for {math.ceil(CORES / each / rate)} writer(s)."
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
        f" where that line meets the limit; the first of them stands first. Sizes, requests and"
        f" rows are exact. Seconds are those of the processor, single looks or medians of a few:"
        f" what waits for a bucket is told by its requests, and where one is smaller at a larger"
        f" size, noise is more than growth."
    )
    yield ""
    yield f"| | measured | at {_count(SPECTRA)} | limit | reached at |"
    yield "|---|---|---|---|---|"
    found = _in_order(growth)
    for reached, one, x, y in found:
        at = "; ".join(f"{_count(b)} at {_count(a)}" for a, b in zip(x, y, strict=True))
        power, factor = np.polyfit(np.log(x), np.log(np.maximum(y, 1e-12)), 1)
        line = y[-1] + (y[-1] - y[-2]) / (x[-1] - x[-2]) * (SPECTRA - x[-1])
        far = f"{_count(np.exp(factor) * SPECTRA**power)} ({power:.2f}), {_count(max(line, y[-1]))}"
        limit = _count(one.limit)
        where = _count(reached) if math.isfinite(reached) else "did not grow"
        yield f"| {one.what} | {at} {one.unit} | {far} {one.unit} | {limit} {one.unit} | {where} |"
    yield ""
    yield "What we would do, in the order in which it is needed:"
    yield ""
    for number, cure in enumerate(dict.fromkeys(one.cure for _, one, _, _ in found), 1):
        reached, first = next((at, one.what) for at, one, _, _ in found if one.cure == cure)
        title, text = CURES[cure]["title"], CURES[cure]["text"]
        yield f"{number}. **{title}** (from {_count(reached)}: {first}). {text}"


def _in_order(growth: dict[str, Rows]) -> list[tuple[float, Growth, np.ndarray, np.ndarray]]:
    """Where each limit is reached, what grows, and its points; the first to break first."""
    points = [(one, *one.points(growth)) for one in GROWTHS]
    found = [(_reached(x, y, one.limit), one, x, y) for one, x, y in points]
    return sorted(found, key=lambda each: each[0])


def _per_file(growth: dict[str, Rows]) -> float:
    """Spectra to a data file, at the largest size."""
    last = growth["rows"][-1]
    return last["rows"] / last["files"]


def _works(work: dict[str, Any]) -> list[str]:
    """What the run has measured so far: its parts are kept one by one."""
    return [name for name in WORKS if name in work]


def _alone(work: dict[str, Any]) -> float:
    """Seconds of the processor for one spectrum more."""
    spent = work["processor_s"]
    return float((spent["all"] - spent["few"]) / (work["count"] - work["few"]))


def _span(load: Sequence[float]) -> str:
    low, high = f"{min(load):.0f}", f"{max(load):.0f}"
    return low if low == high else f"{low} to {high}"


def _doubt(load: Sequence[float]) -> str:
    if max(load) < BUSY:
        return ""
    return (
        " Others were at work on it, so seconds on the clock, and gains with them, say little of"
        " a machine that is free."
    )


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
