"""From a folder to the shared stack; backup, the stack destroyed, restore; and back to a folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from flows.moving.databases import Postgres
from flows.moving.deployments import server
from flows.moving.doors import Tracking
from flows.stack.running import running, start, stop
from flows.stack.services import HOST, POOL, services
from infra import credentials
from infra.native import postgres
from infra.native.s3 import BUCKET
from infra.native.topology import Ports, Topology
from registry.errors import LakeError, WrongUse
from registry.lake import Lake
from registry.schemas import SCHEMAS
from tests.flows.small_lake import POINTS, all_rows, make, spectra
from tests.infra.conftest import PROJECT, Shared, clean, end, free_port, started

pytestmark = pytest.mark.proof

LAKE = f"s3://{BUCKET}/facility"
RUNS = f"s3://{BUCKET}/mlflow"
STEADY = ("deployment", "deployment_schedule", "flow", "runs", "work_pool", "concurrency_limit_v2")
"""Tables of Prefect that its own services do not write all the time."""
PULSE = "status,updated,last_polled,last_transitioned_status_at,last_status_event_id"
"""Columns of them that say which workers are at hand just now."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Shared]:
    """A shared stack that may be destroyed."""
    with started() as made:
        yield made


@dataclass(frozen=True)
class User:
    """Somebody who works over the stack."""

    environment: dict[str, str]

    def scatterlake(self, *words: str, **more: str) -> str:
        command = [str(Path(sys.executable).parent / "scatterlake"), *words]
        done = subprocess.run(
            command,
            env={**self.environment, "COLUMNS": "200", **more},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def lake(self) -> Lake:
        options = {k: v for k, v in self.environment.items() if k.startswith("AWS_")}
        return Lake.existing(LAKE, options)


def libpq(stack: Shared, role: str) -> dict[str, str]:
    name = "postgres" if role == "postgres" else f"{role}_database"
    password = (stack.topology.secrets / name).read_text()
    port = str(stack.topology.ports.postgres)
    return {"PGHOST": HOST, "PGPORT": port, "PGUSER": role, "PGPASSWORD": password}


def stored(stack: Shared) -> dict[str, str]:
    """Digest of all rows of all tables of MLflow, and of what is steady in Prefect."""
    found = {}
    for database in ("mlflow", "mlflow_auth", "prefect"):
        listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        for table in _psql(stack, database, listed).split():
            if database == "prefect" and table not in STEADY:
                continue
            row = f"to_jsonb(t) - '{{{PULSE}}}'::text[]" if database == "prefect" else "t"
            rows = _psql(stack, database, f'SELECT ({row})::text FROM "{table}" t').splitlines()
            found[f"{database}.{table}"] = sha256("\n".join(sorted(rows)).encode()).hexdigest()
    return found


def _psql(stack: Shared, database: str, query: str, role: str = "backup") -> str:
    command = ["psql", "-qtA", f"--dbname={database}", f"--command={query}"]
    environment = {**clean(), **libpq(stack, role)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def deploy(lake: Lake) -> str:
    """Start the lake's own Prefect and give it two deployments and two limits; its address."""
    start(lake.path, services(lake.path, free_port(), free_port())[:1])
    api = f"{running(lake.path)[0].url}/api"
    bare = {
        "name": "weekly",
        "schedules": [{"schedule": {"cron": "0 4 * * 0", "timezone": "UTC"}, "active": True}],
        "concurrency_limit": 1,
    }
    every = {"interval": 3600, "anchor_date": "2026-01-01T00:30:00Z", "timezone": "Europe/Berlin"}
    full = {
        "name": "hourly",
        "version": "2",
        "description": "Merge small files.",
        "paused": True,
        "tags": ["night", "beamline"],
        "job_variables": {"env": {"OMP_NUM_THREADS": "1"}},
        "parameter_openapi_schema": {
            "type": "object",
            "properties": {"lake": {"title": "lake", "type": "string"}},
            "required": ["lake"],
        },
        "concurrency_options": {"collision_strategy": "CANCEL_NEW"},
        "schedules": [
            {
                "schedule": every,
                "active": False,
                "parameters": {"table": "spectra"},
                "slug": "merge",
            },
            {"schedule": {"rrule": "FREQ=DAILY;BYHOUR=4"}, "active": True},
        ],
    }
    with server(api) as client:
        pool = {"name": POOL, "type": "process", "base_job_template": {}, "concurrency_limit": 3}
        client.post("work_pools/", json=pool).raise_for_status()
        limit = {"name": "detector", "limit": 2, "active": True, "slot_decay_per_second": 0}
        client.post("v2/concurrency_limits/", json=limit).raise_for_status()
        tag = {"tag": "gpu", "concurrency_limit": 1}
        client.post("concurrency_limits/", json=tag).raise_for_status()
        flow = client.post("flows/", json={"name": "maintain"}).raise_for_status().json()
        for deployment in (bare, full):
            body: dict[str, Any] = {
                **deployment,
                "flow_id": flow["id"],
                "entrypoint": "flows.maintain.maintain",
                "work_pool_name": POOL,
                "parameters": {"lake": lake.uri},
            }
            client.post("deployments/", json=body).raise_for_status()
    return api


def deployments_arrived(user: User) -> None:
    with server(user.environment["PREFECT_API_URL"]) as client:
        bare, full = (
            client.get(f"deployments/name/maintain/{name}").raise_for_status().json()
            for name in ("weekly", "hourly")
        )
        limits = client.post("v2/concurrency_limits/filter", json={}).json()
        tags = client.post("concurrency_limits/filter", json={}).json()
    assert bare["parameters"] == full["parameters"] == {"lake": LAKE}
    assert bare["entrypoint"] == "flows.maintain.maintain"
    assert bare["schedules"][0]["schedule"]["cron"] == "0 4 * * 0"
    assert bare["global_concurrency_limit"]["limit"] == 1
    assert full["tags"] == ["night", "beamline"]
    assert full["paused"]
    assert full["job_variables"] == {"env": {"OMP_NUM_THREADS": "1"}}
    assert full["parameter_openapi_schema"]["required"] == ["lake"]
    assert full["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    every = next(s for s in full["schedules"] if "interval" in s["schedule"])
    assert every["schedule"]["interval"] == 3600
    assert every["schedule"]["timezone"] == "Europe/Berlin"
    assert not every["active"]
    assert every["parameters"] == {"table": "spectra"}
    assert ("detector", 2) in [(limit["name"], limit["limit"]) for limit in limits]
    assert [(t["tag"], t["concurrency_limit"]) for t in tags] == [("gpu", 1)]


def test_a_lake_moves_to_the_shared_stack_survives_its_loss_and_comes_back(
    stack: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = make(tmp_path / "lake")
    before = {name: all_rows(lake, name) for name in SCHEMAS if name != "models"}
    alice = User(stack.user("alice", "writer"))
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", alice.environment["PREFECT_API_AUTH_STRING"])
    api = deploy(lake)
    try:
        told = alice.scatterlake("move", str(lake.path), LAKE, "--from-prefect", api)
    finally:
        end(lake.path)
    assert "MLflow model minerals: 2 versions" in told
    assert "Prefect deployment maintain/weekly" in told
    assert "Prefect deployment maintain/hourly" in told
    shared = alice.lake()
    assert {name: all_rows(shared, name) for name in before} == before
    assert shared.snapshot() == {**lake.snapshot(), "models": lake["models"].version() + 1}
    deployments_arrived(alice)

    shared.append("spectra", spectra(7, first=50))
    rows = {name: all_rows(shared, name) for name in SCHEMAS}
    place = str(tmp_path / "backups")
    kept = stored(stack)
    alice.scatterlake("backup", LAKE, place, "--runs", RUNS, **libpq(stack, "backup"))

    end(stack.topology.folder)  # what its S3 service held is gone with it
    shutil.rmtree(stack.topology.folder / "postgres")
    stack.command("up")
    alice = User(stack.user("alice", "writer"))
    with pytest.raises(LakeError, match="no lake"):
        alice.lake()
    alice.scatterlake("restore", place, LAKE, "--runs", RUNS, **libpq(stack, "postgres"))
    again = alice.lake()
    assert {name: all_rows(again, name) for name in SCHEMAS} == rows
    now = stored(stack)
    assert [name for name in kept if now[name] != kept[name]] == []

    back = tmp_path / "back"
    told = alice.scatterlake("move", LAKE, str(back), "--no-deployments")
    assert "MLflow experiment minerals: 2 runs" in told
    home = Lake.existing(back)
    assert {name: all_rows(home, name) for name in before} == {name: rows[name] for name in before}
    mlflow = Tracking.of(home.storage).client()
    champion = mlflow.get_model_version_by_alias("minerals", "champion")
    assert int(champion.version) == 3
    (row,) = home.sql("SELECT run_id FROM models").to_pylist()
    assert row["run_id"] == champion.run_id
    assert len(mlflow.get_metric_history(champion.run_id, "loss")) == POINTS


def test_data_bases_come_back_after_their_folder_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="scatterlake-"))
    folder.chmod(0o711)
    alone = Shared(Topology(folder, Ports(*(free_port() for _ in range(4)))))
    secrets = credentials.make(alone.topology.secrets)

    def begin() -> None:
        postgres.prepare(folder, secrets)
        start(folder, alone.topology.services(fresh=True)[:1])
        postgres.make_roles(alone.topology.ports.postgres, secrets)

    def be(role: str) -> None:
        for name, value in libpq(alone, role).items():
            monkeypatch.setenv(name, value)

    try:
        begin()
        be("postgres")
        for name in ("mlflow", "prefect"):
            made = f"SET ROLE {name}; CREATE TABLE runs (id int primary key, name text)"
            indexed = "; CREATE INDEX ON runs USING gin (name gin_trgm_ops)"
            filled = "; INSERT INTO runs SELECT n, 'run ' || n FROM generate_series(1, 1000) n"
            _psql(alone, name, made + (indexed if name == "prefect" else "") + filled, "postgres")
        kept = stored(alone)
        both = [Postgres("mlflow", "runs"), Postgres("prefect", "runs")]
        be("backup")
        for database in both:
            database.dump(tmp_path / database.name)
        with pytest.raises(LakeError, match=rf"PostgreSQL at {HOST}:\d+: pg_restore"):
            both[0].restore(tmp_path / "mlflow")  # backup reads only
        stop(folder)
        with pytest.raises(LakeError, match=rf"PostgreSQL at {HOST}:\d+: pg_dump"):
            both[0].dump(tmp_path / "nothing")
        shutil.rmtree(folder / "postgres")
        begin()
        assert "mlflow.runs" not in stored(alone)
        be("postgres")
        for database in both:
            database.restore(tmp_path / database.name)
            with pytest.raises(WrongUse, match="1000 rows in runs"):
                database.insist_on_unused()
        assert stored(alone) == kept
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        assert _psql(alone, "mlflow", owners).split() == ["mlflow"]
    finally:
        stop(folder)
        shutil.rmtree(folder)
