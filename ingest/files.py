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
from registry.parallel import mapper
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
    workers: int = 1,
) -> IngestReport:
    """Ingest files and folders. Stopped half-way, the next call goes on where it stopped.

    Args:
        lake: Where to.
        paths: Files, or folders that are walked.
        hints: What the user says about the files; wins over what readers guess.
        progress: Called with (files done, files in all).
        workers: Processes that read.

    Raises:
        BadInput: When a path does not exist.
        WrongUse: When a hints file cannot be understood.
    """
    files = find_files(paths)
    said = Hints(hints or {}, [path.absolute() for path in paths])
    tasks = [(path, said.of(path.absolute())) for path in files]
    report = IngestReport(files=len(files))
    known = _known(lake)
    with mapper(workers) as run:
        for start in range(0, len(tasks), BATCH):
            batch = tasks[start : start + BATCH]
            opened = [_open(path, told) for path, told in batch]
            sources = [source for source in opened if isinstance(source, Source)]
            new = [source for source in sources if not _is_known(source, known)]
            report.known_files += len(sources) - len(new)
            unreadable = [each for each in opened if isinstance(each, Refused)]
            _store(lake, list(run(_read, new)), unreadable, report)
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


Known = set[tuple[str, str, str, str | None]]


def _known(lake: Lake) -> Known:
    """(file digest, reader, its version, hints) of every file that gave rows."""
    query = " UNION ".join(
        "SELECT file_digest, producer, producer_version, parameters->'hints' AS hints "
        f"FROM {table} WHERE file_digest IS NOT NULL"
        for table in ("materials", "spectra")
    )
    return {tuple(row.values()) for row in lake.sql(query).to_pylist()}


def _open(path: Path, told: dict[str, Any]) -> Source | Refused:
    """The file, or a refusal without bytes when the system does not let it be read."""
    try:
        return Source(path, path.read_bytes(), told)
    except OSError as error:
        why = BadInput(path.name, "a file that can be read", str(error))
        return _refused(Source(path, b""), "open", why)


def _is_known(source: Source, known: Known) -> bool:
    """Whether this version of its reader, told the same, has given rows of the file already."""
    try:
        reader = reader_for(source)
    except BadInput:
        return False  # it is refused when it is read
    hints = canonical_json(source.hints) if source.hints else None
    return (source.digest, reader.name, reader.version, hints) in known


def _read(source: Source) -> _Read:
    read = _Read(source)
    try:
        records = reader_for(source).read(source)
        if not records:
            raise BadInput(source.name, "at least one data set", "none")
    except BadInput as error:
        read.refused.append(_refused(source, "read", error))
        return read
    except Exception as error:  # noqa: BLE001 - a fault of one reader must not stop the others
        fault = BadInput(source.name, "records or a reason", f"{type(error).__name__}: {error}")
        read.refused.append(_refused(source, "reader fault", fault))
        return read
    for record in records:
        _add_row(read, record)
    return read


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


def _store(lake: Lake, batch: list[_Read], unreadable: list[Refused], report: IngestReport) -> None:
    refused = unreadable + [r for read in batch for r in read.refused]
    for table in ("materials", "spectra"):
        owners = [(read.source, row) for read in batch for row in read.rows[table]]
        if not owners:
            continue
        rows = pa.Table.from_pylist([row for _, row in owners], schema=lake[table].schema.arrow)
        complaints = refusals(rows, table)
        refused += [
            _refused(source, "check", complaint, row["file_part"])
            for (source, row), complaint in zip(owners, complaints, strict=True)
            if complaint
        ]
        good = rows.filter(pa.array([c is None for c in complaints], pa.bool_()))
        new = lake.append(table, good)
        report.stored[table] += new
        report.known_rows += good.num_rows - new
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
