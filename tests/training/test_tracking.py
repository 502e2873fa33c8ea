"""The first to come make what MLflow needs; its errors say which MLflow, and what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

from registry.errors import BadInput, LakeError
from registry.lake import Lake
from training.tracking import ADVICE, client, experiment_id, reaching, speaking_to_mlflow

FIRST = """
import sys
from registry.lake import Lake
from training.tracking import client, experiment_id
lake = Lake.existing(sys.argv[1])
print(experiment_id(client(lake), lake, "study"))
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


def test_processes_that_come_first_at_once_make_one_data_base_and_experiment(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    command = [sys.executable, "-c", FIRST, lake.uri]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    said = [p.communicate() for p in [subprocess.Popen(command, **pipes) for _ in range(3)]]
    assert {out for out, _ in said} == {"1\n"}, said


def test_who_may_only_read_a_lake_takes_no_lock(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    client(lake)
    lock = lake.path / "mlflow" / ".lock"
    lock.unlink(missing_ok=True)
    monkeypatch.setattr("training.tracking.os.access", lambda *_: False)
    client(lake)
    assert not lock.exists()


def test_an_experiment_that_another_process_made_a_moment_ago_is_taken(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    mlflow = client(lake)
    known = experiment_id(mlflow, lake, "study")
    look = mlflow.get_experiment_by_name
    too_early = iter([None])
    monkeypatch.setattr(mlflow, "get_experiment_by_name", lambda name: next(too_early, look(name)))
    assert experiment_id(mlflow, lake, "study") == known
    assert next(too_early, "asked") == "asked"


def test_a_server_that_is_down_is_named_without_its_password(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:Lovelace1815@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(LakeError) as raised:
        client(lake)
    told = str(raised.value)
    assert told.startswith("MLflow at http://***@127.0.0.1:9: ")
    assert "is MLFLOW_TRACKING_URI right?" in told
    assert "Lovelace" not in told


def test_a_data_base_that_is_damaged_is_named(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 1)  # else ten, in a minute
    (lake.path / "mlflow").mkdir()
    (lake.path / "mlflow" / "mlflow.db").write_bytes(b"no data base" * 500)
    with pytest.raises(LakeError, match=r"MLflow at sqlite:////.*mlflow\.db: "):
        client(lake)


@pytest.mark.parametrize(
    "error",
    [
        MlflowException("refused"),
        requests.ConnectionError("refused"),  # of files, which MLflow moves by itself
        OperationalError("select 1", {}, Exception("refused")),
    ],
    ids=["client", "files", "data base"],
)
def test_every_kind_of_error_of_its_client_becomes_one(error: Exception) -> None:
    with pytest.raises(LakeError, match=r"MLflow at here: .*refused") as raised:  # noqa: SIM117
        with speaking_to_mlflow("here", ADVICE):
            raise error
    assert str(raised.value).endswith(ADVICE)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", [BadInput("a", "b", "c"), OSError("disk full")])
def test_errors_that_are_not_of_mlflow_stay_what_they_are(lake: Lake, error: Exception) -> None:
    with pytest.raises(type(error)) as raised, reaching(lake):
        raise error
    assert raised.value is error
