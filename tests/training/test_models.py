"""Every model learns, repeats itself, and loads nothing but what it wrote."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry.errors import BadInput, ModelRefused
from training.models import Model, Training, models

NAMES = ("cnn1d", "fusion", "hist_gradient_boosting", "most_frequent", "nearest_neighbour")
QUICK = {"epochs": 8, "hidden": 16, "iterations": 20}


def sample(seed: int, n: int) -> tuple[dict, np.ndarray]:
    """Curves with a peak at a place of their class, and vectors shifted by class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    x = np.linspace(0, 1, 80)
    centres = 0.25 + 0.25 * labels + rng.normal(0, 0.01, n)
    curve = np.exp(-(((x - centres[:, None]) / 0.03) ** 2)) + 0.1 * rng.random((n, 80))
    vector = rng.normal(labels[:, None], 0.5, (n, 6))
    blocks = {"curve": curve.astype(np.float32), "vector": vector.astype(np.float32)}
    return blocks, labels.astype(np.int64)


def training(model: Model, seed: int = 0) -> Training:
    (inputs, labels), (other, other_labels) = sample(0, 120), sample(1, 45)
    names = ("curve", "vector")[: 1 if model.max_inputs == 1 else 2]
    return Training(
        {name: inputs[name] for name in names},
        labels,
        {name: other[name] for name in names},
        other_labels,
        3,
        seed,
        {"curve": (0.0, 1.0)},
    )


def quick(model: Model) -> dict:
    return {**model.settings, **{k: v for k, v in QUICK.items() if k in model.settings}}


@pytest.fixture(scope="module", params=NAMES)
def fitted(request):
    model = models()[request.param]
    return model, model.fit(training(model), **quick(model))


def unseen(model: Model) -> tuple[dict, np.ndarray]:
    blocks, labels = sample(2, 90)
    return {name: blocks[name] for name in training(model).inputs}, labels


def saved(fitted, folder: Path) -> Path:
    folder.mkdir()
    fitted.save(folder)
    return folder


def test_all_models_are_found():
    assert sorted(models()) == sorted(NAMES)


def test_it_learns_what_can_be_learnt(fitted):
    model, classifier = fitted
    inputs, labels = unseen(model)
    right = float((classifier.probabilities(inputs).argmax(axis=1) == labels).mean())
    assert right == pytest.approx(1 / 3) if model.name == "most_frequent" else right > 0.85


def test_probabilities_are_probabilities(fitted):
    model, classifier = fitted
    found = classifier.probabilities(unseen(model)[0])
    assert found.shape == (90, 3)
    assert found.min() >= 0
    assert found.sum(axis=1) == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_model_and_nothing_else_changes(fitted):
    import torch

    model, classifier = fitted
    before = torch.get_rng_state(), torch.get_num_threads()
    state = np.random.get_state()[1].copy()
    data = training(model)
    copies = {name: block.copy() for name, block in data.inputs.items()}
    again = model.fit(data, **quick(model))
    inputs = unseen(model)[0]
    assert np.array_equal(again.probabilities(inputs), classifier.probabilities(inputs))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    assert not torch.are_deterministic_algorithms_enabled()
    assert np.array_equal(np.random.get_state()[1], state)
    assert all(np.array_equal(data.inputs[name], copies[name]) for name in copies)


def test_what_was_saved_answers_alike(fitted, tmp_path):
    model, classifier = fitted
    inputs = unseen(model)[0]
    loaded = model.load(saved(classifier, tmp_path / "m"))
    assert np.array_equal(loaded.probabilities(inputs), classifier.probabilities(inputs))


def test_training_leaves_no_files(fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, _ = fitted
    model.fit(training(model), **quick(model))
    assert list(tmp_path.iterdir()) == []


class Bomb:
    """Would create a file if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_planted_pickle_is_refused_and_not_run(fitted, tmp_path):
    model, classifier = fitted
    folder = saved(classifier, tmp_path / "m")
    victim = next(p for p in folder.iterdir() if p.suffix in {".skops", ".safetensors"})
    victim.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    with pytest.raises(ModelRefused):
        model.load(folder)
    assert not (tmp_path / "ran").exists()


def test_a_file_too_many_or_missing_is_refused(fitted, tmp_path):
    model, classifier = fitted
    folder = saved(classifier, tmp_path / "m")
    (folder / "extra.py").write_text("boom = 1")
    with pytest.raises(ModelRefused, match=r"extra\.py"):
        model.load(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ModelRefused, match="missing files"):
        model.load(folder)


def test_another_kind_of_model_is_refused(fitted, tmp_path):
    model, _ = fitted
    other = "fusion" if model.name not in {"fusion", "cnn1d"} else "most_frequent"
    intruder = models()[other]
    folder = saved(intruder.fit(training(intruder), **quick(intruder)), tmp_path / "m")
    with pytest.raises(ModelRefused):
        model.load(folder)


def test_a_type_that_is_not_trusted_is_refused(tmp_path):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    model = models()["hist_gradient_boosting"]
    skops.io.dump(FunctionTransformer(func=shutil.rmtree), tmp_path / "model.skops")
    with pytest.raises(ModelRefused, match=r"not trusted: shutil\.rmtree"):
        model.load(tmp_path)


def test_a_network_of_another_shape_is_refused(tmp_path):
    model = models()["cnn1d"]
    folder = saved(model.fit(training(model), **quick(model)), tmp_path / "m")
    shape = json.loads((folder / "network.json").read_text())
    (folder / "network.json").write_text(json.dumps({**shape, "n_classes": 9}))
    with pytest.raises(ModelRefused, match="not a network that was saved here"):
        model.load(folder)


def test_a_class_without_training_rows_is_refused():
    model = models()["hist_gradient_boosting"]
    data = training(model)
    with pytest.raises(BadInput, match=r"all of 4 classes, found no \[3\]"):
        model.fit(replace(data, n_classes=4), **quick(model))


def test_statistics_of_the_training_side_are_stored_in_the_network(tmp_path):
    from safetensors.numpy import load_file

    model = models()["fusion"]
    data = training(model)
    folder = saved(model.fit(data, **quick(model)), tmp_path / "m")
    weights = load_file(folder / "weights.safetensors")
    vector = data.inputs["vector"]
    root = np.sign(vector) * np.sqrt(np.abs(vector))
    assert weights["branches.vector.0.mean"] == pytest.approx(root.mean(axis=0), abs=1e-5)
    assert weights["branches.vector.0.scale"] == pytest.approx(root.std(axis=0), rel=1e-4)
