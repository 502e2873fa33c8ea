"""A shared stack of our own for the tests of this folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from flows.stack.running import running, stop
from flows.stack.services import HOST
from infra.native import postgres
from infra.native.__main__ import main
from infra.native.topology import Ports, Topology
from registry.errors import LakeError

PROJECT = Path(__file__).resolve().parents[2]
EAGER = {"PREFECT_WORKER_QUERY_SECONDS": "2"}
"""Workers look for flow runs every two seconds; otherwise every ten."""


@dataclass(frozen=True)
class Shared:
    """A stack that runs."""

    topology: Topology

    def command(self, name: str, *words: str) -> str:
        """Run ``python -m infra.native``; returns what it said."""
        command = [sys.executable, "-m", "infra.native", name, str(self.topology.folder)]
        done = subprocess.run(
            [*command, *words, *self._ports()],
            cwd=PROJECT,
            env={**clean(), **EAGER},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def user(self, name: str, role: str) -> dict[str, str]:
        """Environment of a user, made when there is none yet."""
        told = ["user", str(self.topology.folder), name, f"--role={role}", *self._ports()]
        assert main(told) == 0
        lines = (self.topology.folder / "users" / f"{name}.env").read_text().splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
        return {**clean(), **{key: value.strip("'") for key, value in pairs}}

    def _ports(self) -> list[str]:
        return [f"--{name}-port={port}" for name, port in asdict(self.topology.ports).items()]


def clean() -> dict[str, str]:
    """The environment without what names a server or a key."""
    named = ("PREFECT_", "MLFLOW_", "AWS_", "PG", "SCATTERLAKE_")
    return {k: v for k, v in os.environ.items() if not k.startswith(named)}


@pytest.fixture(scope="session")
def shared() -> Iterator[Shared]:
    """The whole topology, for all tests together."""
    with started() as made:
        yield made


@contextmanager
def started() -> Iterator[Shared]:
    """The whole topology on free ports; skips where PostgreSQL is not installed, except in CI."""
    try:
        postgres.binaries()
    except LakeError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs PostgreSQL: {error}")
        pytest.skip(str(error))
    # the data base runs as another user, who may not pass through the folders of pytest
    folder = Path(tempfile.mkdtemp(prefix="scatterlake-"))
    made = Shared(Topology(folder, Ports(*(free_port() for _ in range(4)))))
    try:
        made.command("up")
        yield made
    finally:
        end(folder)
        shutil.rmtree(folder)


def end(folder: Path) -> None:
    """Stop a stack that nobody needs again: only its data base is asked, the others are killed."""
    for service in running(folder):
        if service.name != "postgres":
            os.killpg(service.pid, signal.SIGKILL)
    stop(folder)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
