"""One Delta table: its versions, its data files and the keys in them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from registry.errors import BadInput, LakeError
from registry.schema import Schema
from registry.tables import log
from registry.tables.keys import KnownKeys, Words
from registry.tables.parquet import File, encoded, fault, file_name, read_columns
from registry.tables.storage import Storage, reason

LOG_KEPT = "interval 36500 days"


@dataclass(frozen=True)
class State:
    """A version of a table: its files and the columns they have."""

    version: int
    files: tuple[File, ...]
    columns: tuple[str, ...]


class Table:
    """A Delta table of the lake.

    Args:
        storage: Folder of the table.
        schema: Columns and key.
    """

    def __init__(self, storage: Storage, schema: Schema) -> None:
        self.storage = storage
        self.schema = schema
        self._lock = threading.RLock()
        self._delta: DeltaTable | None = None
        self._seen: State | None = None
        self._known = KnownKeys(schema.key, self.keys)

    def create(self) -> None:
        """Create the table unless it exists.

        Raises:
            LakeError: When the storage cannot be written.
        """
        try:
            DeltaTable.create(
                self.storage.uri,
                schema=self.schema.arrow,
                mode="ignore",
                name=self.schema.name,
                description=self.schema.meaning,
                configuration={"delta.logRetentionDuration": LOG_KEPT},
                storage_options=self._options,
            )
        except (DeltaError, OSError) as error:
            # another process may have been quicker
            if not self.storage.exists(log.path_of(0)):
                raise LakeError(f"{self.storage.uri} not made: {reason(error)}") from error

    def delta(self, version: int | datetime | None = None) -> DeltaTable:
        """Open the table at a version or a moment, the newest by default.

        Raises:
            LakeError: When there is no such table or version, or another program changed it in a
                way that this one does not know.
        """
        try:
            opened = DeltaTable(
                self.storage.uri,
                version=version if isinstance(version, int) else None,
                storage_options=self._options,
            )
            if isinstance(version, datetime):
                opened.load_as_version(version)
        except (DeltaError, OSError) as error:
            raise LakeError(f"table {self.schema.name!r} at {version}: {reason(error)}") from error
        log.check_protocol(self.schema.name, opened)
        return opened

    def state(self, version: int | None = None) -> State:
        """Files of a version, the newest by default.

        Raises:
            LakeError: When there is no such table or version.
        """
        held = self._seen
        if version is not None:
            return held if held and held.version == version else _state(self.delta(version))
        with self._lock:
            # entries have no gaps: where the next one is missing, nothing is newer
            if self._seen is None or self.storage.exists(log.path_of(self._seen.version + 1)):
                self._seen = _state(self._updated())
            return self._seen

    def committed(
        self,
        before: State,
        removed: Sequence[File],
        added: Sequence[File],
        schema: pa.Schema | None,
    ) -> None:
        """Take note of a commit of this process on top of a state."""
        gone = set(removed)
        files = (*(file for file in before.files if file not in gone), *added)
        columns = tuple(schema.names) if schema else before.columns
        with self._lock:
            self._seen = State(before.version + 1, files, columns)

    def version(self) -> int:
        """Newest version of the table."""
        return self.state().version

    def files(self, version: int | None = None) -> list[str]:
        """Addresses of the Parquet files that make up a version."""
        return [self.storage.full(file.path) for file in self.state(version).files]

    def holds(self, keys: Words, state: State) -> npt.NDArray[np.bool_]:
        """Whether the table in a state has rows of these keys, shape ``(n,)``."""
        with self._lock:
            self._known.refresh(file.path for file in state.files)
            return self._known.holds(keys)

    def learn(self, path: str, keys: Words) -> None:
        """Take note of the keys in a file this process wrote."""
        with self._lock:
            self._known.add(path, keys)

    def write(self, groups: Iterable[pa.Table]) -> File:
        """Write row groups to a data file that no version names yet.

        Its name ends with the checksum of its bytes, by which damage is found later.

        Raises:
            LakeError: When it cannot be written; nothing of it is left then.
        """
        content, rows, statistics = encoded(groups, self.schema)
        path = file_name(content)
        try:
            self.storage.write(path, content)
        except LakeError:
            self.discard(path)
            raise
        return File(path, content.size, rows, statistics)

    def discard(self, path: str) -> None:
        """Delete a data file that no version names."""
        try:
            self.storage.files.delete_file(path)
        except OSError:
            # unreachable or never there: vacuum finds what is left
            return

    def read(self, file: File) -> pa.Table:
        """All rows of a data file, proved to be what was written.

        Raises:
            LakeError: When the file is missing or damaged.
        """
        try:
            with self.storage.files.open_input_file(file.path) as opened:
                content = opened.read_buffer()
            if found := fault(file.path, file.size, content):
                raise LakeError(f"{self.storage.full(file.path)}: {found}")
            return read_columns(pa.BufferReader(content), self.schema.arrow.names)
        except (OSError, pa.ArrowException) as error:
            raise LakeError(f"{self.storage.full(file.path)}: {reason(error)}") from error

    def keys(self, path: str) -> pa.Table:
        """Key columns of a data file.

        Raises:
            LakeError: When the file is missing or damaged.
        """
        try:
            with self.storage.files.open_input_file(path) as file:
                return read_columns(file, self.schema.key)
        except (OSError, pa.ArrowException) as error:
            raise LakeError(f"{self.storage.full(path)}: {reason(error)}") from error

    def conform(self, rows: pa.Table) -> pa.Table:
        """Rows in the columns and types of the schema; columns they lack become null.

        Raises:
            BadInput: For a column the table does not have.
        """
        arrow = self.schema.arrow
        if rows.schema.equals(arrow):
            return rows
        unknown = sorted(set(rows.schema.names) - set(arrow.names))
        if unknown:
            raise BadInput(f"rows of {self.schema.name!r}", "its columns", ", ".join(unknown))
        columns = [
            rows[f.name].cast(f.type)
            if f.name in rows.schema.names
            else pa.nulls(len(rows), f.type)
            for f in arrow
        ]
        return pa.table(columns, schema=arrow)

    @property
    def _options(self) -> dict[str, str] | None:
        return dict(self.storage.options) or None

    def _updated(self) -> DeltaTable:
        """The newest version; reads only what the log gained since the last call."""
        if self._delta is None:
            self._delta = self.delta()
            return self._delta
        try:
            self._delta.update_incremental()
        except (DeltaError, OSError) as error:
            raise LakeError(f"table {self.schema.name!r}: {reason(error)}") from error
        log.check_protocol(self.schema.name, self._delta)
        return self._delta


def _state(delta: DeltaTable) -> State:
    actions = delta.get_add_actions(flatten=True)
    columns = ("path", "size_bytes", "num_records")
    files = zip(*(actions[name].to_pylist() for name in columns), strict=True)
    return State(
        int(delta.version()),
        tuple(File(path, size, rows) for path, size, rows in files),
        tuple(field.name for field in delta.schema().fields),
    )
