"""Upkeep of a whole lake: maintain, verify, and rebuild it from its data files alone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pyarrow as pa

from registry.curves.spectra import sidecars_of
from registry.errors import LakeError
from registry.lake import Lake
from registry.tables.commits import append_new, replace
from registry.tables.maintenance import RETENTION, Upkeep
from registry.tables.maintenance import maintain as maintain_table
from registry.tables.parquet import File
from registry.tables.storage import Storage
from registry.tables.table import Table
from registry.tables.verify import Damage, damages, set_aside

Progress = Callable[[str], None]


@dataclass
class Rebuilt:
    """What was found in the data files of a lake: rows by table, files that could not be read."""

    rows: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def pinned(lake: Lake) -> dict[str, set[int]]:
    """Versions of each table that a dataset was assembled from: they stay readable."""
    found: dict[str, set[int]] = defaultdict(set)
    for row in lake.sql("SELECT DISTINCT snapshot FROM datasets").to_pylist():
        for table, version in json.loads(row["snapshot"] or "{}").items():
            found[table].add(version)
    return found


def maintain(lake: Lake, table: str, retention: timedelta = RETENTION) -> Upkeep:
    """Compact, checkpoint and vacuum one table; others may read and write it meanwhile.

    Raises:
        LakeError: When the retention is shorter than a writer may take to commit.
    """
    done = maintain_table(lake[table], pinned(lake)[table], retention)
    if table == "spectra":
        files = [file.path for file in lake[table].state().files]
        sidecars_of(lake).forget(files)
    return done


def verify(lake: Lake, aside: bool = False, progress: Progress | None = None) -> list[Damage]:
    """Compare every byte of every live data file with its checksum.

    Args:
        lake: The lake.
        aside: Whether to take damaged files out of the tables; they are kept in ``_damaged``.
        progress: Called with the name of each file when it was read.
    """
    found: list[Damage] = []
    for table in lake.tables.values():
        named = (lambda file: progress(file.path)) if progress else None
        here = damages(table, progress=named)
        if aside:
            set_aside(table, here)
        found += here
    return found


def rebuild(old: Storage, lake: Lake, progress: Progress | None = None) -> Rebuilt:
    """Fill a new lake from the data files of one whose logs are lost.

    Every row of every readable file comes back; of rows that were replaced, the newest.

    Args:
        old: Where the data files are.
        lake: A new lake elsewhere.
        progress: Called with the name of each file when it was taken in.
    """
    report = Rebuilt()
    for name, table in lake.tables.items():
        source = Table(old.at(f"tables/{name}"), table.schema)
        report.rows[name] = 0
        for file in _data_files(source):
            try:
                rows = _known_columns(source, file)
            except LakeError as error:
                report.unreadable.append(str(error))
                continue
            take_in = replace if table.schema.replaced else append_new
            report.rows[name] += take_in(table, rows)
            if progress:
                progress(file.path)
    return report


def _data_files(source: Table) -> list[File]:
    """Data files of a table whether a log names them or not, oldest first."""
    found = [
        (written, File(path, size, 0))
        for path, size, written in source.storage.walk()
        if path.endswith(".parquet") and "/" not in path
    ]
    return [file for _, file in sorted(found, key=lambda each: (each[0], each[1].path))]


def _known_columns(source: Table, file: File) -> pa.Table:
    return source.conform(source.read(file))
