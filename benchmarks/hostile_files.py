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
from benchmarks._broken_files import write_damaged
from benchmarks._reading_cost import Cost, read_with_cost
from benchmarks._what_changed import CHANGES, Change, changes
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
    """What became of one file: one of ``OUTCOMES``, and what is other about it."""

    path: Path
    kind: str
    became: str
    change: Change | None = None


def corpus(
    folder: Path, roots: list[Path], of_each: int, times: int
) -> tuple[dict[Path, str], dict[Path, Path]]:
    """Write damaged and hostile files below ``folder``.

    Returns:
        What each is by file, and the whole file of each damaged one.
    """
    outside = folder / "outside.txt"
    outside.write_text("nobody may read this")
    hostile = folder / "hostile"
    damaged = write_damaged(hostile, roots, of_each, times)
    kinds = {path: each.kind for path, each in damaged.items()}
    wholes = {path: each.whole for path, each in damaged.items()}
    return kinds | write_attacks(hostile / "attacks", outside), wholes


def outcomes(
    lake: Lake, files: dict[Path, str], wholes: dict[Path, Path], workers: int
) -> tuple[list[Outcome], list[dict[str, str]]]:
    """Ingest the whole files, then the others; what became of each, and all refusals.

    ``same``: the content of a whole file, or of another file before it; ``other``: rows of
    another content; ``in part``: rows, and something refused.
    """
    ingest_files(lake, sorted(set(wholes.values())), workers=workers)
    ingest_files(lake, sorted(files), workers=workers)
    refusals = lake.sql(f"SELECT {_FIELDS} FROM quarantine").to_pylist()
    refused = {row["file_name"] for row in refusals}
    rows = "SELECT file_name FROM spectra UNION SELECT file_name FROM materials"
    stored = {row["file_name"] for row in lake.sql(rows).to_pylist()}

    def became(path: Path) -> str:
        if str(path) in refused:
            return "in part" if str(path) in stored else "refused"
        return "other" if str(path) in stored else "same"

    changed = dict(changes(lake, wholes))
    found = [
        Outcome(path, kind, became(path), changed.get(path)) for path, kind in sorted(files.items())
    ]
    return found, [row for row in refusals if Path(row["file_name"]) in files]


def main() -> None:
    roots = [SHARED_DATA, sasdata_folder()]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files, wholes = corpus(folder, roots, of_each=3, times=2)
        paths = sorted(files)
        with Isolated(read_with_cost, WORKERS, lambda _: SECONDS, MEMORY) as apart:
            costs = dict(zip(paths, apart.map(paths), strict=True))
        begin = time.perf_counter()
        found, refusals = outcomes(Lake.open(folder / "lake"), files, wholes, WORKERS)
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
    return "\n".join([*lines, "", *_stored([each for each in found if each.change])]) + "\n"


def _stored(found: list[Outcome]) -> list[str]:
    """The section about files that were stored with another content."""
    flagged = [each for each in found if each.change and each.change.checks]
    lines = [
        *EXPLAINED,
        "",
        f"Of {len(found)} files, the first row that is other is flagged by a check (a warning) in "
        f"{len(flagged)}; in {len(found) - len(flagged)} nothing tells.",
        "",
        "| what is other | flagged | not flagged | not flagged, by format |",
        "|---|---|---|---|",
    ]
    for what in CHANGES:
        same = [each for each in found if each.change and each.change.what == what]
        silent = [each for each in same if each not in flagged]
        if same:
            formats = _counted(Counter(each.path.parent.name for each in silent))
            lines.append(f"| {what} | {len(same) - len(silent)} | {len(silent)} | {formats} |")
    checks = Counter(name for each in flagged if each.change for name in each.change.checks)
    return [*lines, "", f"Flagged by: {_counted(checks)}.", "", *MEANT]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"


EXPLAINED = (
    "## What is stored with another content",
    "",
    "Readers refuse what the format itself rules out: counts that disagree with the header, an "
    "axis on a grid that turns back or has a gap, a row that is too long or short for fields of "
    "fixed width, an uncertainty that is not finite, a negative count, two energies of a point "
    "that do not add up, the first line of the file again, units that the format does not have. "
    "The rest is a valid file of another measurement.",
)
MEANT = (
    "- Points lost or added: rows at the end, or in the middle, of a table that does not say how "
    "many it has and whose axis was measured, not calculated.",
    "- An intensity or uncertainty: a digit that became another digit. A single point that stands "
    "out of a curve is flagged; a maximum that moved by a little, or one pixel of a map, is not. "
    "Columns Qx and Qy of a square detector, swapped in all rows, are the map turned over. Binary "
    "formats (Igor, PHI, HDF5 without checksums) hold any bit pattern as a number.",
    "- Values of the axis: an energy that a monochromator may have stood at; a digit beyond what "
    "the step of a grid can tell.",
    "- A structure: -7 for a fractional coordinate is the same as 0, and a valid place; a cell "
    "vector that became another one.",
    "- Other facts: a letter of a title or a name that said neutron or simulated, a temperature.",
    "",
    "The file digest differs from that of the whole file, which is how such a row is found later.",
    "",
    "Files that need an option (a technique, a wavelength) are refused for that, damaged or not: "
    "the count of refusals is not a measure of what damage is seen.",
)


if __name__ == "__main__":
    main()
