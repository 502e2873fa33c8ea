"""Proof that every data file is there, whole and as it was written; putting damage aside.

The name of a data file carries the checksum of its bytes, so a flipped bit is found although it
may decode. Ids are content: after a
damaged file was set aside, ingesting the same input again brings back just what was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from registry.errors import LakeError
from registry.tables.commits import commit
from registry.tables.parquet import File
from registry.tables.table import Table

ASIDE = "_damaged"


@dataclass(frozen=True)
class Damage:
    """A data file that is not what it was written as.

    Attributes:
        table: Table it belongs to.
        file: The file as the log names it.
        address: Where it is.
        found: What is wrong with it.
    """

    table: str
    file: File
    address: str
    found: str

    def __str__(self) -> str:
        return f"{self.address} ({self.file.rows} rows of {self.table!r}): {self.found}"


def damages(
    table: Table,
    files: Iterable[File] | None = None,
    deep: bool = True,
    progress: Callable[[File], None] | None = None,
) -> list[Damage]:
    """Find damaged files.

    Args:
        table: The table.
        files: Which of its files; the newest version's by default.
        deep: Read every byte and compare checksums, not only sizes.
        progress: Called after each file.
    """
    found = []
    for file in table.state().files if files is None else files:
        wrong = _wrong_size(table, file) or (_wrong_content(table, file) if deep else None)
        if wrong:
            found.append(Damage(table.schema.name, file, table.storage.full(file.path), wrong))
        if progress:
            progress(file)
    return found


def set_aside(table: Table, damaged: Sequence[Damage]) -> None:
    """Take damaged files out of a table, in one commit, and move them to ``_damaged/``.

    Older snapshots that named them cannot be read any more; their undamaged files can.
    """
    if not damaged:
        return
    commit(table, [damage.file for damage in damaged], [], "SET ASIDE DAMAGED FILES")
    for damage in damaged:
        path = damage.file.path
        if table.storage.exists(path):
            table.storage.move(path, f"{ASIDE}/{path}")


def _wrong_size(table: Table, file: File) -> str | None:
    size = table.storage.size(file.path)
    if size is None:
        return "missing"
    return None if size == file.size else f"expected {file.size} bytes, found {size}"


def _wrong_content(table: Table, file: File) -> str | None:
    try:
        table.read(file)
    except LakeError as error:
        return str(error).removeprefix(f"{table.storage.full(file.path)}: ")
    return None
