"""Copies of the data bases that MLflow and Prefect keep their state in, taken while they run."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from registry.errors import LakeError, WrongUse
from registry.tables.storage import Storage

SHARED = {"mlflow": "runs", "mlflow_auth": None, "prefect": "flow_run"}
"""Data bases of a shared stack, each with the table that is empty while nobody used it."""
LOCK_TIMEOUT = "-c lock_timeout=60s"


class Database(Protocol):
    """A data base that can be copied to a file and back."""

    @property
    def name(self) -> str:
        """Name of the copy."""

    def dump(self, path: Path) -> None:
        """Write a consistent copy; others may go on writing."""

    def insist_on_unused(self) -> None:
        """Make sure that nothing is lost when it is replaced."""

    def restore(self, path: Path) -> None:
        """Put a copy in place of what is there."""


@dataclass(frozen=True)
class Sqlite:
    """A SQLite file, copied by SQLite's own backup interface."""

    name: str
    path: Path

    def dump(self, path: Path) -> None:
        """Write a consistent copy; others may go on writing."""
        with (
            closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(path)) as copy,
        ):
            live.backup(copy)

    def insist_on_unused(self) -> None:
        """Make sure that nothing is lost when it is replaced: it lies in a claimed folder."""

    def restore(self, path: Path) -> None:
        """Put a copy in place of what is there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, self.path)


@dataclass(frozen=True)
class Postgres:
    """A data base of a PostgreSQL server, copied by its own tools.

    Where it is and who asks are in libpq's variables (PGHOST, PGPORT, PGUSER, PGPASSFILE or
    PGPASSWORD): a role that may read everything to dump, the superuser to restore.
    """

    name: str
    witness: str | None

    def dump(self, path: Path) -> None:
        """Write a consistent copy; others may go on writing."""
        _run("pg_dump", "--format=custom", f"--dbname={self.name}", f"--file={path}")

    def insist_on_unused(self) -> None:
        """Make sure that nothing is lost when it is replaced.

        Raises:
            WrongUse: When it holds runs.
        """
        if self.witness is None:
            return
        query = f"SELECT count(*) FROM {self.witness}"
        count = _run("psql", "-qtA", f"--dbname={self.name}", f"--command={query}").strip()
        if count != "0":
            found = f"{count} rows in {self.witness}"
            raise WrongUse(f"data base {self.name!r}", "an unused one, or --replace", found)

    def restore(self, path: Path) -> None:
        """Put a copy in place of what is there, all or nothing."""
        how = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")
        _run("pg_restore", *how, f"--dbname={self.name}", str(path))


def databases_of(lake: Storage) -> Sequence[Database]:
    """Data bases that belong to a lake: those in its folder, or those of its PostgreSQL.

    Raises:
        WrongUse: For a lake in a bucket when no PGHOST says where its PostgreSQL is.
    """
    if lake.is_remote:
        if "PGHOST" not in os.environ:
            raise WrongUse("PostgreSQL", "PGHOST, PGPORT, PGUSER and PGPASSFILE set", "no PGHOST")
        return [Postgres(*pair) for pair in SHARED.items()]
    embedded = {"mlflow": "mlflow/mlflow.db", "prefect": "prefect/prefect.db"}
    return [Sqlite(name, lake.folder / path) for name, path in embedded.items()]


def _run(tool: str, *arguments: str) -> str:
    address = f"{os.environ.get('PGHOST')}:{os.environ.get('PGPORT', '5432')}"
    if shutil.which(tool) is None:
        raise LakeError(f"{tool} is not installed (Debian: apt install postgresql-client)")
    done = subprocess.run(
        [tool, "--no-password", *arguments],
        env={**os.environ, "PGOPTIONS": LOCK_TIMEOUT},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LakeError(f"PostgreSQL at {address}: {tool}: {done.stderr.strip()}")
    return done.stdout
