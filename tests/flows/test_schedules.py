"""Schedules: one readable file, and a real server that runs what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from flows.schedules import SCHEDULES, load_flow, read_schedules
from registry.errors import BadInput
from registry.lake import Lake

PROJECT = Path(__file__).resolve().parents[2]


def test_every_entry_of_the_projects_file_names_a_flow_that_takes_its_parameters() -> None:
    entries = read_schedules(SCHEDULES)
    assert "nightly-retrain" in {entry.name for entry in entries}
    for entry in entries:
        taken = load_flow(entry.flow).parameters.properties
        assert {"lake", *entry.parameters} <= set(taken), entry.name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "deployments"),
        ("deployments: [{name: a}]", "deployment 1"),
        ("deployments: [{name: a, flow: f}]", "either 'cron' or 'interval'"),
        ("deployments: [{name: a, flow: f, cron: x, interval: 3}]", "both"),
        ("deployments: [{name: a, flow: f, corn: x}]", "corn"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "schedules.yaml").write_text(text)
    with pytest.raises(BadInput, match=complaint):
        read_schedules(tmp_path / "schedules.yaml")


@pytest.mark.parametrize("name", ["flows.nowhere:run", "flows.train:nothing", "retrain"])
def test_a_flow_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(BadInput, match=name):
        load_flow(name)


SERVE = """
from pathlib import Path
from flows.local import use_prefect
lake = Path({lake!r})
use_prefect(lake)
from flows.schedules import Scheduled, serve
every = Scheduled("often", "flows.maintain:maintain", "UTC", interval=20)
serve(str(lake), [every])
"""


def test_a_server_runs_what_is_scheduled(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "lake")
    stack = str(PROJECT / "infra" / "native" / "stack.sh")
    folder, ports = str(tmp_path / "stack"), ("5681", "4681")
    env = os.environ | {"SCATTERLAKE_BIN": str(Path(sys.executable).parent)}
    up = subprocess.run(
        [stack, "up", folder, *ports], env=env, capture_output=True, text=True, check=False
    )
    try:
        assert up.returncode == 0, up.stderr
        env |= dict(line.removeprefix("export ").split("=", 1) for line in up.stdout.splitlines())
        quiet = subprocess.DEVNULL
        command = [sys.executable, "-c", SERVE.format(lake=str(lake.path))]
        worker = subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet)
        try:
            assert _completed(env["PREFECT_API_URL"]) >= 1
        finally:
            worker.terminate()
            worker.wait(120)
    finally:
        subprocess.run([stack, "down", folder], env=env, check=True)


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
