"""The whole local stack, by one command, and a watched model on it.

The server's clock looks, evidence retrains, people are told; no hand on it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from flows import tell
from flows.artifacts import key_of
from flows.stack.running import STATE, running
from flows.stack.services import HOST
from registry.lake import Lake
from tests.flows.telling import hook
from training.evidence import PROMOTED, records
from training.lookup import champion
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
KEPT = ("evidence", "challenger")
"""What a run that decided leaves in Prefect, besides its table of signs."""
PATIENCE = 540.0
"""Seconds; on a free machine the decision comes within one minute."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def test_a_ring_that_drifts_gets_a_new_champion_by_the_clock_of_the_server(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    add_shots(lake, RINGS[0], 0, NEWEST, FASTER)
    train_study(lake, STUDY, seeds=(0,))
    first = champion(lake, STUDY.name) or {}
    often = tmp_path / "often.yaml"
    often.write_text(OFTEN)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_"))}
    clean |= {"COLUMNS": "200"}

    def scatterlake(*words: str) -> str:
        command = [*COMMAND, *words, "--lake", str(lake.path)]
        done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    asked = ("evidence", STUDY.name, "--schedules", str(often))
    assert "nothing asks for another model" in scatterlake(*asked)
    ports = {name: free_port() for name in ("prefect", "mlflow", "metrics")}
    with hook() as told:
        clean[tell.URL] = told.url
        scatterlake("up", "--detach", *(f"--{name}-port={port}" for name, port in ports.items()))
        try:
            listening = [service.url for service in running(lake.path) if service.url]
            assert listening == [f"http://{HOST}:{port}" for port in ports.values()]
            with urllib.request.urlopen(f"{listening[2]}/metrics", timeout=30) as answer:
                assert b'scatterlake_up{service="worker"} 1.0' in answer.read()
            add_shots(lake, RINGS[0], NEWEST, NEWEST, FASTER)
            for _ in range(2):  # a repeat brings them up to date
                assert "watch-ring" in scatterlake("deploy", str(often))
            deadline = time.monotonic() + PATIENCE
            while not told.heard and time.monotonic() < deadline:
                time.sleep(0.5)
            seen = artifacts(f"{listening[0]}/api")
            page = scatterlake("status")
        finally:
            scatterlake("down")
    kept = records(lake, STUDY.name)
    assert [record.outcome for record in kept] == [PROMOTED]
    assert {sign.trigger for sign in kept[0].signs if sign.fired} == {"degraded"}
    assert kept[0].interval is not None
    assert kept[0].interval.low > 0
    second = champion(lake, STUDY.name) or {}
    assert second["version"] == kept[0].challenger == first["version"] + 1
    (heard,) = told.heard
    assert (heard["event"], heard["study"], heard["outcome"]) == ("evidence", STUDY.name, PROMOTED)
    assert "promoted" in scatterlake(*asked, "--history")
    assert {key_of(f"{what}-{STUDY.name}", lake.uri) for what in KEPT} <= seen
    assert "last retraining: storage_ring" in page
    assert not (lake.path / STATE).exists()
    assert not any(listens(port) for port in ports.values())


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def artifacts(api: str) -> set[str]:
    """Keys of what the runs left in Prefect."""
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{api}/artifacts/filter", b"{}", headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return {found["key"] for found in json.loads(answer.read())}
