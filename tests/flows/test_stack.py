"""The local stack: one command starts it, deployments run on it, one command stops it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from flows.local import use_stack
from flows.stack import running as processes
from flows.stack.running import STATE, running, start, stop, watch
from flows.stack.services import HOST, Service, services
from registry.errors import LakeError, WrongUse
from registry.lake import Lake

COMMAND = (str(Path(sys.executable).parent / "scatterlake"),)
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
OFTEN = """
deployments:
  - {name: often, flow: "flows.maintain:maintain", interval: 20}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def test_what_is_deployed_runs_until_the_stack_goes_down(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    (tmp_path / "often.yaml").write_text(OFTEN)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_"))}

    def scatterlake(*words: str) -> str:
        command = [*COMMAND, *words, "--lake", str(lake.path)]
        done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    ports = {name: free_port() for name in ("prefect", "mlflow", "metrics")}
    scatterlake("up", "--detach", *(f"--{name}-port={port}" for name, port in ports.items()))
    try:
        listening = [service.url for service in running(lake.path) if service.url]
        assert listening == [f"http://{HOST}:{port}" for port in ports.values()]
        with urllib.request.urlopen(f"{listening[2]}/metrics", timeout=30) as answer:
            assert b'scatterlake_up{service="worker"} 1.0' in answer.read()
        assert "often" in scatterlake("deploy", str(tmp_path / "often.yaml"))
        scatterlake("deploy", str(tmp_path / "often.yaml"))
        assert _completed(f"{listening[0]}/api") >= 1
    finally:
        scatterlake("down")
    assert not (lake.path / STATE).exists()
    for port in ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)) != 0, "nothing listens any more"


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


def _completed(api: str) -> int:
    """Flow runs that completed, as soon as there is one, within five minutes."""
    body = json.dumps({"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}).encode()
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{api}/flow_runs/count", body, headers)
    deadline = time.monotonic() + 300
    count = 0
    while count == 0 and time.monotonic() < deadline:
        time.sleep(1)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            count = int(answer.read())
    return count
