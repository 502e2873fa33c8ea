"""Each part of the shared stack dies during work: nothing acknowledged is lost, work goes on.

The S3 service of the tests keeps everything in memory, so killing it would prove nothing: it is
stopped (SIGSTOP) as a machine that hangs, and set going again. All others are killed (SIGKILL) and
started again as they were.
"""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from flows.moving.deployments import server
from flows.moving.doors import Tracking, speaking_to_prefect
from flows.stack.running import Running, running, start
from flows.stack.services import POOL, Service
from infra.native.s3 import BUCKET
from registry.errors import LakeError
from registry.lake import Lake
from tests.flows.small_lake import spectra
from tests.infra.conftest import Shared, end
from training.tracking import speaking_to_mlflow

pytestmark = pytest.mark.proof

LAKE = f"s3://{BUCKET}/parts"
IMPATIENT = {"max_retries": "1", "retry_timeout": "2s"}
PATIENCE = 300.0
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
FILES = 30


@pytest.fixture(scope="module")
def user(shared: Shared) -> Iterator[dict[str, str]]:
    """Environment of a user, in this process as well."""
    environment = shared.user("carol", "writer")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")
        yield environment


@pytest.fixture(scope="module")
def lake(user: dict[str, str]) -> Lake:
    made = Lake.open(LAKE)
    made.append("spectra", spectra(3))
    return made


def find(shared: Shared, name: str) -> Running:
    return next(one for one in running(shared.topology.folder) if one.name == name)


@contextmanager
def killed(shared: Shared, name: str, where: Path) -> Iterator[None]:
    """Kill a service with all it started; afterwards it is started as it was."""
    victim = find(shared, name)
    process = Path(f"/proc/{victim.pid}")
    environment = dict(
        pair.split("=", 1) for pair in (process / "environ").read_text().split("\0") if "=" in pair
    )
    (known,) = [s for s in shared.topology.services(fresh=False) if s.name == name]
    again = Service(name, known.command, environment, known.url, known.ready)
    os.killpg(victim.pid, signal.SIGKILL)
    wait(lambda: name not in {one.name for one in running(shared.topology.folder)})
    try:
        yield
    finally:
        where.mkdir()
        start(where, [again])


def wait(done: Any, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def revived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder for what was started again; all of it is stopped at the end."""
    folder = tmp_path_factory.mktemp("revived")
    yield folder
    for where in folder.iterdir():
        end(where)


def flow_run(api: str, flow: str = "maintain", **parameters: Any) -> str:
    """Ask for a run of a flow over the lake; its id."""
    with server(api) as client:
        known = client.post("flows/", json={"name": flow}).raise_for_status().json()
        body = {
            "name": "parts",
            "flow_id": known["id"],
            "entrypoint": f"flows.{flow}.{flow}",
            "work_pool_name": POOL,
            "parameters": {"lake": LAKE, **parameters},
        }
        made = client.post("deployments/", json=body).raise_for_status().json()
        asked = client.post(f"deployments/{made['id']}/create_flow_run", json={})
        return str(asked.raise_for_status().json()["id"])


def state(api: str, run: str) -> str:
    with server(api) as client:
        return str(client.get(f"flow_runs/{run}").raise_for_status().json()["state_type"])


def counted(lake: Lake) -> int:
    (row,) = Lake.existing(lake.uri).sql("SELECT count(*) AS n FROM spectra").to_pylist()
    return int(row["n"])


def test_mlflow_dies(shared: Shared, user: dict[str, str], lake: Lake, revived: Path) -> None:
    address = user["MLFLOW_TRACKING_URI"]
    client = Tracking(address).client()
    experiment = client.create_experiment("parts")
    run = client.create_run(experiment).info.run_id
    client.log_metric(run, "loss", 0.5)
    client.log_text(run, "weights", "model/weights.txt")
    before = counted(lake)
    with killed(shared, "mlflow", revived / "mlflow"):
        with pytest.raises(LakeError, match=f"MLflow at {address}"), speaking_to_mlflow(address):
            client.log_metric(run, "loss", 0.25)
        # the lake needs no MLflow
        lake.append("spectra", spectra(1, first=60))
        assert counted(lake) == before + 1
    assert [m.value for m in client.get_metric_history(run, "loss")] == [0.5]
    client.log_metric(run, "loss", 0.25)
    assert [m.value for m in client.get_metric_history(run, "loss")] == [0.5, 0.25]
    path = client.download_artifacts(run, "model/weights.txt")
    assert Path(path).read_text() == "weights"


def test_a_worker_dies_at_work_and_the_other_brings_it_to_its_end(
    shared: Shared, user: dict[str, str], lake: Lake, revived: Path, tmp_path: Path
) -> None:
    api = user["PREFECT_API_URL"]
    before = counted(lake)
    for n in range(FILES):
        rows = "".join(f"{0.01 * (k + 1):.3f} {100 / (1 + k + n):.5f}\n" for k in range(60))
        (tmp_path / f"{n}.dat").write_text(f"# Q [1/A], I [1/cm]; saxs of sample {n}\n{rows}")
    told = {"paths": [str(tmp_path)], "hints": {"technique": "saxs"}}
    run = flow_run(api, "ingest", **told)
    wait(lambda: state(api, run) not in ("SCHEDULED", "PENDING"))
    name = worker_of(shared, api, run)
    with killed(shared, name, revived / name):
        assert state(api, run) == "RUNNING", "it was at work"
        again = flow_run(api, "ingest", **told)
        wait(lambda: state(api, again) in ENDED)
        assert state(api, again) == "COMPLETED"
    assert counted(lake) == before + FILES


def worker_of(shared: Shared, api: str, run: str) -> str:
    """Which worker runs a flow run: the one whose child its process is."""
    with server(api) as client:
        found = client.get(f"flow_runs/{run}").raise_for_status().json()
    pid = found["infrastructure_pid"].rpartition(":")[2]
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return next(one.name for one in running(shared.topology.folder) if one.pid == parent)


def test_prefect_dies_while_a_run_waits(
    shared: Shared, user: dict[str, str], lake: Lake, revived: Path
) -> None:
    api = user["PREFECT_API_URL"]
    run = flow_run(api)
    with killed(shared, "prefect", revived / "prefect"):
        with pytest.raises(LakeError, match=f"Prefect at {api}"), speaking_to_prefect(api):
            state(api, run)
        # the lake needs no Prefect
        lake.append("spectra", spectra(1, first=10))
    wait(lambda: state(api, run) in ENDED)
    assert state(api, run) == "COMPLETED"


def test_postgresql_dies_and_what_was_acknowledged_is_there(
    shared: Shared, user: dict[str, str], lake: Lake, revived: Path
) -> None:
    address, api = user["MLFLOW_TRACKING_URI"], user["PREFECT_API_URL"]
    client = MlflowClient(tracking_uri=address)
    experiment = client.create_experiment("acknowledged")
    runs = [client.create_run(experiment).info.run_id for _ in range(5)]
    known = len(prefect_runs(api))
    with killed(shared, "postgres", revived / "postgres"):
        with pytest.raises(LakeError, match=f"MLflow at {address}"), speaking_to_mlflow(address):
            client.create_run(experiment)
        lake.append("spectra", spectra(1, first=20))
    found = [run.info.run_id for run in client.search_runs([experiment])]
    assert sorted(found) == sorted(runs)
    assert len(prefect_runs(api)) == known
    run = flow_run(api)
    wait(lambda: state(api, run) in ENDED)
    assert state(api, run) == "COMPLETED"


def prefect_runs(api: str) -> list[Any]:
    with server(api) as client:
        answer = client.post("flow_runs/filter", json={}).raise_for_status()
        return list(json.loads(answer.text))


def test_s3_hangs_and_nothing_acknowledged_is_lost(
    shared: Shared, user: dict[str, str], lake: Lake
) -> None:
    service = find(shared, "s3")
    before = counted(lake)
    impatient = Lake.existing(LAKE, {**aws(user), **IMPATIENT})
    os.killpg(service.pid, signal.SIGSTOP)
    try:
        with pytest.raises(LakeError, match="table 'chunks'") as told:
            impatient.append("spectra", spectra(2, first=30))
        assert service.url in str(told.value)
    finally:
        os.killpg(service.pid, signal.SIGCONT)
    wait(lambda: answers(f"{service.url}/moto-api/"))
    assert counted(lake) in (before, before + 2), "all of them or none"
    lake.append("spectra", spectra(2, first=30))
    lake.append("spectra", spectra(2, first=40))
    assert counted(lake) == before + 4


def aws(user: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in user.items() if name.startswith("AWS_")}


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False
