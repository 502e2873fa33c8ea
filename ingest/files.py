"""Files into the lake: find, read, check, store or quarantine; one bad file stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.apart import reading, why_lost
from ingest.checks.gate import complaint, faults, flags
from ingest.checks.policy import Policy, policy_of
from ingest.hints import HINTS_FILE, Hints
from ingest.readers import Source, reader_for
from ingest.rows import row_of_material, row_of_spectrum
from registry.errors import BadInput
from registry.identity import canonical_json, digest
from registry.isolated import Lost
from registry.lake import MARKER, Lake, now
from registry.records import Material, Refused, Spectrum

BATCH = 200
"""Files per commit: large enough for few commits, small enough to lose little when stopped."""

Progress = Callable[[int, int], None]


@dataclass
class IngestReport:
    """What became of the files.

    Attributes:
        files: Files looked at.
        stored: New rows by table.
        known_files: Files that were in the lake already and were not read again.
        known_rows: Rows read whose content was there already.
        refused: What went to quarantine.
        flagged: Rows stored although they break an error check (lenient lakes).
    """

    files: int = 0
    stored: dict[str, int] = field(default_factory=lambda: {"materials": 0, "spectra": 0})
    known_files: int = 0
    known_rows: int = 0
    refused: list[Refused] = field(default_factory=list)
    flagged: int = 0


def find_files(paths: Sequence[Path]) -> list[Path]:
    """All files below the paths, sorted, without hidden files, hints files and lakes among them.

    Raises:
        BadInput: When a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadInput(str(path), "a file or a folder", "nothing there")
        below = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
        lakes = {p.parent for p in below if p.name == MARKER} - {path}
        found += [p for p in below if not _passed_over(p, path) and lakes.isdisjoint(p.parents)]
    return sorted(set(found))


def _passed_over(path: Path, root: Path) -> bool:
    inside = path.relative_to(root).parts if path != root else ()
    return path.name == HINTS_FILE or any(part.startswith(".") for part in inside)


def ingest_files(
    lake: Lake,
    paths: Sequence[Path],
    hints: dict[str, Any] | None = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> IngestReport:
    """Ingest files and folders. Stopped half-way, the next call goes on where it stopped.

    What breaks an error check is refused, or stored and flagged, as the lake's policy says.

    Args:
        lake: Where to.
        paths: Files, or folders that are walked.
        hints: What the user says about the files; wins over what readers guess.
        progress: Called with (files done, files in all).
        workers: Processes that read; HDF5 is read in a process of its own even with one.

    Raises:
        BadInput: When a path does not exist.
        WrongUse: When a hints file cannot be understood.
    """
    files = find_files(paths)
    said = Hints(hints or {}, [path.absolute() for path in paths])
    tasks = [(path, said.of(path.absolute())) for path in files]
    report = IngestReport(files=len(files))
    known, policy = _known(lake), policy_of(lake)
    with reading(_read, workers) as read:
        for start in range(0, len(tasks), BATCH):
            batch = tasks[start : start + BATCH]
            opened = [_open(path, told) for path, told in batch]
            sources = [source for source in opened if isinstance(source, Source)]
            new = [source for source in sources if not _is_known(source, known)]
            report.known_files += len(sources) - len(new)
            unreadable = [each for each in opened if isinstance(each, Refused)]
            done = [_outcome(*each) for each in zip(new, read(new), strict=True)]
            _store(lake, done, unreadable, report, policy)
            if progress:
                progress(start + len(batch), len(files))
    return report


@dataclass
class _Read:
    """What one file gave."""

    source: Source
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"materials": [], "spectra": []}
    )
    refused: list[Refused] = field(default_factory=list)


Known = dict[str, set[tuple[str, str, str | None]]]


def _known(lake: Lake) -> Known:
    """By digest of every file that gave rows: reader, its version, hints."""
    query = " UNION ".join(
        "SELECT file_digest, producer, producer_version, parameters->'hints' AS hints "
        f"FROM {table} WHERE file_digest IS NOT NULL"
        for table in ("materials", "spectra")
    )
    known: Known = {}
    for row in lake.sql(query).to_pylist():
        read_by = (row["producer"], row["producer_version"], row["hints"])
        known.setdefault(row["file_digest"], set()).add(read_by)
    return known


def open_file(path: Path, told: dict[str, Any]) -> Source:
    """The file, and what the user says about it.

    Raises:
        BadInput: When the system does not let it be read.
    """
    try:
        return Source(path, path.read_bytes(), told)
    except OSError as error:
        raise BadInput(path.name, "a file that can be read", str(error)) from error


def _open(path: Path, told: dict[str, Any]) -> Source | Refused:
    """The file, or a refusal without bytes."""
    try:
        return open_file(path, told)
    except BadInput as error:
        return _refused(Source(path, b""), "open", error)


def _is_known(source: Source, known: Known) -> bool:
    """Whether this version of its reader, told the same, has given rows of the file already."""
    if source.digest not in known:
        return False
    try:
        reader = reader_for(source)
    except BadInput:
        return False  # it is refused when it is read
    hints = canonical_json(source.hints) if source.hints else None
    return (reader.name, reader.version, hints) in known[source.digest]


def _read(source: Source) -> _Read:
    read = _Read(source)
    try:
        records = reader_for(source).read(source)
        if not records:
            raise BadInput(source.name, "at least one data set", "none")
        # beyond the numbers a curve can hold is infinite then, which the checks refuse by name
        with np.errstate(over="ignore", invalid="ignore"):
            for record in records:
                _add_row(read, record)
    except BadInput as error:
        read.refused.append(_refused(source, "read", error))
    except Exception as error:  # noqa: BLE001 - a fault of one reader must not stop the others
        fault = BadInput(source.name, "records or a reason", f"{type(error).__name__}: {error}")
        read.refused.append(_refused(source, "reader fault", fault))
    return read


def _outcome(source: Source, found: _Read | Lost) -> _Read:
    """What a file gave; one that broke the process reading it is refused like any other."""
    if isinstance(found, _Read):
        return found
    return _Read(source, refused=[_refused(source, "reader fault", why_lost(source, found))])


def _add_row(read: _Read, record: Spectrum | Material) -> None:
    try:
        if isinstance(record, Material):
            table, row = "materials", row_of_material(record)
        else:
            table, row = "spectra", row_of_spectrum(record)
    except BadInput as error:
        part = record.provenance.file_part
        read.refused.append(_refused(read.source, "convert", error, part))
        return
    row["file_name"] = str(read.source.path)
    if read.source.hints:
        told = {**record.provenance.parameters, "hints": read.source.hints}
        row["parameters"] = canonical_json(told)
    read.rows[table].append(row)


def _store(
    lake: Lake,
    batch: list[_Read],
    unreadable: list[Refused],
    report: IngestReport,
    policy: Policy,
) -> None:
    refused = unreadable + [r for read in batch for r in read.refused]
    for table in ("materials", "spectra"):
        owners = [(read.source, row) for read in batch for row in read.rows[table]]
        if not owners:
            continue
        rows = pa.Table.from_pylist([row for _, row in owners], schema=lake[table].schema.arrow)
        found = faults(rows, table)
        complaints = [complaint(each, policy) for each in found]
        refused += [
            _refused(source, "check", why, row["file_part"])
            for (source, row), why in zip(owners, complaints, strict=True)
            if why
        ]
        kept = [c is None for c in complaints]
        good = rows if all(kept) else rows.filter(pa.array(kept, pa.bool_()))
        marks = flags(good, table, [each for each, keep in zip(found, kept, strict=True) if keep])
        # before the rows: whoever sees one that failed sees that it did
        lake.append("checks", marks)
        new = lake.append(table, good)
        report.stored[table] += new
        report.known_rows += good.num_rows - new
        report.flagged += len(set(marks["entity_id"].to_pylist()))
    quarantine(lake, refused)
    report.refused += refused


def _refused(source: Source, stage: str, error: BadInput, part: str | None = None) -> Refused:
    return Refused(
        file_name=str(source.path),
        file_digest=source.digest,
        stage=stage,
        where=error.where,
        expected=error.expected,
        found=error.found,
        content=source.content,
        file_part=part,
    )


def quarantine(lake: Lake, refused: Sequence[Refused]) -> int:
    """Keep what was refused, with its bytes and the reason; returns how many are new."""
    return lake.append(
        "quarantine",
        [
            {
                "refusal_id": digest(
                    r.file_digest, r.stage, r.file_part or "", r.where, r.expected, r.found
                ),
                "file_name": r.file_name,
                "file_digest": r.file_digest,
                "file_part": r.file_part,
                "stage": r.stage,
                "location": r.where,
                "expected": r.expected,
                "found": r.found,
                "content": r.content,
                "refused_at": now(),
            }
            for r in refused
        ],
    )
