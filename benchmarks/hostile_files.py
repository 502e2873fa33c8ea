"""Damaged and hostile files into a lake: what became of each, and the cost.

``python -m benchmarks.hostile_files`` writes ``docs/hostile.md``. The files are made from the
open data beside the checkout and the example data of sasdata, with fixed seeds.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks._attacks import write_attacks
from benchmarks._broken_files import examples, write_damaged
from benchmarks._reading_cost import Cost, read_with_cost
from flows.example_data import folder as sasdata_folder
from ingest.apart import MEMORY, SECONDS
from ingest.files import ingest_files
from registry.isolated import Isolated, Lost
from registry.lake import Lake

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "hostile.md"
SHARED_DATA = HERE.parents[1] / "shared" / "data"
WORKERS = 2
OUTCOMES = ("refused", "same", "other", "in part")
_FIELDS = "file_name, stage, location, expected, found"


@dataclass(frozen=True)
class Outcome:
    """What became of one file: one of ``OUTCOMES``."""

    path: Path
    kind: str
    became: str


def corpus(folder: Path, roots: list[Path], of_each: int, times: int) -> dict[Path, str]:
    """Write damaged and hostile files below ``folder``; returns what each is by file."""
    outside = folder / "outside.txt"
    outside.write_text("nobody may read this")
    hostile = folder / "hostile"
    damaged = write_damaged(hostile, roots, of_each, times)
    return damaged | write_attacks(hostile / "attacks", outside)


def outcomes(
    lake: Lake, whole: list[Path], files: dict[Path, str], workers: int
) -> tuple[list[Outcome], list[dict[str, str]]]:
    """Ingest the whole files, then the others; what became of each, and all refusals.

    ``same``: the content of a whole file, or of another file before it; ``other``: rows of
    another content; ``in part``: rows, and something refused.
    """
    ingest_files(lake, whole, workers=workers)
    ingest_files(lake, sorted(files), workers=workers)
    refusals = lake.sql(f"SELECT {_FIELDS} FROM quarantine").to_pylist()
    refused = {row["file_name"] for row in refusals}
    rows = "SELECT file_name FROM spectra UNION SELECT file_name FROM materials"
    stored = {row["file_name"] for row in lake.sql(rows).to_pylist()}

    def became(path: Path) -> str:
        if str(path) in refused:
            return "in part" if str(path) in stored else "refused"
        return "other" if str(path) in stored else "same"

    found = [Outcome(path, kind, became(path)) for path, kind in sorted(files.items())]
    return found, [row for row in refusals if Path(row["file_name"]) in files]


def main() -> None:
    roots = [SHARED_DATA, sasdata_folder()]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = corpus(folder, roots, of_each=3, times=2)
        whole = [path for paths in examples(roots, of_each=3).values() for path in paths]
        paths = sorted(files)
        with Isolated(read_with_cost, WORKERS, lambda _: SECONDS, MEMORY) as apart:
            costs = dict(zip(paths, apart.map(paths), strict=True))
        begin = time.perf_counter()
        found, refusals = outcomes(Lake.open(folder / "lake"), whole, files, WORKERS)
        seconds = time.perf_counter() - begin
    PAGE.write_text(page(found, refusals, costs, seconds))
    print(PAGE.read_text())


def page(
    found: list[Outcome],
    refusals: list[dict[str, str]],
    costs: dict[Path, Cost | Lost],
    seconds: float,
) -> str:
    """The results as Markdown."""
    known = {path: cost for path, cost in costs.items() if isinstance(cost, Cost)}
    slowest = max(known, key=lambda path: known[path].seconds)
    kinds = sorted({each.kind for each in found if not each.kind.startswith("attack")})
    attacks = [each for each in found if each.kind.startswith("attack")]
    incomplete = sum(not all(row.values()) for row in refusals)
    faults = sum(row["stage"] == "reader fault" for row in refusals)
    let_in = [each for each in attacks if each.became != "refused"]
    lines = [
        "# Damaged and hostile files",
        "",
        "Written by `python -m benchmarks.hostile_files`; files are made anew from fixed seeds.",
        "",
        f"- {len(found)} files, {len(attacks)} of them attacks, ingested in {seconds:.0f} s by "
        f"{WORKERS} processes.",
        f"- The slowest file: {known[slowest].seconds:.1f} s ({slowest.name}); beyond the limits "
        f"of time and memory, or ending its process: {len(costs) - len(known)}.",
        f"- Most memory of a process that reads: {max(c.memory for c in known.values()):.0f} MiB.",
        f"- Rows of `quarantine`: {len(refusals)}; without file, place, expected or found: "
        f"{incomplete}; faults of a reader: {faults}.",
        "",
        "`refused`: in quarantine. `same`: the content of the whole file. `other`: stored with "
        "another content. `in part`: some data sets stored, others refused.",
        "",
        f"| damage | {' | '.join(OUTCOMES)} |",
        "|---|" + "---|" * len(OUTCOMES),
    ]
    for kind in kinds:
        count = Counter(each.became for each in found if each.kind == kind)
        lines.append(f"| {kind} | {' | '.join(str(count[name]) for name in OUTCOMES)} |")
    lines += ["", "Attacks that were not refused as a whole:", ""]
    lines += [f"- {each.path.name}: {each.became}" for each in let_in] or ["none"]
    other = Counter(each.path.parent.name for each in found if each.became == "other")
    lines += ["", *EXPLAINED, "", "By format: " + ", ".join(f"{n} {c}" for n, c in other.items())]
    return "\n".join(lines) + "\n"


EXPLAINED = (
    "## What is stored with another content",
    "",
    "A text format has no checksum. A digit that became another digit, rows lost at the end of a "
    "file that does not say how many it has, a pair of columns swapped where no name stands above "
    "them and both ascend, are a valid file of another measurement: nothing in the file tells. "
    "Their file digest differs from that of the whole file, which is how they are found later. "
    "Checked are counts against the header, steps of the axis, finite numbers, signs of "
    "uncertainties, ranges and units; not every file in the column `other` was looked at by eye.",
    "",
    "Files that need an option (a technique, a wavelength) are refused for that, damaged or not: "
    "the count of refusals is not a measure of what damage is seen.",
)


if __name__ == "__main__":
    main()
