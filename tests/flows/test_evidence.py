"""A watched model: the server's clock looks, evidence retrains, people are told; no hand on it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flows import tell
from flows.stack.services import HOST
from registry.lake import Lake, now
from training.evaluation import Interval
from training.evidence import PROMOTED, Record, records
from training.lookup import champion
from training.signs import Sign
from training.studies.storage_ring import NEWEST, RINGS, STUDY, add_shots
from training.train import train_study

COMMAND = (str(Path(sys.executable).parent / "scatterlake"),)
OFTEN = """
deployments:
  - name: watch-ring
    flow: flows.evidence:watch_model
    interval: 15
    parameters:
      study: storage_ring
      triggers: {new_rows: 5000, degraded: 0.1, retracted: true}
"""
FASTER = 4.0
"""Drift of the ring, so that a few shots are enough."""
PATIENCE = 540.0
"""Seconds; on a free machine the decision comes within one minute."""
RECORD = Record(
    at=now(),
    study="storage_ring",
    champion=1,
    signs=(Sign("new_rows", True, "120 new rows, 100 are asked for", {"new": 120}),),
    snapshot={"spectra": 3},
    outcome=PROMOTED,
    reason="version 2 promoted: better",
    challenger=2,
    interval=Interval(0.2, 0.1, 0.3),
    by="somebody",
)


class Hook:
    """A web hook that keeps what it is told."""

    def __init__(self, status: int = 200) -> None:
        heard: list[dict] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                heard.append(json.loads(self.rfile.read(size)))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.heard = heard
        self.server = HTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self.server.server_port}/secret-token"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def test_a_ring_that_drifts_gets_a_new_champion_by_the_clock_of_the_server(
    tmp_path: Path, hook: Hook
) -> None:
    lake = Lake.open(tmp_path / "lake")
    add_shots(lake, RINGS[0], 0, NEWEST, FASTER)
    train_study(lake, STUDY, seeds=(0,))
    first = champion(lake, STUDY.name)
    assert first is not None
    (tmp_path / "often.yaml").write_text(OFTEN)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_"))}
    clean |= {tell.URL: hook.url, "COLUMNS": "200"}

    def scatterlake(*words: str) -> str:
        command = [*COMMAND, *words, "--lake", str(lake.path)]
        done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    asked = ("evidence", STUDY.name, "--schedules", str(tmp_path / "often.yaml"))
    assert "nothing asks for another model" in scatterlake(*asked)
    ports = [str(free_port()) for _ in range(2)]
    scatterlake("up", "--prefect-port", ports[0], "--mlflow-port", ports[1], "--detach")
    try:
        scatterlake("deploy", str(tmp_path / "often.yaml"))
        add_shots(lake, RINGS[0], NEWEST, NEWEST, FASTER)
        deadline = time.monotonic() + PATIENCE
        while not hook.heard and time.monotonic() < deadline:
            time.sleep(1)
    finally:
        scatterlake("down")
    kept = records(lake, STUDY.name)
    assert [record.outcome for record in kept] == [PROMOTED]
    assert {sign.trigger for sign in kept[0].signs if sign.fired} == {"degraded"}
    assert kept[0].interval is not None
    assert kept[0].interval.low > 0
    second = champion(lake, STUDY.name)
    assert second is not None
    assert second["version"] == kept[0].challenger == first["version"] + 1
    (told,) = hook.heard
    assert (told["event"], told["study"], told["outcome"]) == ("evidence", STUDY.name, PROMOTED)
    assert "promoted" in scatterlake(*asked, "--history")


def test_the_line_and_the_page_say_what_was_decided_and_why() -> None:
    told = json.loads(tell.line(RECORD))
    assert told["fired"] == ["new_rows"]
    assert (told["outcome"], told["challenger"]) == (PROMOTED, 2)
    for words in ("storage_ring: promoted", "120 new rows", "better", "challenger version 2"):
        assert words in tell.page(RECORD)
    assert tell.table(RECORD.signs)[0]["new"] == 120


def test_a_web_hook_that_refuses_or_is_not_there_is_told_without_its_address() -> None:
    refusing = Hook(status=500)
    try:
        assert tell.post(refusing.url, {"a": 1}) == "answered 500"
    finally:
        refusing.close()
    gone = tell.post(refusing.url, {"a": 1})
    assert "not delivered" in gone
    assert "secret-token" not in gone
    assert "not delivered" in tell.post("nonsense", {})


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tell.URL, raising=False)
    monkeypatch.delenv(tell.BLOCK, raising=False)
    assert tell.hook() is None
    monkeypatch.setenv(tell.URL, "https://example.org/hook")
    assert tell.hook() == "https://example.org/hook"
