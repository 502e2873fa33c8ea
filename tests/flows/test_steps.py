"""Flows over one Prefect server: tried again, given up, remembered, kept apart, killed, told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imsave
from mlflow.exceptions import MlflowException
from PIL import Image
from prefect import flow
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    temporary_settings,
)
from prefect.states import Scheduled

from flows import ingest as ingesting
from flows import tell
from flows import train as training
from flows.artifacts import LARGEST, WIDTHS, keep_picture
from flows.derive import simulate
from flows.ingest import ingest, ingest_paths
from flows.servers import work
from flows.stack.running import start, stop
from flows.stack.services import HOST, services
from flows.steps import alone
from ingest.files import IngestReport
from registry.errors import BadInput, LakeError
from registry.events import configure
from registry.lake import Lake
from tests.flows.telling import RECORD, TOKEN, hook

SPHERES: dict[str, Any] = {"saxs_sphere": {}}
CURVE = "# SAXS; Q in 1/angstrom\nQ,I\n" + "".join(f"{0.01 * n},{100 / n}\n" for n in range(1, 31))
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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncPrefectClient]:
    home = tmp_path_factory.mktemp("stack")
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    prefect = services(home, port, port)[0]
    start(home, [prefect])
    settings = {
        PREFECT_API_URL: f"{prefect.url}/api",
        PREFECT_HOME: str(home),
        PREFECT_LOCAL_STORAGE_PATH: str(home / "storage"),
    }
    try:
        with temporary_settings(settings), get_client(sync_client=True) as client:
            yield client
    finally:
        stop(home)


@pytest.fixture
def lake(tmp_path: Path, server: SyncPrefectClient) -> Lake:
    return Lake.open(tmp_path / "lake")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "good.csv").write_text(CURVE)
    (folder / "bad.csv").write_text(CURVE.replace("0.05,20.0", "0.05,nan"))
    return folder


def attempts(monkeypatch: pytest.MonkeyPatch, errors: list[Exception], lake: Lake) -> int:
    """How often ingesting is tried when it fails with these errors, then works."""
    calls = []

    def flaky(*_: Any) -> IngestReport:
        calls.append(1)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return IngestReport()

    monkeypatch.setattr(ingesting, "ingest_files", flaky)
    task = ingest_paths.with_options(retry_delay_seconds=0)

    @flow(name="flaky")
    def once() -> IngestReport:
        return task(lake.uri, [], {}, 1)

    with contextlib.suppress(BadInput):
        once()
    return len(calls)


def test_storage_and_network_are_tried_again_and_bad_input_is_not(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing: list[Exception] = [LakeError("s3://lake: 503"), ConnectionResetError("cut")]
    assert attempts(monkeypatch, failing, lake) == 3
    configure("off", tmp_path / "events.jsonl")
    try:
        assert attempts(monkeypatch, [BadInput("x", "a file", "nothing")], lake) == 1
    finally:
        configure("off")
    told = [json.loads(each) for each in (tmp_path / "events.jsonl").read_text().splitlines()]
    (failed,) = (each for each in told if each["event"] == "failed")
    assert (failed["step"], failed["error"]) == ("ingest_paths", "BadInput")
    assert failed["reason"] == "x: expected a file, found nothing"


def test_what_was_done_at_these_versions_is_not_done_again(
    lake: Lake, server: SyncPrefectClient
) -> None:
    def states() -> list[str]:
        state = simulate(lake.uri, SPHERES, return_state=True)
        assert state.is_completed()
        run = state.state_details.flow_run_id
        found = server.read_task_runs(flow_run_filter=_only(run))
        return [f"{r.name.split('-')[0]}: {r.state_name}" for r in found]

    assert "simulate_one: Completed" in states()
    assert _stored(lake) == 1
    states()  # looks at what it wrote, and finds nothing to do
    assert set(states()) == {"simulate_one: Cached", "validate: Cached"}
    lake.append("retractions", [{"event_id": "e", "entity_id": "x", "entity_kind": "file"}])
    assert "simulate_one: Completed" in states()
    assert _stored(lake) == 1


def test_tables_and_events_of_a_run_are_in_prefect(
    lake: Lake, files: Path, server: SyncPrefectClient, tmp_path: Path
) -> None:
    configure("off", tmp_path / "events.jsonl")
    try:
        state = ingest(lake.uri, [str(files)], return_state=True)
    finally:
        configure("off")
    run = state.state_details.flow_run_id
    told = [json.loads(each) for each in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert told[0]["event"] == "ingested"
    assert {each["run_id"] for each in told} == {str(run)}
    tables = {
        a.key.split("-")[0]: a.data for a in server.read_artifacts(flow_run_filter=_only(run))
    }
    counts = {row["what"]: row["count"] for row in json.loads(tables["ingest"])}
    assert (counts["new spectra"], counts["refused"]) == (1, 1)
    (why,) = json.loads(tables["quarantine"])
    assert why["refused"] == 1
    assert why["why"].startswith("read: expected") or why["why"].startswith("check: expected")
    assert '"event": "ingested"' in _log(server, run)


def test_a_task_that_hangs_is_given_up_and_told(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def hang(*_: Any) -> IngestReport:
        for _ in range(600):
            time.sleep(0.1)
        return IngestReport()

    monkeypatch.setattr(ingesting, "ingest_files", hang)
    task = ingest_paths.with_options(timeout_seconds=1, retries=0)

    @flow(name="hanging")
    def once() -> IngestReport:
        return task(lake.uri, [], {}, 1)

    configure("off", tmp_path / "events.jsonl")
    begin = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            once()
    finally:
        configure("off")
    assert time.monotonic() - begin < 30
    (failed,) = map(json.loads, (tmp_path / "events.jsonl").read_text().splitlines())
    assert (failed["event"], failed["step"]) == ("failed", "ingest_paths")


def test_two_runs_of_one_step_over_one_lake_wait_for_each_other(lake: Lake) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(n: int) -> None:
        with alone(lake.uri, "featurize"):
            inside.append(n)
            most.append(len(inside))
            time.sleep(0.5)
            inside.remove(n)

    with alone(lake.uri, "featurize"), alone(lake.uri, "maintain-spectra"):
        pass  # another step has a place of its own
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(copy_context().run, enter, n) for n in range(2)]:
            done.result()
    assert most == [1, 1]


def test_errors_of_mlflow_name_it_and_say_what_to_do(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: Any, **__: Any) -> None:
        raise MlflowException("API request to /runs/log-batch failed: connection refused")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:pass@127.0.0.1:9")
    monkeypatch.setattr(training, "retrain_study", cut)
    monkeypatch.setattr(
        training, "train_challenger", training.train_challenger.with_options(retries=0)
    )
    with pytest.raises(LakeError) as raised:
        training.retrain(lake.uri, "crystal_system")
    assert str(raised.value).startswith("MLflow at http://***@127.0.0.1:9: API request to")
    assert "MLFLOW_TRACKING_URI" in str(raised.value)


def test_a_picture_is_in_the_pages_of_its_run_and_no_larger_than_they_bear(
    lake: Lake, server: SyncPrefectClient, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).random((600, 960, 3))  # nothing compresses worse
    imsave(tmp_path / "noise.png", noise)
    imsave(tmp_path / "flat.png", np.ones((300, 400, 3)))

    @flow(name="drawing")
    def drawing() -> None:
        for name in ("noise", "flat"):
            keep_picture(f"{name}_drawn", lake.uri, tmp_path / f"{name}.png", "a [title]")

    run = drawing(return_state=True).state_details.flow_run_id
    pages = {a.key.split("-")[0]: a for a in server.read_artifacts(flow_run_filter=_only(run))}
    sizes = {}
    for name, page in pages.items():
        assert page.type == "markdown"
        head, _, content = page.data.removesuffix(")").partition(";base64,")
        assert head == "![a  title ](data:image/png"
        png = b64decode(content)
        assert len(png) <= LARGEST
        sizes[name] = Image.open(BytesIO(png)).size
    assert sizes["flat"] == (400, 300)
    assert sizes["noise"][0] in WIDTHS
    assert sizes["noise"][0] / sizes["noise"][1] == pytest.approx(1.6, rel=0.01)


def test_a_decision_reaches_the_hook_whose_address_is_a_secret_of_prefect(
    lake: Lake, server: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    @flow(name="deciding")
    def decided() -> None:
        tell.tell(RECORD, lake.uri)

    monkeypatch.delenv(tell.URL, raising=False)
    with hook() as told:
        Secret(value=told.url).save("q-hook")
        monkeypatch.setenv(tell.BLOCK, "q-hook")
        run = decided(return_state=True).state_details.flow_run_id
    (heard,) = told.heard
    assert (heard["event"], heard["outcome"]) == ("evidence", RECORD.outcome)
    assert TOKEN not in _log(server, run)
    monkeypatch.setenv(tell.BLOCK, "nobody-made-it")
    state = decided(return_state=True)
    assert state.is_completed(), "a hook that fails stops nothing"
    assert "nobody-made-it" in _log(server, state.state_details.flow_run_id, "web hook")


def test_a_run_that_is_due_and_that_nobody_took_has_not_begun(
    lake: Lake, server: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(hours=1))
    run = server.create_flow_run(ingest, parameters={"lake": lake.uri}, state=late)
    monkeypatch.setenv("PREFECT_API_URL", str(server.api_url))
    told = work(lake, last=50)
    assert told is not None
    assert run.name not in [each.name for each in told.last]


@pytest.mark.parametrize(
    "waiting", [False, pytest.param(True, marks=pytest.mark.proof)], ids=["freed", "waiting"]
)
def test_a_run_that_was_killed_is_gone_on_with_and_nothing_is_done_twice(
    lake: Lake, server: SyncPrefectClient, tmp_path: Path, waiting: bool
) -> None:
    home = tmp_path / "home"  # its results are not another test's
    environment = {**os.environ, "PREFECT_API_URL": str(server.api_url), "PREFECT_HOME": str(home)}
    command = [sys.executable, "-c", RUN, lake.uri]
    quiet = subprocess.DEVNULL
    first = subprocess.Popen([*command, "0.3"], env=environment, stdout=quiet, stderr=quiet)
    deadline = time.monotonic() + 120
    while _stored(lake) < 2 * BATCH and time.monotonic() < deadline:
        assert first.poll() is None
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = _stored(lake)
    assert 2 * BATCH <= before < CURVES
    if not waiting:  # the place that it held is free by itself within a minute or so
        for limit in server.read_global_concurrency_limits(limit=200, offset=0):
            free = GlobalConcurrencyLimitUpdate(active_slots=0)
            server.update_global_concurrency_limit(limit.name, free)
    second = subprocess.run(
        [*command, "0"], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert second.returncode == 0, second.stderr
    assert second.stdout.split() == [str(CURVES - before), str(before)]
    assert _stored(lake) == CURVES
    left = lake.sql("select spectrum_id from spectra anti join checks on spectrum_id = entity_id")
    assert left.num_rows == 0


def _stored(lake: Lake) -> int:
    return int(lake.sql("select count(*) as n from spectra").to_pylist()[0]["n"])


def _only(run: Any) -> Any:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    return FlowRunFilter(id=FlowRunFilterId(any_=[run]))


def _log(server: SyncPrefectClient, run: Any, awaited: str = '"event"') -> str:
    """The log of a run, as soon as there is an event in it, or what is awaited."""
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

    chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
    text = ""
    deadline = time.monotonic() + 30
    while awaited not in text and time.monotonic() < deadline:
        time.sleep(0.5)
        text = "\n".join(each.message for each in server.read_logs(log_filter=chosen))
    return text
