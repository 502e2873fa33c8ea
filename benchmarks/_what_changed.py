"""What damage did to the rows that were stored of a damaged file, and whether a check flags it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.checks import check_sets
from ingest.checks.materials import MATERIAL_CHECKS, material_quality
from ingest.checks.spectra import spectrum_quality
from ingest.files import _read
from ingest.readers import Source
from registry.lake import Lake

CHANGES = (
    "points lost",
    "points added",
    "values of the axis",
    "one intensity",
    "several intensities",
    "uncertainty or resolution",
    "a structure",
    "other facts: kind, technique, conditions",
)


@dataclass(frozen=True)
class Change:
    """One of ``CHANGES``, and the checks that flag the row (warnings too)."""

    what: str
    checks: tuple[str, ...]


def changes(lake: Lake, wholes: dict[Path, Path]) -> Iterator[tuple[Path, Change]]:
    """For every damaged file that gave a new row: the change of its first row.

    Args:
        lake: Where damaged files were ingested.
        wholes: The whole file of each damaged one.
    """
    for table in ("spectra", "materials"):
        rows = lake.sql(f"SELECT * FROM {table}")
        broken = _broken(rows, table)
        first: dict[str, int] = {}
        for n, name in enumerate(rows["file_name"].to_pylist()):
            first.setdefault(name, n)
        for damaged, whole in wholes.items():
            if (at := first.get(str(damaged))) is not None:
                row = rows.slice(at, 1).to_pylist()[0]
                what = "a structure" if table == "materials" else _what(_before(whole, row), row)
                yield damaged, Change(what, broken[at])


def _before(whole: Path, row: dict[str, Any]) -> dict[str, Any] | None:
    """The row that the whole file gives for the same part, or None when it is refused."""
    rows = _rows_of(whole)
    same = [each for each in rows if each["file_part"] == row["file_part"]]
    return next(iter(same or rows), None)


@cache
def _rows_of(whole: Path) -> list[dict[str, Any]]:
    return _read(Source(whole, whole.read_bytes())).rows["spectra"]


def _broken(rows: pa.Table, table: str) -> list[tuple[str, ...]]:
    """Names of the checks that each row breaks, but for those that compare rows."""
    if table == "materials":
        checks, columns = list(MATERIAL_CHECKS), material_quality(rows)
        techniques = [""] * rows.num_rows
    else:
        sets = [each for each in check_sets().values() if not each.together]
        checks = [check for each in sets for check in each.checks]
        columns = spectrum_quality(rows, sets)
        techniques = rows["technique"].to_pylist()
    found: list[list[str]] = [[] for _ in range(rows.num_rows)]
    for check in checks:
        for n in np.flatnonzero(check.broken_by(columns[check.name])):
            if check.applies_to(techniques[n]):
                found[n].append(check.name)
    return [tuple(names) for names in found]


def _what(before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    if before is None:  # the whole file needs an option that the damaged one does not
        return CHANGES[-1]
    one, other = _arrays(before), _arrays(after)
    if len(other["intensity"]) != len(one["intensity"]):
        return CHANGES[0] if len(other["intensity"]) < len(one["intensity"]) else CHANGES[1]
    if not np.array_equal(one["x"], other["x"], equal_nan=True):
        return CHANGES[2]
    differ = one["intensity"] != other["intensity"]
    differ &= ~(np.isnan(one["intensity"]) & np.isnan(other["intensity"]))
    if differ.any():
        return CHANGES[3] if differ.sum() == 1 else CHANGES[4]
    same = all(np.array_equal(one[name], other[name], equal_nan=True) for name in _WIDTHS)
    return CHANGES[-1] if same else CHANGES[5]


_WIDTHS = ("uncertainty", "resolution")


def _arrays(row: dict[str, Any]) -> dict[str, Any]:
    given = {name: row[name] for name in ("x", "intensity", *_WIDTHS)}
    return {name: np.array([] if v is None else v, dtype=float) for name, v in given.items()}
