"""What belongs to a table at one version: the entries of its log and every data file they name.

Others may go on writing meanwhile: entries above the version are left out, files never change, and
tables are captured in an order in which nothing refers to a row that was left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from registry.errors import LakeError
from registry.lake import Lake
from registry.tables.log import path_of
from registry.tables.table import Table

ORDER = (
    *("models", "predictions", "datasets", "dataset_members", "features", "feature_views"),
    *("properties", "checks", "retractions", "quarantine", "spectra", "chunks", "materials"),
)
"""A row is written after the rows it refers to; so what refers is captured first."""


@dataclass(frozen=True)
class Captured:
    """A table at a version.

    Attributes:
        table: The table.
        version: Its version.
        files: Data files (path, bytes) of this version and of older ones that can still be read.
        rows: Rows of this version.
    """

    table: Table
    version: int
    files: tuple[tuple[str, int], ...]
    rows: int

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.schema.name

    @property
    def entries(self) -> tuple[str, ...]:
        """Paths of the log's entries, oldest first."""
        return tuple(path_of(n) for n in range(self.version + 1))


def capture(lake: Lake) -> list[Captured]:
    """Capture all tables of a lake as they are now.

    Raises:
        LakeError: When a data file of a newest version, or an entry of a log, is missing.
    """
    return [_captured(lake[name]) for name in ORDER]


def content(table: Table, path: str) -> bytes:
    """Content of a file of a table.

    Raises:
        LakeError: When there is none.
    """
    found = table.storage.read(path)
    if found is None:
        raise LakeError(f"{table.storage.full(path)} is missing: 'scatterlake verify' says more")
    return found


def _captured(table: Table) -> Captured:
    state = table.state()
    named: set[str] = set()
    for number in range(state.version + 1):
        lines = content(table, path_of(number)).decode().splitlines()
        actions = (json.loads(line) for line in lines if line)
        named.update(action["add"]["path"] for action in actions if "add" in action)
    there = {path: size for path, size, _ in table.storage.walk() if path in named}
    for file in state.files:
        if there.get(file.path) != file.size:
            found = there.get(file.path, "none")
            raise LakeError(
                f"{table.storage.full(file.path)}: expected {file.size} bytes, found {found}: "
                "'scatterlake verify --set-aside' takes damaged files out"
            )
    rows = sum(file.rows for file in state.files)
    return Captured(table, state.version, tuple(sorted(there.items())), rows)
