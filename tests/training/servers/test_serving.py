"""Models served by MLflow: the real server on loopback, asked with JSON; nothing altered served."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from registry.errors import ModelRefused
from registry.lake import Lake
from training.cards import CARD, WEIGHTS, WHENCE
from training.loading import load_model
from training.lookup import one_model
from training.mlmodel import MLMODEL
from training.predict import predict_curve
from training.serving import DIGEST, ServedModel, _load_pyfunc, serve
from training.study import Candidate
from training.tracking import artifacts, tracking_uri
from training.train import train_study

NEAR = Candidate("nearest_neighbour", ("xrd",))
SERVE = ("models", "serve", "-m", "models:/minerals/1", "--env-manager", "local")


@pytest.fixture(scope="module")
def lake(tmp_path_factory, world) -> Lake:
    made = Lake.open(tmp_path_factory.mktemp("served") / "lake")
    world.fill(made, 12)
    dataset = replace(world.DEFINITION, inputs=(world.XRD,))
    alike = {"near-duplicate curve": "invented minerals are alike"}
    study = replace(world.STUDY, dataset=dataset, candidates=(NEAR,), claim=None)
    train_study(made, replace(study, allowed_leaks=alike))
    return made


@pytest.fixture
def folder(lake) -> Path:
    row = one_model(lake, "minerals", 1)
    return artifacts(lake) / row["run_id"] / "artifacts" / "model"


def ask(url: str, body: dict) -> tuple[int, dict]:
    request = urllib.request.Request(
        f"{url}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def curves(lake: Lake, n: int) -> tuple[list, list]:
    query = "SELECT x, intensity FROM spectra WHERE technique = 'xrd' AND x[1] < x[2] LIMIT $1"
    rows = lake.sql(query, [n]).to_pylist()
    return [r["x"] for r in rows], [r["intensity"] for r in rows]


def test_mlflow_serves_a_registered_model_and_says_what_is_wrong(lake, start_mlflow):
    x, y = curves(lake, 3)
    with start_mlflow(SERVE, {"MLFLOW_TRACKING_URI": tracking_uri(lake)}) as server:
        assert server.answers("/ping"), server.tail()
        status, found = ask(server.url, {"inputs": {"xrd_x": x, "xrd_y": y}})
        short = {"xrd_x": [x[0][100:]], "xrd_y": [y[0][100:]]}
        wrong, told = ask(server.url, {"inputs": short})
        strange, _ = ask(server.url, {"inputs": {"xrd": y}})
    assert status == 200, found
    assert (wrong, strange) == (400, 400)
    assert "curve 0 of 'xrd': curve: expected x that covers 0.6 to 5.6" in told["message"]
    model = load_model(lake, "minerals", 1)  # MLflow wrote into the folder that it read
    for said, one, other in zip(found["predictions"], x, y, strict=True):
        same = predict_curve(lake, model, np.array(one), np.array(other))
        assert (said["value"], said["probabilities"]) == (same.value, same.probabilities)
        assert (said["likely"], said["level"]) == (list(same.likely), same.level)


def test_the_server_of_an_altered_model_does_not_start(lake, folder, start_mlflow):
    (weights,) = (folder / WEIGHTS).glob("*.safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        with start_mlflow(SERVE, {"MLFLOW_TRACKING_URI": tracking_uri(lake)}) as server:
            assert not server.answers("/ping")
            assert "altered: digest" in server.tail()
    finally:
        weights.write_bytes(whole)


@pytest.mark.parametrize("name", [CARD, MLMODEL])
def test_the_loader_refuses_what_the_registry_does_not_vouch_for(
    lake, folder, monkeypatch, tmp_path, name
):
    digest = one_model(lake, "minerals", 1)["artifact_digest"]
    monkeypatch.setenv(DIGEST, digest)
    assert isinstance(_load_pyfunc(str(folder)), ServedModel)
    whole = (folder / name).read_text()
    (folder / name).write_text(whole + " ")
    try:
        with pytest.raises(ModelRefused, match=f"{name}: altered"):
            _load_pyfunc(str(folder))
    finally:
        (folder / name).write_text(whole)
    monkeypatch.delenv(DIGEST)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri(lake))
    (folder / WHENCE).write_text(yaml.safe_dump({"model_name": "minerals", "model_version": 1}))
    assert isinstance(_load_pyfunc(str(folder)), ServedModel)
    (folder / WHENCE).unlink()
    with pytest.raises(ModelRefused, match="from no registry that vouches for it"):
        _load_pyfunc(str(folder))


def test_our_own_command_verifies_all_before_mlflow_reads_anything(lake, folder, monkeypatch):
    started = []

    def run(command, env, check):
        started.append(command)
        served = Path(command[command.index("-m", 3) + 1])
        monkeypatch.setenv(DIGEST, env[DIGEST])
        assert isinstance(_load_pyfunc(str(served)), ServedModel)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("training.serving.subprocess.run", run)
    assert serve(lake, "minerals", "champion", "127.0.0.1", 5001) == 0
    whole = (folder / MLMODEL).read_text()
    (folder / MLMODEL).write_text(whole.replace("training.serving", "mlflow.pyfunc.model"))
    try:
        with pytest.raises(ModelRefused, match="MLmodel: altered"):
            serve(lake, "minerals", 1, "127.0.0.1", 5001)
    finally:
        (folder / MLMODEL).write_text(whole)
    assert len(started) == 1


def test_what_mlflow_reads_names_only_the_installed_loader(folder):
    read = yaml.safe_load((folder / MLMODEL).read_text())
    assert read["flavors"] == {"python_function": {"loader_module": "training.serving"}}
    taken = json.loads(read["signature"]["inputs"])
    assert [(t["name"], t["tensor-spec"]["shape"]) for t in taken] == [
        ("xrd_x", [-1, -1]),
        ("xrd_y", [-1, -1]),
    ]
