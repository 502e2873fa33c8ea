"""Chosen rows of a table, some at a time, without the row groups that hold none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.errors import LakeError
from registry.tables.table import State, Table

ROWS = 1024
BUFFER_BYTES = 2**20
"""Rows, and bytes of the file, that are read at a time."""
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chosen:
    """Which rows of a table to read.

    Attributes:
        key: Column with the id.
        ids: Ids wanted, each once.
        equal: Further columns and the text they must be equal to.
    """

    key: str
    ids: pa.Array
    equal: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A row group with chosen rows.

    Attributes:
        table: Its table.
        path: Data file within the table.
        number: Number of the row group in it.
        places: Place of each row among the ids wanted, -1 where it is not chosen.
    """

    table: Table
    path: str
    number: int
    places: Places

    def batches(
        self, columns: Sequence[str], rows: int = ROWS
    ) -> Iterator[tuple[Places, pa.RecordBatch]]:
        """Read all its rows, so many at a time.

        Yields:
            The place of each row, and the columns.

        Raises:
            LakeError: When the file is missing or damaged.
        """
        # a reader of its own: one does not serve two threads
        with _opened(self.table, self.path) as parquet:
            first = 0
            for batch in parquet.iter_batches(rows, [self.number], list(columns)):
                yield self.places[first : first + len(batch)], batch
                first += len(batch)


def chosen_groups(table: Table, state: State, chosen: Chosen) -> Iterator[Group]:
    """Row groups that have chosen rows: the keys of a file are read and looked up at once.

    Args:
        table: The table.
        state: Version of it to read.
        chosen: Which rows.

    Raises:
        LakeError: When a data file is missing or damaged.
    """
    for file in state.files:
        with _opened(table, file.path) as parquet:
            yield from _groups(table, file.path, parquet, chosen)


def _groups(table: Table, path: str, parquet: pq.ParquetFile, chosen: Chosen) -> Iterator[Group]:
    numbers = [n for n in range(parquet.num_row_groups) if _may_hold(parquet, n, chosen.equal)]
    if not numbers:
        return
    places = _places(parquet.read_row_groups(numbers, [chosen.key, *chosen.equal]), chosen)
    ends = np.cumsum([parquet.metadata.row_group(n).num_rows for n in numbers])
    for number, here in zip(numbers, np.split(places, ends[:-1]), strict=True):
        if (here >= 0).any():
            yield Group(table, path, number, here)


@contextmanager
def _opened(table: Table, path: str) -> Iterator[pq.ParquetFile]:
    try:
        with (
            table.storage.files.open_input_file(path) as file,
            pq.ParquetFile(
                file, page_checksum_verification=True, buffer_size=BUFFER_BYTES
            ) as parquet,
        ):
            yield parquet
    except (OSError, pa.ArrowException) as error:
        raise LakeError(f"{table.storage.full(path)}: {error}") from error


def _may_hold(parquet: pq.ParquetFile, group: int, equal: Mapping[str, str]) -> bool:
    """Whether the bounds of a row group admit the texts."""
    metadata = parquet.metadata.row_group(group)
    names = parquet.schema_arrow.names
    for name, text in equal.items():
        # a nested column before it has as many places as leaves: it lies there or further on
        bounds = next(
            column.statistics
            for column in map(metadata.column, range(names.index(name), metadata.num_columns))
            if column.path_in_schema == name
        )
        if bounds is not None and bounds.has_min_max and not bounds.min <= text <= bounds.max:
            return False
    return True


def _places(keys: pa.Table, chosen: Chosen) -> Places:
    places = pc.index_in(keys[chosen.key], value_set=chosen.ids).fill_null(-1).to_numpy()
    for name, text in chosen.equal.items():
        places = np.where(pc.equal(keys[name], text).to_numpy(), places, -1)
    return np.asarray(places, dtype=np.int64)
