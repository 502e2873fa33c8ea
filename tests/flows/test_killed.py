"""A flow run that is killed half-way: the next one goes on from what is in the lake."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.stack.running import start, stop
from flows.stack.services import HOST, services
from registry.lake import Lake

CURVES, BATCH = 40, 4
RUN = f"""
import sys, time
import ingest.simulate
from ingest import simulate as module
module.BATCH = {BATCH}
one = module.simulate_one
def slowly(name, task):
    time.sleep(float(sys.argv[2]))
    return one(name, task)
module.simulate_one = slowly
from flows.derive import simulate
(report,) = simulate(sys.argv[1], {{"saxs_sphere": {{"radius": (20.0, 80.0)}}}},
                     draws={{"saxs_sphere": {CURVES}}}, seed=3)
print(report.simulated, report.already_there)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("stack")
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    prefect = services(home, port, port)[0]
    start(home, [prefect])
    try:
        yield {**os.environ, **prefect.environment}
    finally:
        stop(home)


def stored(lake: Lake) -> int:
    return int(lake.sql("select count(*) as n from spectra").to_pylist()[0]["n"])


def test_nothing_is_lost_and_nothing_is_done_twice(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    lake = Lake.open(tmp_path / "lake")
    command = [sys.executable, "-c", RUN, lake.uri]
    quiet = subprocess.DEVNULL
    first = subprocess.Popen([*command, "0.3"], env=environment, stdout=quiet, stderr=quiet)
    deadline = time.monotonic() + 120
    while stored(lake) < 2 * BATCH and time.monotonic() < deadline:
        assert first.poll() is None
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = stored(lake)
    assert 2 * BATCH <= before < CURVES
    # the place that the killed run held is free again within a minute or so
    second = subprocess.run(
        [*command, "0"], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert second.returncode == 0, second.stderr
    assert second.stdout.split() == [str(CURVES - before), str(before)]
    assert stored(lake) == CURVES
    left = lake.sql("select spectrum_id from spectra anti join checks on spectrum_id = entity_id")
    assert left.num_rows == 0
