"""What grows with a lake: its log, the look-up of keys, the sidecars, the state of its servers.

``python -m benchmarks._growth rows|commits|bucket|mlflow|prefect`` measures one of them and prints
JSON; :mod:`benchmarks.bench_cluster` keeps the answers. Each look is taken by a process of its own,
so that nothing of what it measures is in memory before. Seconds are those of the processor, which
do not depend on who else is at work; waiting is told by the number of requests.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._curves import curves
from registry.lake import Lake

ROWS, BATCH, FRESH = (10_000, 100_000, 1_000_000), 10_000, 1_000
COMMITS, SMALL, POINTS = (50, 200, 800), 10, 8
RUNS, METRICS = (25, 100, 400), 20
TASKS = (10, 40, 160)
BUCKET = "growth"
Found = dict[str, float]


def rows() -> list[Found]:
    """One lake as it grows by batches, looked at on the way."""
    with tempfile.TemporaryDirectory() as folder:
        lake, found, took = Lake.open(f"{folder}/lake"), [], []
        for first in range(0, max(ROWS), BATCH):
            batch = curves(first, BATCH)
            took.append(_seconds(partial(lake.append, "spectra", batch)))
            if first + BATCH in ROWS:
                last = statistics.median(took[-10:])
                found.append({"rows": first + BATCH, "append_batch_s": last, **_look(lake)})
        return found


def commits() -> list[Found]:
    """One table as it takes many small commits."""
    with tempfile.TemporaryDirectory() as folder:
        lake, found, took = Lake.open(f"{folder}/lake"), [], []
        for n in range(max(COMMITS)):
            batch = curves(n * SMALL, SMALL, POINTS)
            took.append(_seconds(partial(lake.append, "spectra", batch)))
            if n + 1 in COMMITS:
                last = statistics.median(took[-50:])
                found.append({"commits": n + 1, "append_s": last, **_table(lake)})
        return found


def bucket() -> list[Found]:
    """Requests of an S3 service, by what is asked for and how many live files there are."""
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as log:
        lake = Lake.open(f"s3://{BUCKET}/lake")
        found = []
        for n in range(33):
            batch = curves(n * FRESH, FRESH, POINTS)
            before = _requests(log)
            lake.append("spectra", batch)
            warm = _since(before, _requests(log))
            if n in (2, 8, 32):
                found.append({"files": len(lake["spectra"].files()), **_named("append", warm)})
                for what in ("cold", "query"):
                    before = _requests(log)
                    _apart("_asked", lake.uri, what, str(n))
                    found[-1] |= _named(what, _since(before, _requests(log)))
        return found


def mlflow() -> list[Found]:
    """Runs with their metrics in SQLite."""
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

    with tempfile.TemporaryDirectory() as folder:
        client = MlflowClient(f"sqlite:///{folder}/runs.db")
        experiment = client.create_experiment("growth")
        values = [Metric(f"m{i}", i / 7, 0, 0) for i in range(METRICS)]
        found, took = [], []
        for n in range(max(RUNS)):
            begin = time.process_time()
            run = client.create_run(experiment)
            client.log_batch(run.info.run_id, metrics=values)
            client.set_terminated(run.info.run_id)
            took.append(time.process_time() - begin)
            if n + 1 in RUNS:
                newest = partial(client.search_runs, [experiment], max_results=50)
                search = statistics.median(_seconds(newest) for _ in range(5))
                size = (Path(folder) / "runs.db").stat().st_size
                last = statistics.median(took[-20:])
                found.append({"runs": n + 1, "bytes": size, "run_s": last, "search_s": search})
        return found


def prefect() -> list[Found]:
    """Task runs on Prefect's in-process server."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "PREFECT_HOME": folder,
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "ERROR",
        }
        from prefect import flow, task

        @task
        def one(n: int) -> int:
            return n

        @flow
        def several(n: int) -> None:
            for i in range(n):
                one(i)

        start = _seconds(lambda: several(1))
        found, done = [], 1
        for n in TASKS:
            took = _seconds(partial(several, n))
            done += n
            # task runs are written by the server a moment after they ended
            time.sleep(3)
            size = sum(path.stat().st_size for path in Path(folder).glob("prefect.db*"))
            found.append({"tasks": done, "bytes": size, "task_s": took / n, "start_s": start})
        return found


def _look(lake: Lake) -> Found:
    return _table(lake) | _apart("_opened", lake.uri) | _apart("_sidecars", lake.uri)


def _table(lake: Lake) -> Found:
    folder = Path(lake.uri) / "tables" / "spectra"
    entries = [*(folder / "_delta_log").iterdir()]
    points = [p for p in entries if ".checkpoint" in p.name and p.suffix == ".parquet"]
    last = max(points, key=lambda path: path.name, default=None)
    files = lake["spectra"].state().files
    return {
        "files": len(files),
        "data_bytes": sum(file.size for file in files),
        "log_files": len(entries),
        "log_bytes": sum(path.stat().st_size for path in entries),
        "checkpoint_bytes": last.stat().st_size if last else 0,
    }


def _opened(uri: str) -> Found:
    """A new process opens the lake and appends for the first and for the second time."""
    begin = time.process_time()
    lake = Lake.existing(uri)
    files = lake["spectra"].state().files
    opened = time.process_time() - begin
    memory = _resident()
    start = sum(file.rows for file in files) * 7 + 10**9
    first, second = (curves(start + n * FRESH, FRESH, POINTS) for n in range(2))
    cold = _seconds(lambda: lake.append("spectra", first))
    more = _resident() - memory
    warm = _seconds(lambda: lake.append("spectra", second))
    return {"open_s": opened, "cold_s": cold, "warm_s": warm, "cold_bytes": more}


def _sidecars(uri: str) -> Found:
    """A new process writes the mapped copies of what it has none of, and asks for one curve."""
    lake = Lake.existing(uri)
    some = lake.sql("SELECT spectrum_id FROM spectra LIMIT 1")["spectrum_id"].to_pylist()
    build = _seconds(lambda: lake.matrix(some))
    again = statistics.median(_seconds(lambda: lake.matrix(some)) for _ in range(3))
    size = sum(p.stat().st_size for p in lake.path.rglob("*") if p.is_file())
    tables = sum(p.stat().st_size for p in (lake.path / "tables").rglob("*") if p.is_file())
    return {"sidecar_s": build, "sidecar_again_s": again, "sidecar_bytes": size - tables}


def _resident() -> int:
    """Bytes of this process that are in memory."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _asked(uri: str, what: str, n: str) -> Found:
    lake = Lake.existing(uri)
    if what == "cold":
        lake.append("spectra", curves(10**9 + int(n) * FRESH, FRESH, POINTS))
    else:
        lake.sql("SELECT technique, count(*) FROM spectra GROUP BY technique")
    return {}


class _service:  # noqa: N801 - used as a context, like a function
    """An S3 service on loopback whose log has a line for each request."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "requests.log"

    def __enter__(self) -> Path:
        import boto3

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with self.log.open("w") as log:
            command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)]
            self.server = subprocess.Popen(command, stdout=log, stderr=log)
        os.environ |= {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
            "SCATTERLAKE_HOME": str(self.log.parent / "home"),
        }
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        return self.log

    def __exit__(self, *_: object) -> None:
        self.server.terminate()
        self.server.wait()


def _requests(log: Path) -> Found:
    text = log.read_text()
    return {method: text.count(f'"{method} /{BUCKET}') for method in ("GET", "HEAD", "PUT")}


def _since(before: Found, after: Found) -> Found:
    return {method: after[method] - before[method] for method in after}


def _named(what: str, counts: Found) -> Found:
    return {f"{what}_{method.lower()}": n for method, n in counts.items()}


def _seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor in this process, all threads."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _apart(what: str, *arguments: str) -> Found:
    """Take a look in a process of its own."""
    command = [sys.executable, "-m", "benchmarks._growth", what, *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: Found = json.loads(said.splitlines()[-1])
    return found


GROWTH: dict[str, Callable[[], list[Found]]] = {
    "rows": rows,
    "commits": commits,
    "bucket": bucket,
    "mlflow": mlflow,
    "prefect": prefect,
}
LOOKS: dict[str, Callable[..., Found]] = {
    "_opened": _opened,
    "_sidecars": _sidecars,
    "_asked": _asked,
}

if __name__ == "__main__":
    chosen: Any = (GROWTH | LOOKS)[sys.argv[1]]
    print(json.dumps(chosen(*sys.argv[2:])))
