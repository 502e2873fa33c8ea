"""Every scikit-learn model learns, repeats itself, and loads nothing but what it wrote."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry.errors import BadInput, ModelRefused, Unsupported, WrongUse
from training.models import Model, models

CHEAP = {
    "random_forest": {"trees": 20, "share_of_columns": 0.3},
    "hist_gradient_boosting": {"iterations": 5, "learning_rate": 0.7, "share_of_columns": 0.3},
    "nmfk": {"least": 2, "most": 3, "repetitions": 2, "starts": 1},
    "gaussian_mixture": {"components": 3, "most": 3, "starts": 1},
    "k_means": {"clusters": 3, "starts": 3},
}
POSITIVE = {"nmf", "nmfk"}
CASES = [
    ("most_frequent", "classification"),
    ("typical_value", "regression"),
    ("nearest_neighbour", "classification"),
    ("nearest_neighbour", "regression"),
    ("nearest_neighbours", "classification"),
    ("nearest_neighbours", "regression"),
    ("random_forest", "classification"),
    ("random_forest", "regression"),
    ("hist_gradient_boosting", "classification"),
    ("hist_gradient_boosting", "regression"),
    ("gaussian_process", "classification"),
    ("gaussian_process", "regression"),
    ("pca", "unsupervised"),
    ("nmf", "unsupervised"),
    ("nmfk", "unsupervised"),
    ("k_means", "unsupervised"),
    ("gaussian_mixture", "unsupervised"),
]
SKOPS = "model.skops"


def blocks(name: str) -> tuple[str, ...]:
    return ("curve",) if name in POSITIVE else ("curve", "vector")


def fit(toy, name: str, task: str, **changes):
    data = replace(toy.training(task, blocks(name)), **changes)
    return models()[name].train(data, **CHEAP.get(name, {}))


def said(fitted, task: str, inputs) -> np.ndarray:
    if task == "classification":
        return fitted.probabilities(inputs)
    return fitted.predict(inputs).mean if task == "regression" else fitted.encode(inputs)


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request, toy):
    name, task = request.param
    return models()[name], task, fit(toy, name, task)


def unseen(toy, model: Model):
    inputs, labels, places = toy.sample(2, 90)
    return {name: inputs[name] for name in blocks(model.name)}, labels, places


def test_every_task_that_a_model_names_is_tried():
    named = {name for name, _ in CASES}
    assert set(CASES) == {(name, task) for name in named for task in models()[name].tasks}


def test_it_learns_what_can_be_learnt(case, toy):
    model, task, fitted = case
    inputs, labels, places = unseen(toy, model)
    answers = said(fitted, task, inputs)
    if task == "classification":
        right = float((answers.argmax(axis=1) == labels).mean())
        assert right == pytest.approx(1 / 3) if model.name == "most_frequent" else right > 0.95
    elif task == "regression":
        error = float(np.abs(answers[:, 0] - places).mean())
        assert error > 0.1 if model.name == "typical_value" else error < 0.03
    else:
        rows = fitted.layout.rows(inputs)
        left = ((rows - fitted.decode(answers)) ** 2).sum() / (
            (rows - rows.mean(axis=0)) ** 2
        ).sum()
        assert left < 0.35


def test_answers_have_the_shape_and_range_of_the_contract(case, toy):
    model, task, fitted = case
    inputs, *_ = unseen(toy, model)
    answers = said(fitted, task, inputs)
    if task == "classification":
        assert answers.shape == (90, 3)
        assert answers.min() >= 0
        assert answers.sum(axis=1) == pytest.approx(1.0)
    elif task == "regression":
        values = fitted.predict(inputs)
        assert values.mean.shape == (90, 1)
        assert values.deviation is None or values.deviation.shape == (90, 1)
    else:
        assert answers.dtype == np.float32
        assert fitted.decode(answers).shape == fitted.layout.rows(inputs).shape
        if hasattr(fitted, "assign"):
            assert set(fitted.assign(inputs)) <= set(range(answers.shape[1]))


def test_the_same_seed_gives_the_same_model_and_nothing_else_changes(case, toy):
    model, task, fitted = case
    state = np.random.get_state()[1].copy()
    data = toy.training(task, blocks(model.name))
    copies = {name: block.copy() for name, block in data.inputs.items()}
    again = model.train(data, **CHEAP.get(model.name, {}))
    inputs, *_ = unseen(toy, model)
    assert np.array_equal(said(again, task, inputs), said(fitted, task, inputs))
    assert np.array_equal(np.random.get_state()[1], state)
    assert all(np.array_equal(data.inputs[name], copies[name]) for name in copies)


def test_what_was_saved_answers_alike_bit_by_bit(case, toy, tmp_path):
    model, task, fitted = case
    inputs, *_ = unseen(toy, model)
    loaded = model.load(toy.saved(fitted, tmp_path / "m"))
    assert np.array_equal(said(loaded, task, inputs), said(fitted, task, inputs))
    assert loaded.n_parameters() == fitted.n_parameters()


def test_other_blocks_than_those_it_was_fitted_on_are_refused(case, toy):
    model, task, fitted = case
    inputs, *_ = unseen(toy, model)
    narrow = {name: block[:, 1:] for name, block in inputs.items()}
    renamed = {f"{name}s": block for name, block in inputs.items()}
    for wrong in (narrow, renamed, {**inputs, "more": inputs["curve"]}):
        with pytest.raises(BadInput, match="blocks of widths"):
            said(fitted, task, wrong)


def test_a_row_without_a_block_is_answered_or_refused_as_the_model_declares(case, toy):
    model, task, fitted = case
    inputs, *_ = unseen(toy, model)
    gap = {**inputs, "curve": inputs["curve"].copy()}
    gap["curve"][4] = np.nan
    if model.missing:
        assert np.isfinite(said(fitted, task, gap)).all()
        assert np.isfinite(
            said(fit(toy, model.name, task, inputs=_gaps(toy, model)), task, gap)
        ).all()
    else:
        with pytest.raises(BadInput, match=r"'curve'.* found 1 of 90 rows without"):
            said(fitted, task, gap)
        with pytest.raises(BadInput, match=r"training side: input 'curve'.* found 20 of 120"):
            fit(toy, model.name, task, inputs=_gaps(toy, model))


def _gaps(toy, model: Model):
    inputs = dict(toy.training(names=blocks(model.name)).inputs)
    inputs["curve"] = inputs["curve"].copy()
    inputs["curve"][::6] = np.nan
    return inputs


class Bomb:
    """Would create a file if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_planted_pickle_is_refused_and_not_run(case, toy, tmp_path):
    model, _, fitted = case
    folder = toy.saved(fitted, tmp_path / "m")
    for victim in list(folder.iterdir()):
        whole = victim.read_bytes()
        victim.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
        with pytest.raises(ModelRefused):
            model.load(folder)
        victim.write_bytes(whole)
    assert not (tmp_path / "ran").exists()
    model.load(folder)


def test_a_file_too_many_or_missing_is_refused(case, toy, tmp_path):
    model, _, fitted = case
    folder = toy.saved(fitted, tmp_path / "m")
    (folder / "extra.py").write_text("boom = 1")
    with pytest.raises(ModelRefused, match=r"extra\.py"):
        model.load(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ModelRefused, match="missing files"):
        model.load(folder)


OTHERS = [(n, k) for n in dict(CASES) for k in ("most_frequent", "pca") if n != k]


@pytest.mark.parametrize(("name", "kind"), OTHERS)
def test_another_kind_of_model_is_refused(name, kind, toy, tmp_path):
    task = "unsupervised" if kind == "pca" else "classification"
    folder = toy.saved(fit(toy, kind, task), tmp_path / "m")
    with pytest.raises(ModelRefused):
        models()[name].load(folder)


@pytest.mark.parametrize("name", ["hist_gradient_boosting", "random_forest", "gaussian_process"])
def test_a_type_that_is_not_trusted_is_refused(name, tmp_path):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    skops.io.dump(FunctionTransformer(func=shutil.rmtree), tmp_path / SKOPS)
    (tmp_path / "inputs.json").write_text('{"x": 3}')
    with pytest.raises(ModelRefused, match=r"not trusted: shutil\.rmtree"):
        models()[name].load(tmp_path)


def test_a_layout_of_another_width_is_refused(toy, tmp_path):
    for name, task in (("random_forest", "regression"), ("pca", "unsupervised")):
        folder = toy.saved(fit(toy, name, task), tmp_path / name)
        about = folder / ("inputs.json" if name == "random_forest" else "model.json")
        about.write_text(about.read_text().replace("80", "81"))
        with pytest.raises(ModelRefused, match=r"87 columns|expected width 87"):
            models()[name].load(folder)


@pytest.mark.parametrize("name", ["most_frequent", "nearest_neighbours", "random_forest"])
def test_a_class_without_training_rows_is_refused(name, toy):
    with pytest.raises(BadInput, match=r"all of 4 classes, found no \[3\]"):
        fit(toy, name, "classification", n_classes=4)


def test_settings_that_cannot_be_are_refused(toy):
    known = models()
    classes, free = toy.training(), toy.training("unsupervised", ("curve",))
    with pytest.raises(Unsupported, match=r"100 members or fewer \(time grows.*found 120"):
        known["gaussian_process"].train(classes, most_members=100)
    with pytest.raises(BadInput, match="1 to 120, as many as rows, found 121"):
        known["nearest_neighbours"].train(classes, neighbours=121)
    with pytest.raises(BadInput, match="no more than rows or columns, found 99"):
        known["pca"].train(free, components=99)
    with pytest.raises(BadInput, match="least <= most"):
        known["nmfk"].train(free, least=5, most=4)
    with pytest.raises(WrongUse, match="mean or median"):
        known["typical_value"].train(toy.training("regression"), value="mode")
    below = {"curve": -free.inputs["curve"]}
    with pytest.raises(BadInput, match="values of 0 or more, found 9600 of 9600 below 0"):
        known["nmf"].train(replace(free, inputs=below))
    two = np.zeros((120, 2))
    data = replace(toy.training("regression"), targets=two, validation_targets=np.zeros((45, 2)))
    with pytest.raises(Unsupported, match="one value per member"):
        known["hist_gradient_boosting"].train(data)
