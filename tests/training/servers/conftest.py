"""Servers of our own on loopback, started and stopped by the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

PATIENCE = 600
DEBIAN = Path("/usr/lib/postgresql")
OWNER, STORE = "registry_owner", "registry"


@dataclass(frozen=True)
class Server:
    """A process that was started, and its log."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def answers(self, path: str) -> bool:
        """Whether it answers before it ends."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.process.poll() is not None:
                return False
            try:
                urllib.request.urlopen(f"{self.url}{path}", timeout=2).close()
            except OSError:
                time.sleep(0.3)
            else:
                return True
        raise TimeoutError(self.tail())

    def tail(self) -> str:
        return self.log.read_text()[-3000:]


Start = Callable[[Sequence[str], dict[str, str]], AbstractContextManager[Server]]


@pytest.fixture(scope="session")
def start_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Starts ``mlflow ...`` on a free port, and stops it with all it started."""

    @contextmanager
    def start(words: Sequence[str], variables: dict[str, str]) -> Iterator[Server]:
        port = free_port()
        command = [sys.executable, "-m", "mlflow", *words, "-h", "127.0.0.1", "-p", str(port)]
        log = tmp_path_factory.mktemp("mlflow") / "log"
        # MLflow looks for uvicorn in PATH, not beside the Python that runs it
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true", **variables}
        with log.open("wb") as sink:
            process = subprocess.Popen(command, env=environment, stdout=sink, stderr=sink)
            try:
                yield Server(process, f"http://127.0.0.1:{port}", log)
            finally:
                process.terminate()
                process.wait(30)

    return start


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Address of a data base of our own on loopback, as a role that owns it and nothing else."""
    _need(find_spec("psycopg"), "no driver for PostgreSQL (pip install psycopg[binary])")
    found = sorted(DEBIAN.glob("*/bin/initdb"))
    _need(found, f"no postgresql in {DEBIAN} (apt install postgresql)")
    # its server refuses to be root, and pytest's own folders are closed to everybody else
    account = {"user": "nobody"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if account:
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    port = free_port()
    run = _runner(found[-1].parent, folder, account)
    try:
        (folder / "password").write_text("of the superuser")
        (folder / "password").chmod(0o644)
        secret = f"--pwfile={folder}/password"
        run("initdb", "-D", "data", "-U", "admin", "-A", "scram-sha-256", "-E", "UTF8", secret)
        options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
        run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")
        _make_roles(port)
        yield f"postgresql+psycopg://{OWNER}:kept@127.0.0.1:{port}/{STORE}"
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _need(there: object, reason: str) -> None:
    """Skip where something is missing, except in CI."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def _runner(binaries: Path, folder: Path, account: dict[str, str]) -> Callable[..., None]:
    def run(name: str, *words: str) -> None:
        with (folder / "commands").open("ab") as log:
            done = subprocess.run(
                [str(binaries / name), *words],
                cwd=folder,
                stdout=log,
                stderr=log,
                check=False,
                env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                **account,
            )
        assert done.returncode == 0, (folder / "commands").read_text()

    return run


def _make_roles(port: int) -> None:
    """The least that MLflow needs: a role that owns one data base and can make no other."""
    import psycopg

    admin = f"host=127.0.0.1 port={port} user=admin password='of the superuser' dbname=postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            f"CREATE ROLE {OWNER} LOGIN PASSWORD 'kept' NOSUPERUSER NOCREATEDB NOCREATEROLE "
            "NOREPLICATION"
        )
        connection.execute(f"CREATE DATABASE {STORE} OWNER {OWNER}")
        for name in (STORE, "postgres", "template1"):
            connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
