"""Files into the lake: find, read, check, store or quarantine; one bad file stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.checks.gate import refusals
from ingest.hints import HINTS_FILE, Hints
from ingest.readers import Source, reader_for
from ingest.rows import row_of_material, row_of_spectrum
from registry.errors import BadInput
from registry.identity import canonical_json, digest
from registry.lake import Lake, now
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
    """

    files: int = 0
    stored: dict[str, int] = field(default_factory=lambda: {"materials": 0, "spectra": 0})
    known_files: int = 0
    known_rows: int = 0
    refused: list[Refused] = field(default_factory=list)


def find_files(paths: Sequence[Path]) -> list[Path]:
    """All files below the paths, sorted, without hidden files and folders and hints files.

    Raises:
        BadInput: When a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadInput(str(path), "a file or a folder", "nothing there")
        below = [path] if path.is_file() else path.rglob("*")
        found += [p for p in below if p.is_file() and not _passed_over(p, path)]
    return sorted(set(found))


def _passed_over(path: Path, root: Path) -> bool:
    inside = path.relative_to(root).parts if path != root else ()
    return path.name == HINTS_FILE or any(part.startswith(".") for part in inside)


def ingest_files(
    lake: Lake,
    paths: Sequence[Path],
    hints: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Ingest files and folders. Stopped half-way, the next call goes on where it stopped.

    Args:
        lake: Where to.
        paths: Files, or folders that are walked.
        hints: What the user says about the files; wins over what readers guess.
        progress: Called with (files done, files in all).
    """
    files = find_files(paths)
    said = Hints(hints or {}, [path.absolute() for path in paths])
    report = IngestReport(files=len(files))
    known = _known(lake)
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        _store(lake, [_read(path, said, known, report) for path in batch], report)
        if progress:
            progress(start + len(batch), len(files))
    for table in ("materials", "spectra", "quarantine"):
        lake[table].maintain()
    return report


@dataclass(frozen=True)
class _Read:
    source: Source
    rows: dict[str, list[dict[str, Any]]]


Known = set[tuple[str, str, str, str | None]]


def _known(lake: Lake) -> Known:
    """(file digest, reader, its version, hints) of every file that gave rows."""
    query = " UNION ".join(
        "SELECT file_digest, producer, producer_version, parameters->'hints' AS hints "
        f"FROM {table} WHERE file_digest IS NOT NULL"
        for table in ("materials", "spectra")
    )
    return {tuple(row.values()) for row in lake.sql(query).to_pylist()}


def _read(path: Path, said: Hints, known: Known, report: IngestReport) -> _Read:
    source = Source(path, path.read_bytes(), said.of(path.absolute()))
    rows: dict[str, list[dict[str, Any]]] = {"materials": [], "spectra": []}
    hints = canonical_json(source.hints) if source.hints else None
    try:
        reader = reader_for(source)
        if (source.digest, reader.name, reader.version, hints) in known:
            report.known_files += 1
            return _Read(source, rows)
        records = reader.read(source)
        if not records:
            raise BadInput(source.name, "at least one data set", "none")
    except BadInput as error:
        report.refused.append(_refused(source, "read", error))
        return _Read(source, rows)
    for record in records:
        _add_row(source, record, rows, report)
    return _Read(source, rows)


def _add_row(
    source: Source,
    record: Spectrum | Material,
    rows: dict[str, list[dict[str, Any]]],
    report: IngestReport,
) -> None:
    try:
        if isinstance(record, Material):
            table, row = "materials", row_of_material(record)
        else:
            table, row = "spectra", row_of_spectrum(record)
    except BadInput as error:
        report.refused.append(_refused(source, "convert", error, record.provenance.file_part))
        return
    if source.hints:
        told = {**record.provenance.parameters, "hints": source.hints}
        row["parameters"] = canonical_json(told)
    rows[table].append(row)


def _store(lake: Lake, batch: list[_Read], report: IngestReport) -> None:
    for table in ("materials", "spectra"):
        owners = [(read.source, row) for read in batch for row in read.rows[table]]
        if not owners:
            continue
        rows = pa.Table.from_pylist([row for _, row in owners], schema=lake[table].schema.arrow)
        complaints = refusals(rows, table)
        for (source, row), complaint in zip(owners, complaints, strict=True):
            if complaint:
                report.refused.append(_refused(source, "check", complaint, row["file_part"]))
        good = rows.filter(pa.array([c is None for c in complaints], pa.bool_()))
        new = lake[table].append_new(good)
        report.stored[table] += new
        report.known_rows += good.num_rows - new
    sources = {read.source.digest for read in batch}
    quarantine(lake, [r for r in report.refused if r.file_digest in sources])


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
