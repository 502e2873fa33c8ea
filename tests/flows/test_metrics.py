"""Figures for Prometheus: read by its own parser, equal to what SQL says, served on loopback."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.metrics import as_text, serve
from flows.servers import Server, servers, work
from flows.stack.services import services
from ingest.watch import NOTES, waiting
from registry.lake import Lake, now

NAMED = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "MLFLOW_TRACKING_URI")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(tmp_path / "lake")
    old, new = now() - timedelta(days=3), now() - timedelta(hours=1)
    spectra = [("a", "saxs", "experimental", old), ("b", "saxs", "experimental", new),
               ("c", "xrd", "simulated", old)]  # fmt: skip
    lake.append(
        "spectra",
        [
            {"spectrum_id": i, "technique": t, "kind": k, "ingested_at": at, "sample_id": i}
            for i, t, k, at in spectra
        ],
    )
    lake.append("quarantine", [{"refusal_id": "r", "stage": "read", "refused_at": new}])
    check = {"check_name": "rising", "severity": "error"}
    results = (("a", False), ("b", True), ("c", None))
    lake.append("checks", [{**check, "entity_id": i, "passed": ok} for i, ok in results])
    base = {"model": "m", "metric": "r2", "score_simulated": 0.9, "created_at": new}
    lake.append("models", [{**base, "version": 1, "alias": "champion", "score_measured": 0.7},
                           {**base, "version": 2, "reason": "not better"}])  # fmt: skip
    return lake


def figures(text: str) -> dict[tuple[str, frozenset[str]], float]:
    """Value by name and the values of its labels, as Prometheus' own parser reads them."""
    return {
        (sample.name.removeprefix("scatterlake_"), frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: dict[tuple[str, frozenset[str]], float], name: str, *labels: str) -> float:
    return found[name, frozenset(labels)]


def test_rows_trust_and_models_are_as_the_tables_say(lake: Lake) -> None:
    found = figures(as_text(lake))
    assert value(found, "spectra", "saxs", "experimental") == 2
    assert value(found, "spectra", "xrd", "simulated") == 1
    assert value(found, "quarantined", "read") == 1
    assert value(found, "checks_failed", "rising", "error") == 1
    assert value(found, "model_champion", "m") == 1
    assert value(found, "model_versions", "m") == 2
    assert value(found, "model_score", "m", "r2", "simulated") == 0.9
    assert value(found, "model_score", "m", "r2", "measured") == 0.7
    assert 3600 <= value(found, "newest_row_age_seconds", "experimental") < 3700


def test_what_is_retracted_is_counted(lake: Lake) -> None:
    event = {"event_id": "e", "entity_id": "a", "entity_kind": "sample", "action": "retract"}
    lake.append("retractions", [{**event, "decided_at": now()}])
    found = figures(as_text(lake))
    assert value(found, "spectra_withdrawn", "saxs", "experimental") == 1
    assert value(found, "spectra", "saxs", "experimental") == 2


def test_an_empty_lake_has_figures_too(tmp_path: Path) -> None:
    found = figures(as_text(Lake.open(tmp_path / "empty")))
    assert value(found, "rows", "spectra") == 0
    assert not any(name == "newest_row_age_seconds" for name, _ in found)


def test_scrapes_are_answered_on_loopback_with_what_is_there_then(lake: Lake) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, thread = serve(lake, port)
    try:
        assert server.server_address[0] == "127.0.0.1"
        lake.append("quarantine", [{"refusal_id": "r2", "stage": "read", "refused_at": now()}])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            found = figures(answer.read().decode())
        assert value(found, "quarantined", "read") == 2
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_stack_has_a_service_for_them(lake: Lake) -> None:
    ports = []
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    assert "metrics" not in {each.name for each in services(lake.path, *ports[:2])}
    (figured,) = (each for each in services(lake.path, *ports) if each.name == "metrics")
    assert figured.ready == f"{figured.url}/metrics"


def test_a_watch_that_is_gone_is_not_counted(lake: Lake) -> None:
    (lake.path / NOTES).mkdir()
    for name, age in (("here", 1), ("gone", 3600)):
        note = {"folder": f"/data/{name}", "files": 3, "at": now().timestamp() - age}
        (lake.path / NOTES / f"{name}.json").write_text(json.dumps(note))
    assert [each.folder for each in waiting(lake)] == ["/data/here"]
    assert value(figures(as_text(lake)), "files_waiting", "/data/here") == 3


class Prefect(BaseHTTPRequestHandler):
    """Answers like a Prefect server with two runs, to those who know the password."""

    def do_GET(self) -> None:
        self._answer(True)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        states = asked.get("flow_runs", {}).get("state", {}).get("type", {}).get("any_", [])
        run = {"flow_id": "f", "name": "sly-fox", "state_name": "Completed",
               "start_time": "2026-11-22T10:00:00+00:00", "total_run_time": 2.5}  # fmt: skip
        answers = {
            "/api/flow_runs/count": {"COMPLETED": 2, "SCHEDULED": 3}.get("".join(states), 0),
            "/api/flow_runs/filter": [{**run, "estimated_run_time": None}],
            "/api/flows/filter": [{"id": "f", "name": "ingest"}],
        }
        self._answer(answers[self.path])

    def _answer(self, body: object) -> None:
        # user:password in base64
        known = self.headers.get("Authorization") == "Basic dXNlcjpwYXNzd29yZA=="
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body if known else "no").encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def prefect() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Prefect)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_queue_and_the_runs_come_from_the_server_named(
    lake: Lake, prefect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect)
    assert work(lake) is None, "who does not know the password learns nothing"
    assert servers(lake) == [Server("prefect", prefect, False)]
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:password")
    told = work(lake)
    assert told is not None
    assert (told.states, told.queue) == ({"COMPLETED": 2}, 3)
    assert [(run.flow, run.state, run.seconds) for run in told.last] == [
        ("ingest", "completed", 2.5)
    ]
    found = figures(as_text(lake))
    assert value(found, "flow_runs", "completed") == 2
    assert value(found, "flow_runs_due") == 3
    assert value(found, "up", "prefect") == 1


def test_a_server_that_is_down_is_said_to_be(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    found = figures(as_text(lake))
    assert value(found, "up", "prefect") == 0
    assert not any(name == "flow_runs_due" for name, _ in found)
