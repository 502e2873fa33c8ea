"""A lake in another place is the same lake: rows, versions, runs, models, deployments."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from flows.moving import tables
from flows.moving.backup import backup, backups, restore
from flows.moving.capture import ORDER, capture
from flows.moving.databases import databases_of
from flows.moving.doors import Tracking, prefect_of, speaking_to_prefect
from flows.moving.move import move
from registry.errors import BadInput, LakeError, WrongUse
from registry.lake import Lake
from registry.schemas import SCHEMAS
from registry.tables.storage import Storage
from tests.flows.small_lake import PARAMS, POINTS, SPECTRA, all_rows, make, spectra


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """An embedded lake with several versions, two runs, a model with a version deleted."""
    return make(tmp_path_factory.mktemp("source") / "lake")


def ends(source: Lake, target: Path) -> tuple[Tracking, Tracking]:
    return Tracking.of(source.storage), Tracking.of(Storage.of(target))


def test_the_order_of_capture_has_every_table() -> None:
    assert sorted(ORDER) == sorted(SCHEMAS)


def test_a_moved_lake_has_all_rows_versions_runs_and_models(lake: Lake, tmp_path: Path) -> None:
    before = {name: all_rows(lake, name) for name in SCHEMAS}
    files = {p: p.read_bytes() for p in lake.path.rglob("*") if p.is_file() and "db" not in p.name}
    lines = move(lake, Storage.of(tmp_path / "new"), ends(lake, tmp_path / "new"))
    assert lines
    assert all(line.same for line in lines)
    assert {p: p.read_bytes() for p in files} == files, "the source is as it was"

    there = Lake.existing(tmp_path / "new")
    for name in SCHEMAS:
        if name != "models":
            assert all_rows(there, name) == before[name]
            assert there[name].version() == lake[name].version()
    for version in range(1, lake["spectra"].version() + 1):
        assert all_rows(there, "spectra", version) == all_rows(lake, "spectra", version)

    old, new = (end.client() for end in ends(lake, tmp_path / "new"))
    experiment = new.get_experiment_by_name("minerals")
    assert experiment.tags["question"] == "which mineral?"
    child, parent = new.search_runs([experiment.experiment_id], order_by=["start_time DESC"])
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (child.info.run_name, child.info.status, child.info.end_time) == (
        "one",
        "FINISHED",
        9000,
    )
    assert parent.info.status == "RUNNING"
    assert child.data.params == {f"p{k}": str(k) for k in range(PARAMS)}
    history = new.get_metric_history(child.info.run_id, "loss")
    assert {(m.step, m.value, m.timestamp) for m in history} == {
        (k, 1 / (1 + k), 3000 + k) for k in range(POINTS)
    }
    versions = {int(v.version): v for v in new.search_model_versions("name='minerals'")}
    assert sorted(versions) == [1, 3]
    assert json.loads(versions[3].tags["row"])["run_id"] == child.info.run_id
    assert versions[3].description == "soap"
    champion = new.get_model_version_by_alias("minerals", "champion")
    assert (int(champion.version), champion.run_id) == (3, child.info.run_id)
    weights = Path(new.download_artifacts(child.info.run_id, "model/weights.txt"))
    assert weights.read_text() == "weights"
    assert str(tmp_path) in child.info.artifact_uri, "its files are its own"
    row = there.sql("SELECT run_id, alias FROM models").to_pylist()
    assert row == [{"run_id": child.info.run_id, "alias": "champion"}]
    assert old.get_registered_model("minerals").aliases["champion"] in ("3", 3)


def test_an_interrupted_move_goes_on(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "new"
    create = Storage.create

    class Interrupted(Exception):
        pass

    def fails_at(name: str) -> None:
        def failing(self: Storage, path: str, content: bytes) -> bool:
            if path.endswith(name):
                raise Interrupted
            return create(self, path, content)

        monkeypatch.setattr(Storage, "create", failing)

    def interrupted(what: pytest.MonkeyPatch) -> None:
        with pytest.raises(Interrupted):
            move(lake, Storage.of(target), ends(lake, target))
        what.undo()
        with pytest.raises(LakeError, match="no lake"):
            Lake.existing(target)

    fails_at("00000000000000000002.json")
    interrupted(monkeypatch)
    logged = MlflowClient.log_artifacts

    def no_more(*_: object, **__: object) -> None:
        raise Interrupted

    monkeypatch.setattr(MlflowClient, "log_artifacts", no_more)
    interrupted(monkeypatch)
    monkeypatch.setattr(MlflowClient, "delete_model_version", no_more)
    interrupted(monkeypatch)
    assert MlflowClient.log_artifacts is logged
    assert all(line.same for line in move(lake, Storage.of(target), ends(lake, target)))
    client = Tracking.of(Storage.of(target)).client()
    assert [int(v.version) for v in client.search_model_versions("name='minerals'")] == [3, 1]
    experiment = client.get_experiment_by_name("minerals").experiment_id
    assert len(client.search_runs([experiment])) == 2, "no run twice"
    assert Lake.existing(target).sql("SELECT count(*) AS n FROM spectra").to_pylist() == [
        {"n": SPECTRA}
    ]


def test_a_place_that_holds_something_else_is_left_alone(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    other = Lake.open(tmp_path / "other")
    for place, complaint in (("full", "is not empty"), ("other", "holds a lake already")):
        target = tmp_path / place
        there = sorted(target.rglob("*"))
        with pytest.raises(LakeError, match=complaint):
            move(lake, Storage.of(target), ends(lake, target))
        assert sorted(target.rglob("*")) == there
    assert other.sql("SELECT count(*) AS n FROM spectra").to_pylist() == [{"n": 0}]


def test_an_mlflow_with_a_model_of_that_name_is_left_alone(lake: Lake, tmp_path: Path) -> None:
    shared = Tracking(f"sqlite:///{tmp_path}/shared.db", tmp_path / "files")
    shared.client().create_registered_model("minerals", {"owner": "somebody else"})
    with pytest.raises(LakeError, match="has a model 'minerals' from elsewhere"):
        move(lake, Storage.of(tmp_path / "new"), (Tracking.of(lake.storage), shared))
    found = shared.client().get_registered_model("minerals")
    assert found.tags == {"owner": "somebody else"}
    assert shared.client().search_model_versions("name='minerals'") == []


def test_a_damaged_file_is_named_and_nothing_can_be_opened(lake: Lake, tmp_path: Path) -> None:
    copy = Lake.open(tmp_path / "copy")
    copy.append("spectra", spectra(3))
    (file,) = copy["spectra"].state().files
    path = copy.path / "tables" / "spectra" / file.path
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(LakeError, match=f"{file.path}.*checksum"):
        move(copy, Storage.of(tmp_path / "new"), ends(copy, tmp_path / "new"))
    with pytest.raises(LakeError, match="no lake"):
        Lake.existing(tmp_path / "new")
    path.unlink()
    with pytest.raises(LakeError, match=f"{file.path}.*found none.*set-aside"):
        capture(copy)


def test_a_lake_without_models_stays_without_a_data_base_for_them(tmp_path: Path) -> None:
    plain = Lake.open(tmp_path / "plain")
    plain.append("spectra", spectra(2))
    assert move(plain, Storage.of(tmp_path / "new"), ends(plain, tmp_path / "new"))
    assert len(all_rows(Lake.existing(tmp_path / "new"), "spectra")) == 2
    assert not (plain.path / "mlflow").exists()


def test_a_server_that_is_away_is_named_before_anything_is_done(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = Tracking("http://127.0.0.1:9")
    with pytest.raises(LakeError, match=r"MLflow at http://127\.0\.0\.1:9"):
        move(lake, Storage.of(tmp_path / "new"), (Tracking.of(lake.storage), away))
    api = "http://127.0.0.1:9/api"
    with pytest.raises(LakeError, match=f"Prefect at {api}"):
        move(lake, Storage.of(tmp_path / "new"), ends(lake, tmp_path / "new"), (api, api))
    assert not (tmp_path / "new").exists()


def test_a_difference_is_seen(lake: Lake, tmp_path: Path) -> None:
    captured = [one for one in capture(lake) if one.name == "spectra"]
    target = Storage.of(tmp_path / "new")
    tables.copy_tables(captured, target)
    assert all(line.same for line in tables.compare_tables(captured, target))
    path = tmp_path / "new" / "tables" / "spectra" / captured[0].files[0][0]
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    rows, digests = tables.compare_tables(captured, target)
    assert rows.same
    assert not digests.same


def test_rows_written_meanwhile_wait_for_the_next_time(lake: Lake, tmp_path: Path) -> None:
    live = Lake.open(tmp_path / "live")
    live.append("spectra", spectra(2))
    captured = capture(live)
    live.append("spectra", spectra(2, first=2))
    target = Storage.of(tmp_path / "new")
    tables.copy_tables(captured, target)
    assert all(line.same for line in tables.compare_tables(captured, target))
    assert sum(f.rows for f in tables.at(target, live["spectra"]).state().files) == 2


def test_a_backup_brings_everything_back_and_the_next_costs_what_is_new(
    lake: Lake, tmp_path: Path
) -> None:
    move(lake, Storage.of(tmp_path / "work"), ends(lake, tmp_path / "work"))
    source = Lake.existing(tmp_path / "work")
    place = Storage.of(tmp_path / "backups")
    databases, runs = databases_of(source.storage), Storage.of(source.path / "mlflow/artifacts")
    first = backup(source, place, databases, runs, lambda _: None)
    wanted = {name: all_rows(source, name) for name in SCHEMAS}
    source.append("spectra", spectra(4, first=100))
    second = backup(source, place, databases, runs, lambda _: None)
    assert second.new == 2, "a data file and an entry of the log"
    assert sorted((first.name, second.name)) == sorted(backups(place))

    restore(place, first.name, *_to(tmp_path / "again"))
    back = Lake.existing(tmp_path / "again")
    assert {name: all_rows(back, name) for name in SCHEMAS} == wanted
    with closing(sqlite3.connect(tmp_path / "again" / "mlflow" / "mlflow.db")) as opened:
        assert opened.execute("SELECT count(*) FROM metrics").fetchone() == (POINTS,)
    (run,) = back.sql("SELECT run_id FROM models").to_pylist()
    weights = tmp_path / "again/mlflow/artifacts" / run["run_id"] / "artifacts/model/weights.txt"
    assert weights.read_text() == "weights"

    newest = restore(place, None, *_to(tmp_path / "newest"))
    assert newest.rows["spectra"] == SPECTRA + 4
    with pytest.raises(LakeError, match="holds a lake already"):
        restore(place, None, *_to(tmp_path / "newest"))


def _to(folder: Path) -> tuple[Storage, object, Storage]:
    target = Storage.of(folder)
    return target, databases_of(target), Storage.of(folder / "mlflow" / "artifacts")


def test_a_damaged_backup_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    source = Lake.open(tmp_path / "lake")
    source.append("spectra", spectra(2))
    place = Storage.of(tmp_path / "backups")
    with pytest.raises(BadInput, match="found none"):
        restore(place, None, *_to(tmp_path / "again"))
    runs = Storage.of(tmp_path / "lake/mlflow/artifacts")
    taken = backup(source, place, databases_of(source.storage), runs, lambda _: None)
    with pytest.raises(BadInput, match=taken.name):
        restore(place, "19990101", *_to(tmp_path / "again"))
    largest = max((tmp_path / "backups" / "pool").rglob("*"), key=lambda p: p.stat().st_size)
    whole = largest.read_bytes()
    largest.write_bytes(whole[:-1])
    with pytest.raises(LakeError, match="lost or cut: tables/"):
        restore(place, None, *_to(tmp_path / "again"))
    assert not (tmp_path / "again").exists()
    largest.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(LakeError, match="expected checksum"):
        restore(place, None, *_to(tmp_path / "again"))
    largest.write_bytes(whole)
    restore(place, None, *_to(tmp_path / "again"))
    assert len(all_rows(Lake.existing(tmp_path / "again"), "spectra")) == 2


def test_errors_name_the_service_and_where_it_is() -> None:
    address = "http://127.0.0.1:9/api"
    with (
        pytest.raises(LakeError, match=f"Prefect at {address}"),
        speaking_to_prefect(address),
        httpx.Client(base_url=address) as client,
    ):
        client.get("health")


def test_what_cannot_be_moved_is_said_before_anything_is_done(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="Prefect server of the target"):
        move(lake, Storage.of(tmp_path / "n"), ends(lake, tmp_path / "n"), ("http://a/api", None))
    with pytest.raises(WrongUse, match="MLflow of s3://bucket/lake"):
        Tracking.of(Storage.of("s3://bucket/lake"))
    (tmp_path / "prefect").mkdir()
    with closing(sqlite3.connect(tmp_path / "prefect" / "prefect.db")) as opened:
        opened.execute("CREATE TABLE deployment (id)")
        assert prefect_of(Storage.of(tmp_path)) is None
        opened.execute("INSERT INTO deployment VALUES (1)")
        opened.commit()
    with pytest.raises(WrongUse, match="scatterlake up"):
        prefect_of(Storage.of(tmp_path))
