"""One Delta table: append what is new, replace by key, read a pinned version.

Parquet is written by pyarrow and committed as add-actions. An append first looks which keys
the live files already hold; a commit that lost the race against another process is refused by
the log, and the append looks again. So the same rows written by many processes stay one each.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from registry.errors import BadInput, LakeError
from registry.schema import Schema
from registry.tables.keys import KnownKeys, digests, first_of_each
from registry.tables.parquet import checksum, encoded, fault, read_columns, row_groups, statistics
from registry.tables.storage import Storage, reason

CHECKPOINT_EVERY = "50"
MAX_ATTEMPTS = 100
NO_RETRY = CommitProperties(max_commit_retries=0)
KEEP_LOG = PostCommitHookProperties(cleanup_expired_logs=False)


@dataclass(frozen=True)
class File:
    """A live data file: path within the table, size (bytes) and number of rows."""

    path: str
    size: int
    rows: int


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
        self._lock = threading.Lock()
        self._newest: DeltaTable | None = None

    def create(self) -> None:
        """Create the table unless it exists."""
        DeltaTable.create(
            self.storage.uri,
            schema=self.schema.arrow,
            mode="ignore",
            name=self.schema.name,
            description=self.schema.meaning,
            configuration={
                "delta.checkpointInterval": CHECKPOINT_EVERY,
                "delta.logRetentionDuration": "interval 36500 days",
            },
            storage_options=self._options,
        )

    def delta(self, version: int | datetime | None = None) -> DeltaTable:
        """Open the table at a version or a moment, the newest by default.

        Raises:
            LakeError: When there is no such table or version.
        """
        try:
            opened = DeltaTable(
                self.storage.uri,
                version=version if isinstance(version, int) else None,
                storage_options=self._options,
            )
            if isinstance(version, datetime):
                opened.load_as_version(version)
            return opened
        except (TableNotFoundError, DeltaError, OSError) as error:
            raise LakeError(f"table {self.schema.name!r} at {version}: {reason(error)}") from error

    def state(self, version: int | None = None) -> State:
        """Files of a version, the newest by default.

        Raises:
            LakeError: When there is no such table or version.
        """
        if version is not None:
            return state_of(self.delta(version))
        with self._lock:
            return state_of(self._current())

    def last_seen(self) -> State:
        """The version this process saw last, without asking the storage again."""
        with self._lock:
            return state_of(self._newest or self._current())

    def version(self) -> int:
        """Newest version of the table."""
        return self.state().version

    def files(self, version: int | None = None) -> list[str]:
        """Addresses of the Parquet files that make up a version."""
        return [self.storage.full(file.path) for file in self.state(version).files]

    def append_new(self, rows: pa.Table) -> int:
        """Append the rows whose key the table does not hold yet; returns how many there were.

        Raises:
            LakeError: When the storage cannot be written; the table is as before.
        """
        rows = self.conform(rows)
        keys = digests(rows, self.schema.key)
        distinct = first_of_each(keys)

        def attempt(delta: DeltaTable) -> int:
            self._known.refresh(file.path for file in state_of(delta).files)
            fresh = distinct & ~self._known.holds(keys)
            if not fresh.any():
                return 0
            new = rows if fresh.all() else rows.filter(pa.array(fresh))
            path = self._commit(delta, new)
            self._known.add(path, keys[fresh])
            return int(new.num_rows)

        return self._until_committed(attempt) if rows.num_rows else 0

    def write(self, groups: Iterable[pa.Table]) -> File:
        """Write row groups to a data file that no version names yet.

        Its name ends with the digest of its bytes, by which damage is found later.

        Raises:
            LakeError: When it cannot be written; nothing of it is left then.
        """
        content, rows = encoded(groups, self.schema)
        path = f"part-{uuid.uuid4().hex}-{checksum(content)}.parquet"
        try:
            self.storage.write(path, content)
        except LakeError:
            self.discard(path)
            raise
        return File(path, content.size, rows)

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
        """Key columns of a data file."""
        with self.storage.files.open_input_file(path) as file:
            return read_columns(file, self.schema.key)

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

    @cached_property
    def _known(self) -> KnownKeys:
        return KnownKeys(self.schema.key, self.keys)

    @property
    def _options(self) -> dict[str, str] | None:
        return dict(self.storage.options) or None

    def _current(self) -> DeltaTable:
        """The newest version; reads only what the log gained since the last call."""
        if self._newest is None:
            self._newest = self.delta()
        else:
            try:
                self._newest.update_incremental()
            except (DeltaError, OSError) as error:
                raise LakeError(f"table {self.schema.name!r}: {reason(error)}") from error
        return self._newest

    def _until_committed(self, attempt: Callable[[DeltaTable], int]) -> int:
        with self._lock:
            for n in range(MAX_ATTEMPTS):
                delta = self._current()
                try:
                    return attempt(delta)
                except CommitFailedError:
                    wait(n)
                except (DeltaError, OSError) as error:
                    raise LakeError(
                        f"table {self.schema.name!r} not written: {reason(error)}"
                    ) from error
        raise LakeError(f"table {self.schema.name!r}: lost {MAX_ATTEMPTS} races to commit")

    def _commit(self, delta: DeltaTable, rows: pa.Table) -> str:
        file = self.write(row_groups(rows))
        now = int(time.time() * 1000)
        action = AddAction(file.path, file.size, {}, now, True, statistics(rows))
        try:
            delta.create_write_transaction(
                [action],
                mode="append",
                schema=delta.schema(),
                commit_properties=NO_RETRY,
                post_commithook_properties=KEEP_LOG,
            )
        except CommitFailedError:
            # a lost answer makes the storage's client ask again and be refused by its own success
            if file.path not in {live.path for live in state_of(self._current()).files}:
                self.discard(file.path)
                raise
        return file.path


def state_of(delta: DeltaTable) -> State:
    """Files and columns of an opened table."""
    actions = delta.get_add_actions(flatten=True)
    columns = ("path", "size_bytes", "num_records")
    files = zip(*(actions[name].to_pylist() for name in columns), strict=True)
    return State(
        int(delta.version()),
        tuple(File(path, size, rows) for path, size, rows in files),
        tuple(field.name for field in delta.schema().fields),
    )


def wait(attempt: int) -> None:
    """Let the others go first, longer after each lost race."""
    time.sleep(min(0.5, 0.01 * 2**attempt) * random.uniform(0.5, 1.5))
