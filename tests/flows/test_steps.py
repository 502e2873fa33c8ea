"""Flows over one Prefect server: tried again, remembered, kept apart, and told in its pages."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    temporary_settings,
)

from flows import ingest as ingesting
from flows.derive import simulate
from flows.ingest import ingest, ingest_paths
from flows.stack.running import start, stop
from flows.stack.services import HOST, services
from ingest.files import IngestReport
from registry.errors import BadInput, LakeError
from registry.events import configure
from registry.lake import Lake

SPHERES: dict[str, Any] = {"saxs_sphere": {}}
CURVE = "# SAXS; Q in 1/angstrom\nQ,I\n" + "".join(f"{0.01 * n},{100 / n}\n" for n in range(1, 31))


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

    def made() -> int:
        return int(lake.sql("select count(*) as n from spectra").to_pylist()[0]["n"])

    assert "simulate_one: Completed" in states()
    assert made() == 1
    states()  # looks at what it wrote, and finds nothing to do
    assert set(states()) == {"simulate_one: Cached", "validate: Cached"}
    lake.append("retractions", [{"event_id": "e", "entity_id": "x", "entity_kind": "file"}])
    assert "simulate_one: Completed" in states()
    assert made() == 1


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


def _only(run: Any) -> Any:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    return FlowRunFilter(id=FlowRunFilterId(any_=[run]))


def _log(server: SyncPrefectClient, run: Any) -> str:
    """The log of a run, as soon as there is an event in it."""
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

    chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
    text = ""
    deadline = time.monotonic() + 30
    while '"event"' not in text and time.monotonic() < deadline:
        time.sleep(0.5)
        text = "\n".join(each.message for each in server.read_logs(log_filter=chosen))
    return text
