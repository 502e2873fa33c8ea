"""Processes of the local stack; the whole of it, with work on it, is in ``test_evidence.py``."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from flows.local import use_stack
from flows.stack import running as processes
from flows.stack.running import STATE, running, start, stop, watch
from flows.stack.services import HOST, Service, services
from registry.errors import LakeError, WrongUse

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def test_a_service_that_fails_takes_the_others_down_and_shows_its_log(tmp_path: Path) -> None:
    failing = Service("broken", (sys.executable, "-c", "import sys; sys.exit('no such disk')"))
    failing = Service(**{**vars(failing), "ready": "http://127.0.0.1:9/never"})
    with pytest.raises(LakeError, match=r"(?s)broken ended.*no such disk"):
        start(tmp_path, [Service("first", SLEEP), failing])
    assert running(tmp_path) == []
    assert not (tmp_path / STATE).exists()


def test_a_service_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 1.0)
    silent = Service("silent", SLEEP, ready=f"http://{HOST}:{free_port()}/health")
    with pytest.raises(LakeError, match="silent does not answer"):
        start(tmp_path, [silent])
    assert running(tmp_path) == []


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WrongUse, match=f"--mlflow-port.*{port}"):
            start(tmp_path, services(tmp_path, free_port(), port))
    assert not (tmp_path / "logs").exists()


def test_one_stack_a_lake(tmp_path: Path) -> None:
    start(tmp_path, [Service("first", SLEEP)])
    try:
        with pytest.raises(WrongUse, match=r"first \(\d+\)"):
            start(tmp_path, [Service("second", SLEEP)])
    finally:
        assert [service.name for service in stop(tmp_path)] == ["first"]
    assert stop(tmp_path) == []


def test_a_service_that_dies_is_noticed(tmp_path: Path) -> None:
    short = (sys.executable, "-c", "import time; time.sleep(2)")
    start(tmp_path, [Service("steady", SLEEP), Service("brief", short)])
    try:
        assert watch(tmp_path) == "brief"
    finally:
        stop(tmp_path)


def test_everything_listens_on_loopback_and_keeps_its_state_in_the_lake(tmp_path: Path) -> None:
    for service in services(tmp_path, 4200, 5000, 9464):
        assert "0.0.0.0" not in service.command
        if service.url and service.name != "metrics":  # that one has no other choice
            assert service.command[service.command.index("--host") + 1] == HOST
        assert service.environment["PREFECT_HOME"] == str(tmp_path / "prefect")


def test_commands_use_the_stack_that_is_up_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    pair = [Service(n, SLEEP, url=f"http://{HOST}:{free_port()}") for n in ("prefect", "mlflow")]
    start(tmp_path, pair)
    try:
        use_stack(tmp_path)
        assert os.environ["MLFLOW_TRACKING_URI"] == pair[1].url
        os.environ["PREFECT_API_URL"] = "http://elsewhere/api"
        use_stack(tmp_path)
        assert os.environ["PREFECT_API_URL"] == "http://elsewhere/api"
    finally:
        stop(tmp_path)
