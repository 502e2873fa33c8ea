"""The loop: the best weights are kept, a killed fit goes on to the same model, nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch

from registry.errors import BadInput, ModelRefused, WrongUse
from training.models import Learnt, Training, models
from training.models._accelerator import precision
from training.models._batches import Batches, Side, tensors
from training.models._layers import Standardise
from training.models._run import Run, current, running

SCRIPT = Path(__file__).with_name("killed.py")


@pytest.fixture(scope="module")
def job():
    spec = spec_from_file_location("killed", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def state(fitted) -> dict[str, torch.Tensor]:
    return fitted.network.state_dict()


def same(one, other) -> bool:
    mine, theirs = state(one), state(other)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)


def test_a_killed_fit_goes_on_to_the_model_that_it_would_have_been(job, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[3])}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        told = [process.stdout.readline() for _ in range(6)]
        process.send_signal(signal.SIGKILL)
        process.stdin.close()
    assert told[-1] == "epoch 5\n"
    assert process.returncode == -signal.SIGKILL
    epochs: list[int] = []
    resumed = job.fit(Run(checkpoints=tmp_path, on_epoch=lambda epoch, _: epochs.append(epoch)))
    assert epochs == list(range(5, 12))  # the checkpoint of epoch 4 was the last that was written
    assert same(resumed, job.fit(Run()))
    assert resumed.earlier > 0
    assert len(list(tmp_path.iterdir())) == 1


def test_a_finished_fit_is_read_back_and_another_is_not_taken_for_it(job, tmp_path):
    epochs: list[int] = []
    run = Run(checkpoints=tmp_path, every=0, on_epoch=lambda epoch, _: epochs.append(epoch))
    first = job.fit(run)
    assert epochs == list(range(12))
    assert same(first, job.fit(run))
    assert len(epochs) == 12
    data = job.data()
    for change in (
        {"seed": 4},
        {"inputs": {"x": data.inputs["x"] + 1}},
        {"weights": np.arange(1.0, 401)},
    ):
        with running(run):
            models()["mlp"].train(replace(data, **change), **job.SETTINGS)
    assert len(epochs) == 4 * 12


def test_a_damaged_or_planted_checkpoint_is_refused(job, tmp_path):
    import pickle

    job.fit(Run(checkpoints=tmp_path, every=0))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (whole[:100], b"", pickle.dumps(Path(tmp_path))):
        path.write_bytes(damaged)
        with pytest.raises(ModelRefused, match="not a checkpoint"):
            job.fit(Run(checkpoints=tmp_path))


def test_how_it_is_run_is_put_back_even_after_an_error():
    with pytest.raises(ZeroDivisionError), running(Run(every=7)):
        assert current().every == 7
        raise ZeroDivisionError
    assert current() == Run()


def line(noise: float, n: int = 300, seed: int = 0, **changes) -> Training:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, 1)).astype(np.float32)
    y = 3.0 * x[:, 0] + 50 + noise * rng.normal(size=n)
    half = n // 2
    sides = ({"x": x[:half]}, y[:half], {"x": x[half:]}, y[half:])
    return replace(Training(*sides, task="regression"), **changes)


def test_the_weights_kept_are_those_of_the_lowest_validation_loss():
    losses: list[float] = []
    settings = {"epochs": 20, "patience": 20, "hidden": 16, "dropout": 0.0}
    data = line(1.0, 80)
    with running(Run(on_epoch=lambda _, loss: losses.append(loss))):
        fitted = models()["mlp"].train(data, **settings)
    found = fitted.predict(data.validation_inputs).mean[:, 0]
    spread = data.values.std()
    again = float(((found - data.validation_values[:, 0]) ** 2).mean() / spread**2)
    assert again == pytest.approx(min(losses), rel=1e-4)


def test_it_stops_when_nothing_is_gained_any_more():
    losses: list[float] = []
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 5)).astype(np.float32), rng.normal(size=60)
    data = Training({"x": x[:40]}, y[:40], {"x": x[40:]}, y[40:], task="regression")
    with running(Run(on_epoch=lambda _, loss: losses.append(loss))):
        models()["mlp"].train(data, epochs=200, patience=4)
    assert len(losses) < 100
    assert len(losses) == int(np.argmin(losses)) + 1 + 4


@pytest.mark.parametrize("deviation", ["gaussian", "quantiles"])
def test_the_deviation_is_that_of_the_noise(deviation):
    settings = {"deviation": deviation, "dropout": 0.0, "epochs": 40}
    fitted = models()["mlp"].train(line(0.5, 2000), **settings)
    found = fitted.predict({"x": np.array([[-0.7], [0.0], [0.7]], np.float32)})
    assert found.mean[:, 0] == pytest.approx([47.9, 50, 52.1], abs=0.25)
    assert found.deviation[:, 0] == pytest.approx(0.5, rel=0.3)


def test_members_that_weigh_little_are_learnt_little_from():
    data = line(0.0, 400)
    wrong = np.arange(200) % 2 == 0
    targets = np.where(wrong, 0.0, data.targets)
    weights = np.where(wrong, 1e-6, 1.0)
    bad = replace(data, targets=targets, weights=weights)
    found = models()["mlp"].train(bad, dropout=0.0).predict({"x": np.zeros((1, 1), np.float32)})
    assert found.mean[0, 0] == pytest.approx(50, abs=1.5)


def test_a_loss_that_is_no_number_is_said():
    with pytest.raises(BadInput, match=r"validation loss.*learning rate too high"):
        models()["mlp"].train(line(0.1, 80), learning_rate=1e30, clip=0.0, patience=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch": 2.5}, "batch"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"deviation": "guess"}, "none, gaussian, quantiles"),
        ({"freeze": "head."}, "freeze"),
        ({"align": "coral"}, "unlabelled inputs"),
    ],
)
def test_settings_that_cannot_be_are_named(settings, message):
    with pytest.raises(WrongUse, match=message):
        models()["mlp"].train(line(0.1, 40), **settings)


def test_a_bar_is_drawn_when_asked_and_nothing_otherwise(capfd):
    for shown in (None, True):
        with running(Run(progress=shown)):
            models()["mlp"].train(line(0.1, 40), epochs=3)
        out, err = capfd.readouterr()
        assert out == ""
        assert ("validation loss" in err) == bool(shown)


def test_losses_of_every_epoch_stay_with_the_model(job, tmp_path):
    told: list[float] = []
    fitted = job.fit(Run(checkpoints=tmp_path, every=0, on_epoch=lambda _, loss: told.append(loss)))
    assert isinstance(fitted, Learnt)
    assert [epoch.validation for epoch in fitted.history] == told
    assert fitted.history[-1].training < fitted.history[0].training
    assert job.fit(Run(checkpoints=tmp_path, every=0)).history == fitted.history
    folder = tmp_path / "model"
    folder.mkdir()
    fitted.save(folder)
    assert models()["mlp"].load(folder).history == ()
    trees = models()["random_forest"].train(job.data(), trees=2)
    assert not isinstance(trees, Learnt)


def test_blocks_mapped_from_files_are_learnt_from_where_they_lie(job, tmp_path):
    data = job.data()
    mapped = {}
    for side in ("inputs", "validation_inputs"):
        np.save(tmp_path / f"{side}.npy", getattr(data, side)["x"])
        mapped[side] = {"x": np.asarray(np.load(tmp_path / f"{side}.npy", mmap_mode="c"))}
    held = tensors(mapped["inputs"])["x"]
    assert held.data_ptr() == mapped["inputs"]["x"].ctypes.data
    batches = Batches(Side(mapped["inputs"], None, torch.ones(400)), 32)
    assert batches.blocks["x"].data_ptr() == held.data_ptr()
    assert same(models()["mlp"].train(replace(data, **mapped), **job.SETTINGS), job.fit(Run()))


@pytest.mark.parametrize("width", [1, 5])
def test_statistics_taken_in_pieces_are_those_of_all(width):
    rows = torch.from_numpy(np.random.default_rng(0).normal(3, 2, (1000, 5))).float()
    rows[17, 2] = torch.nan
    one, pieces = Standardise(width, compress=False), Standardise(width, compress=False)
    one.learn([rows])
    pieces.learn(rows.split(90))
    whole = np.delete(rows.numpy().astype(float), 17, axis=0)
    axis = None if width == 1 else 0
    assert one.mean.numpy() == pytest.approx(whole.mean(axis=axis), rel=1e-6)
    assert one.scale.numpy() == pytest.approx(whole.std(axis=axis), rel=1e-6)
    for name in ("mean", "scale"):
        assert torch.allclose(getattr(one, name), getattr(pieces, name), rtol=1e-6)


def test_points_of_a_curve_can_be_scaled_alike():
    x = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    y = x[:, :2] * [1.0, 100.0]
    data = Training({"x": x[:60]}, y[:60], {"x": x[60:]}, y[60:], task="regression")
    scales = {}
    for how in ("usual", "each", "all"):
        fitted = models()["mlp"].train(data, epochs=1, target_scale=how)
        scales[how] = fitted.objective.scale.numpy()
    assert scales["usual"] == pytest.approx(y[:60].std(axis=0))
    assert scales["each"] == pytest.approx(y[:60].std(axis=0))
    assert np.ptp(scales["all"]) == 0
    with pytest.raises(WrongUse, match="usual, each, all"):
        models()["mlp"].train(data, target_scale="some")


def test_mixed_precision_is_for_accelerators_that_have_it(monkeypatch):
    assert precision(Run()) == "32-true" or torch.cuda.is_available()
    for able in ("is_available", "is_bf16_supported"):
        monkeypatch.setattr(torch.cuda, able, lambda: True)
    assert precision(Run()) == "bf16-mixed"
    assert precision(Run(mixed_precision=False)) == "32-true"
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert precision(Run()) == "32-true"


def test_a_candidate_reaches_precision_and_determinism_by_settings(job, monkeypatch):
    seen: list[Run] = []

    def note(run):
        seen.append(run)
        return "32-true"

    monkeypatch.setattr("training.models._fitting.precision", note)
    models()["mlp"].train(job.data(), epochs=1)
    models()["mlp"].train(job.data(), epochs=1, mixed_precision=False, deterministic=True)
    assert [(r.mixed_precision, r.deterministic) for r in seen] == [(True, False), (False, True)]


def test_determinism_can_be_insisted_on_and_switches_are_put_back(job):
    before = torch.get_rng_state(), torch.get_num_threads()
    assert same(job.fit(Run(deterministic=True)), job.fit(Run()))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
