"""The shared stack: two workers take part, and nobody passes a door without the right to."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import httpx
import psycopg
import pytest
from botocore.exceptions import ClientError

from flows.moving.deployments import compare_deployments, copy_deployments
from flows.stack.services import HOST, POOL
from infra.native.s3 import BUCKET
from infra.native.topology import Ports
from registry.errors import LakeError, WrongUse
from registry.lake import Lake
from tests.flows.small_lake import spectra
from tests.infra.conftest import PROJECT, Shared

LAKE = f"s3://{BUCKET}/facility"
FILES = 6
CURVE = "# Q [1/A], I [1/cm]; saxs of sample {n}\n" + "{rows}"


def lake(user: dict[str, str]) -> Lake:
    """The lake as a user finds it."""
    return Lake.existing(LAKE, keys(user))


def keys(user: dict[str, str]) -> dict[str, str]:
    """What a user's environment says of the bucket."""
    return {name: value for name, value in user.items() if name.startswith("AWS_")}


def ids(user: dict[str, str]) -> list[str]:
    """All spectra a user sees."""
    return sorted(lake(user).sql("SELECT spectrum_id FROM spectra")["spectrum_id"].to_pylist())


@pytest.fixture(scope="module")
def alice(shared: Shared) -> dict[str, str]:
    return shared.user("alice", "writer")


@pytest.fixture(scope="module")
def bob(shared: Shared) -> dict[str, str]:
    return shared.user("bob", "reader")


def write_curves(folder: Path, first: int) -> Path:
    folder.mkdir(parents=True)
    for n in range(first, first + FILES):
        rows = "".join(f"{0.01 * (k + 1):.3f} {100 / (1 + k + n):.5f}\n" for k in range(60))
        (folder / f"sample_{n}.dat").write_text(CURVE.format(n=n, rows=rows))
    return folder


@pytest.fixture(scope="module")
def deployed(alice: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """The lake, and two deployments over it."""
    Lake.open(LAKE, keys(alice))
    entries = tmp_path_factory.mktemp("entries") / "deploy.yaml"
    entries.write_text(
        "deployments:\n"
        "  - {name: one, flow: 'flows.ingest:ingest', interval: 86400, parameters: {paths: []}}\n"
        "  - {name: two, flow: 'flows.ingest:ingest', interval: 86400, parameters: {paths: []}}\n"
    )
    done = subprocess.run(
        [str(Path(sys.executable).parent / "scatterlake"), "deploy", str(entries), "--lake", LAKE],
        env=alice,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_workers_ingest_at_once(deployed: None, alice: dict[str, str], tmp_path: Path) -> None:
    folders = [write_curves(tmp_path / name, n * FILES) for n, name in enumerate("ab")]
    runs = []
    for name, where in zip(("one", "two"), folders, strict=True):
        told = {"lake": LAKE, "paths": [str(where)], "hints": {"technique": "saxs"}}
        found = prefect(alice, f"deployments/name/ingest/{name}")
        body = {"parameters": told}
        runs.append(prefect(alice, f"deployments/{found['id']}/create_flow_run", body)["id"])
    ended = [wait(alice, run) for run in runs]
    states = [(run["state"]["type"], run["state"]["message"]) for run in ended]
    assert [state for state, _ in states] == ["COMPLETED", "COMPLETED"], states
    found = ids(alice)
    assert len(set(found)) == len(found) == 2 * FILES
    at_work = prefect(alice, f"work_pools/{POOL}/workers/filter", {})
    assert {w["name"] for w in at_work if w["status"] == "ONLINE"} == {"worker1", "worker2"}


def prefect(user: dict[str, str], path: str, body: dict[str, Any] | None = None) -> Any:
    token = base64.b64encode(user["PREFECT_API_AUTH_STRING"].encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}
    content = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{user['PREFECT_API_URL']}/{path}", content, headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.loads(answer.read())


def wait(user: dict[str, str], run: str) -> Any:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        found = prefect(user, f"flow_runs/{run}")
        if found["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
            return found
        time.sleep(0.3)
    return found


@pytest.mark.parametrize("wrong", ["", "scatterlake:guess"])
def test_prefect_refuses_a_wrong_password(alice: dict[str, str], wrong: str) -> None:
    stranger = {**alice, "PREFECT_API_AUTH_STRING": wrong}
    assert refused(lambda: prefect(stranger, "work_pools/filter", {})) == 401


def refused(ask: Callable[[], Any]) -> int:
    """Status of an answer that is a refusal."""
    with pytest.raises(urllib.error.HTTPError) as answer:
        ask()
    with answer.value:
        return int(answer.value.code)


def mlflow(user: dict[str, str], path: str, body: dict[str, Any], password: str = "") -> Any:
    name, known = user["MLFLOW_TRACKING_USERNAME"], user["MLFLOW_TRACKING_PASSWORD"]
    token = base64.b64encode(f"{name}:{password or known}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}
    url = f"{user['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/{path}"
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.loads(answer.read())


def test_mlflow_refuses_who_has_no_right(alice: dict[str, str], bob: dict[str, str]) -> None:
    mlflow(alice, "registered-models/create", {"name": "phases"})
    version = {"name": "phases", "source": "s3://lake/x"}
    assert refused(lambda: mlflow(bob, "model-versions/create", version)) == 403
    mine = {"name": "mine"}
    assert refused(lambda: mlflow(bob, "registered-models/create", mine, password="guess")) == 401


def test_the_bucket_refuses_who_has_no_right(bob: dict[str, str]) -> None:
    key = bob["AWS_ACCESS_KEY_ID"], bob["AWS_SECRET_ACCESS_KEY"]
    with closing(bucket(bob, *key)) as reader:
        reader.list_objects_v2(Bucket=BUCKET)
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.put_object(Bucket=BUCKET, Key="x", Body=b"x")
    for wrong, complaint in (
        ((key[0], "guess"), "SignatureDoesNotMatch"),
        (("nobody", "guess"), "InvalidAccessKeyId"),
    ):
        stranger = bucket(bob, *wrong)
        with closing(stranger), pytest.raises(ClientError, match=complaint):
            stranger.list_objects_v2(Bucket=BUCKET)


def bucket(user: dict[str, str], key: str, secret: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=user["AWS_ENDPOINT_URL"],
        region_name=user["AWS_REGION"],
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


def test_a_reader_can_read_the_lake_and_not_write_it(
    deployed: None, alice: dict[str, str], bob: dict[str, str]
) -> None:
    lake(alice).append("spectra", spectra(1))
    before = ids(alice)
    assert "s0" in before
    assert ids(bob) == before
    with pytest.raises(LakeError, match="AccessDenied"):
        lake(bob).append("spectra", spectra(1, first=1))
    assert ids(alice) == before


def test_moving_deployments_again_changes_nothing(deployed: None, alice: dict[str, str]) -> None:
    """As ``scatterlake deploy`` makes them, from a server to itself: what a repeated move does."""
    name, password = alice["PREFECT_API_AUTH_STRING"].split(":")
    with httpx.Client(base_url=alice["PREFECT_API_URL"], auth=(name, password)) as client:
        assert all(line.same for line in compare_deployments(client, client, LAKE, LAKE))
        copy_deployments(client, client, LAKE, LAKE)
        lines = compare_deployments(client, client, LAKE, LAKE)
        compared = {line.what for line in lines if line.same}
        assert {f"Prefect deployment ingest/{name}" for name in ("one", "two")} <= compared
        with pytest.raises(WrongUse, match=f"none, or over s3://elsewhere, found '?{LAKE}"):
            copy_deployments(client, client, LAKE, "s3://elsewhere")


@pytest.mark.parametrize(
    ("role", "database", "complaint"),
    [
        ("mlflow", "prefect", "permission denied for database"),
        ("prefect", "mlflow", "permission denied for database"),
        ("prefect", "postgres", "permission denied for database"),
        ("stranger", "mlflow", "password authentication failed"),
    ],
)
def test_postgresql_lets_a_service_into_its_own_database_only(
    shared: Shared, role: str, database: str, complaint: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match=complaint):
        connect(shared.topology.ports, shared.topology.secrets, role, database)


def test_the_role_for_backups_reads_and_does_not_write(shared: Shared) -> None:
    with connect(shared.topology.ports, shared.topology.secrets, "backup", "mlflow") as open_:
        assert open_.execute("SELECT count(*) FROM experiments").fetchone() is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            open_.execute("DELETE FROM experiments")


def connect(ports: Ports, secrets: Path, role: str, database: str) -> Any:
    path = secrets / f"{role}_database"
    password = path.read_text() if path.exists() else "guess"
    return psycopg.connect(
        host=HOST, port=ports.postgres, user=role, dbname=database, password=password
    )


def test_a_password_is_in_no_log_and_in_no_command_line(shared: Shared) -> None:
    folder = shared.topology.folder
    secrets = {p.name: p.read_text().strip() for p in (folder / "secrets").iterdir()}
    for name, text in list(secrets.items()):
        if name.endswith(".json"):
            secrets[name] = json.loads(text)["secret"]
    said = "".join(log.read_text(errors="replace") for log in (folder / "logs").iterdir())
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert {name for name, value in secrets.items() if value in said + lines} == set()
    assert all(p.stat().st_mode & 0o077 == 0 for p in (folder / "secrets").iterdir())
    assert (folder / "stack.json").read_text().count("password") == 0
