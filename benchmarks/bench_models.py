"""The registry: asking a model about a whole lake, finding a model, registering one.

``SCATTERLAKE_BATCH_ROWS`` sets how many spectra are asked about (100,000), beside those that were
trained on. What stands against it is told in :mod:`benchmarks._asking`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks._asking import asking
from benchmarks._curves import in_turn, row
from benchmarks._registry import add_spectra, free_port, size_of, trained
from registry.identity import digest
from registry.lake import Lake, now
from training.blocks import matrix
from training.fitting import fit_candidate
from training.lookup import find_models
from training.registration import register
from training.runs import log_run
from training.study import Candidate, Study
from training.tracking import artifacts, client
from training.train import StudyResult, silent

if TYPE_CHECKING:
    from mlflow import MlflowClient

ROWS = int(os.environ.get("SCATTERLAKE_BATCH_ROWS", "100000"))
ASKED = {"cnn1d": {"epochs": 2}, "random_forest": {}}
LOOKUPS = 15
MODELS, VERSIONS, TARGETS = 100, 10, 50
Row = dict[str, Any]


def run() -> list[Row]:
    """Benchmark rows."""
    with tempfile.TemporaryDirectory() as scratch:
        lake = Lake.open(Path(scratch) / "lake")
        result, study = trained(lake, ASKED)
        registered = _registering(lake, result, study)
        add_spectra(lake, ROWS)
        known = result.dataset.take(["xrd"], result.dataset.rows("train"))["xrd"]
        asked = [line for name in ASKED for line in asking(lake, name, matrix(known))]
        return [*asked, *_finding(Path(scratch)), *registered]


def _registering(lake: Lake, made: StudyResult, study: Study) -> list[Row]:
    """Seconds and bytes of registering one network, and the part that its run takes."""
    candidate = Candidate("cnn1d", ("xrd",), {"epochs": 1})
    dataset, mlflow = made.dataset, client(lake)
    result = fit_candidate(dataset, candidate, (0,), silent)
    before = size_of(artifacts(lake)), size_of(lake.path)
    spent: list[float] = []

    def timed(*given: Any, **named: Any) -> Any:
        begin = time.perf_counter()
        found = log_run(*given, **named)
        spent.append(time.perf_counter() - begin)
        return found

    with patch("training.registration.log_run", timed):
        whole = _seconds(lambda: register(lake, mlflow, study, dataset, result))
    logged = sum(spent)
    files, all_of_it = size_of(artifacts(lake)) - before[0], size_of(lake.path) - before[1]
    members = len(dataset.members)
    said = (
        (f"register one cnn1d ({members} members)", whole, "s"),
        ("of that: its run in MLflow, with pictures and model files", logged, "s"),
        ("of that: leak audit, version, predictions, row", whole - logged, "s"),
        ("bytes written by it", all_of_it / 1e6, "MB"),
        ("of that: model, card, pictures, dataset, environment", files / 1e6, "MB"),
    )
    nothing = {"against": "-", "theirs": None, "ratio": None, "goal": None}
    return [{"what": what, "ours": value, "unit": unit, **nothing} for what, value, unit in said]


def _finding(scratch: Path) -> list[Row]:
    """Lookup in the mirrored table against MLflow's own search over REST, with the same answer."""
    from mlflow import MlflowClient

    lake = Lake.open(scratch / "many")
    rows = _many(client(lake))
    lake.replace("models", rows)
    wanted = f"target {TARGETS - 1}"
    with _server(lake) as url:
        remote = MlflowClient(url, url)
        ask = f"tags.predicts = '{wanted}' AND tags.inputs = 'xrd'"

        def ours() -> int:
            return len(find_models(lake, wanted, "xrd"))

        def theirs() -> int:
            return len(remote.search_model_versions(ask, max_results=1000))

        assert ours() == theirs() == len(rows) // TARGETS
        times = in_turn(ours, theirs, LOOKUPS)
    what = f"find {len(rows) // TARGETS} of {len(rows)} versions by target and input"
    budget = {**row(what, "20 ms", (times[0], 0.02), 1.0)}
    return [row(what, "MLflow's search over REST, loopback, SQLite", times, 20.0), budget]


def _many(mlflow: MlflowClient) -> list[Row]:
    """Versions as they are registered, in MLflow; returns their rows."""
    rows: list[Row] = []
    for m in range(MODELS):
        mlflow.create_registered_model(f"model-{m}")
        for v in range(1, VERSIONS + 1):
            predicts = f"target {(m * VERSIONS + v) % TARGETS}"
            tags = {"predicts": predicts, "inputs": "xrd"}
            mlflow.create_model_version(f"model-{m}", f"file:///{m}/{v}", tags=tags)
            rows.append(_row(f"model-{m}", v, predicts))
    return rows


def _row(model: str, version: int, predicts: str) -> Row:
    return {
        "model": model,
        "version": version,
        "run_id": digest(model, str(version)),
        "study": model,
        "algorithm": "cnn1d",
        "predicts": predicts,
        "inputs": ["xrd"],
        "manifest": digest("dataset", model),
        "metric": "balanced_accuracy",
        "score_simulated": 0.9,
        "score_measured": 0.5 + version / 100,
        "created_at": now(),
    }


@contextmanager
def _server(lake: Lake) -> Iterator[str]:
    port = free_port()
    store = f"sqlite:///{lake.path}/mlflow/mlflow.db"
    words = ["server", "-h", "127.0.0.1", "-p", str(port), "--workers", "1"]
    command = [sys.executable, "-m", "mlflow", *words, "--backend-store-uri", store]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            if _answers(f"{url}/health"):
                break
            time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError:
        return False
    return True


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
