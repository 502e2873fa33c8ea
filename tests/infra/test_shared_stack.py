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
import psycopg
import pytest
from botocore.exceptions import ClientError

from flows.stack.services import HOST, POOL
from infra.native.s3 import BUCKET
from infra.native.topology import Ports
from tests.infra.conftest import PROJECT, Shared

LAKE = f"s3://{BUCKET}/facility"
FILES = 12
CURVE = "# Q [1/A], I [1/cm]; saxs of sample {n}\n" + "{rows}"


def scatterlake(user: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "scatterlake"), *words, "--lake", LAKE]
    return subprocess.run(
        command, env=user, cwd=PROJECT, capture_output=True, text=True, check=False
    )


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


def test_two_workers_ingest_at_once(
    shared: Shared, alice: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("measured")
    folders = [write_curves(folder / name, n * FILES) for n, name in enumerate("ab")]
    (folder / "deploy.yaml").write_text(
        "deployments:\n"
        "  - {name: one, flow: 'flows.ingest:ingest', interval: 86400, parameters: {paths: []}}\n"
        "  - {name: two, flow: 'flows.ingest:ingest', interval: 86400, parameters: {paths: []}}\n"
    )
    assert scatterlake(alice, "status").returncode != 0, "there is no lake yet"
    made = subprocess.run(
        [sys.executable, "-c", f"import scatterlake as sl; sl.open({LAKE!r})"],
        env=alice,
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    deployed = scatterlake(alice, "deploy", str(folder / "deploy.yaml"))
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    runs = []
    for name, where in zip(("one", "two"), folders, strict=True):
        told = {"lake": LAKE, "paths": [str(where)], "hints": {"technique": "saxs"}}
        found = prefect(alice, f"deployments/name/ingest/{name}")
        body = {"parameters": told}
        runs.append(prefect(alice, f"deployments/{found['id']}/create_flow_run", body)["id"])
    ended = [wait(alice, run) for run in runs]
    states = [(run["state"]["type"], run["state"]["message"]) for run in ended]
    assert [state for state, _ in states] == ["COMPLETED", "COMPLETED"], states
    counted = scatterlake(alice, "sql", "select count(*) as n from spectra")
    assert str(2 * FILES) in counted.stdout, counted.stdout + counted.stderr
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
        time.sleep(1)
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
    alice: dict[str, str], bob: dict[str, str], tmp_path: Path
) -> None:
    scatterlake(alice, "ingest", str(write_curves(tmp_path / "c", 100)), "--technique", "saxs")
    counted = scatterlake(bob, "sql", "select count(*) as n from spectra")
    assert counted.returncode == 0, counted.stdout + counted.stderr
    wrote = scatterlake(
        bob, "ingest", str(write_curves(tmp_path / "d", 200)), "--technique", "saxs"
    )
    assert wrote.returncode != 0
    assert "AccessDenied" in wrote.stderr
    after = scatterlake(bob, "sql", "select count(*) as n from spectra")
    assert after.stdout == counted.stdout


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
