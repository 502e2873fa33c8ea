"""Every network beats a naive answer, repeats itself, and answers alike after it was saved."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from registry.errors import BadInput, ModelRefused, Unsupported
from training.models import Ragged, Training, Values, models, take

SHORT = {"epochs": 8, "patience": 8}
GRAPH = {"epochs": 30, "width": 16, "steps": 2, "radial": 10, "learning_rate": 1e-2}
CASES = {
    ("mlp", "classification"): SHORT,
    ("mlp", "regression"): {"epochs": 20},
    ("cnn1d", "classification"): {**SHORT, "hidden": 16},
    ("cnn1d", "regression"): {**SHORT, "hidden": 16},
    ("resnet1d", "classification"): {"epochs": 5, "channels": 8, "strain": 0.0},
    ("resnet1d", "regression"): {"epochs": 8, "channels": 4},
    ("fusion", "classification"): {**SHORT, "hidden": 16},
    ("fusion", "regression"): {**SHORT, "hidden": 16, "fusion": "attention"},
    ("transformer", "classification"): {"epochs": 30, "width": 16, "depth": 1, "hide": 0.0},
    ("transformer", "regression"): {"epochs": 20, "width": 16, "depth": 1, "hide": 0.0},
    ("autoencoder", "unsupervised"): {"epochs": 80, "hidden": 64},
    ("variational_autoencoder", "unsupervised"): {"epochs": 60, "hidden": 64},
    ("gan", "unsupervised"): {"epochs": 10, "hidden": 32},
    ("unet1d", "regression"): {"epochs": 8, "channels": 8, "depth": 2},
    ("unet2d", "regression"): {"epochs": 12, "channels": 8, "depth": 1},
    ("cgcnn", "classification"): {**GRAPH, "epochs": 15},
    ("cgcnn", "regression"): GRAPH,
    ("equivariant", "classification"): {**GRAPH, "epochs": 15, "radial": 6},
    ("equivariant", "regression"): {**GRAPH, "radial": 6},
    ("message_passing", "classification"): {**GRAPH, "epochs": 15},
    ("message_passing", "regression"): GRAPH,
}
GAPS = {"fusion", "transformer"}
MAKERS = {"unet1d": "curves_to_curves", "unet2d": "maps_to_maps"}
MAKERS |= dict.fromkeys(("cgcnn", "message_passing"), "crystals")
MAKERS["equivariant"] = "pointing_crystals"


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request, toy, problems):
    if request.param[0] == "equivariant":
        pytest.importorskip("e3nn", reason="e3nn is not installed (extra: graphs)")
    return Case(*request.param, toy, problems)


class Case:
    """A model, its task, data to learn from and unseen data."""

    def __init__(self, name: str, task: str, toy, problems) -> None:
        self.model, self.task, self.settings = models()[name], task, CASES[name, task]
        if name in MAKERS:
            make = getattr(problems, MAKERS[name])
            kinds = {"classes": task == "classification"} if name not in GAPS | {"unet1d"} else {}
            kinds = kinds if "crystals" in MAKERS[name] else {}
            self.data = problems.training(make, task, **kinds)
            self.unseen, self.truth = make(2, 90, **kinds)
        else:
            names = toy.names_for(self.model)
            self.data = toy.training(task, names)
            inputs, labels, places = toy.sample(2, 90)
            self.unseen = {n: inputs[n] for n in names}
            self.truth = labels if task == "classification" else places
        self.fitted = self.fit()

    def fit(self, **changes):
        return self.model.train(replace(self.data, **changes), **self.settings)

    def said(self, fitted, inputs=None) -> np.ndarray:
        given = self.unseen if inputs is None else inputs
        if self.task == "classification":
            return fitted.probabilities(given)
        return fitted.predict(given).mean if self.task == "regression" else fitted.encode(given)


def test_every_task_of_every_network_is_tried():
    named = {name for name, _ in CASES}
    assert set(CASES) == {(name, task) for name in named for task in models()[name].tasks}


def test_it_learns_what_can_be_learnt_better_than_a_naive_answer(case):
    found = case.said(case.fitted)
    if case.task == "classification":
        assert found.sum(axis=1) == pytest.approx(1.0)
        assert (found.argmax(axis=1) == case.truth).mean() > 0.85
    elif case.task == "regression":
        truth = case.truth.reshape(90, -1)
        naive = ((truth - case.data.values.mean(axis=0)) ** 2).mean()
        assert found.shape == truth.shape
        assert ((found - truth) ** 2).mean() < 0.25 * naive
    else:
        rows = np.concatenate([case.unseen[n] for n in sorted(case.unseen)], axis=1)
        assert case.fitted.decode(found).shape == rows.shape
        left = ((rows - case.fitted.decode(found)) ** 2).sum()
        share = left / ((rows - rows.mean(axis=0)) ** 2).sum()
        assert share < (1.5 if case.model.name == "gan" else 0.4)


def test_the_same_seed_gives_the_same_model_and_nothing_else_changes(case):
    before, copies = torch.get_rng_state(), pickle.dumps(case.data.inputs)
    again = case.fit()
    assert np.array_equal(case.said(again), case.said(case.fitted))
    assert torch.equal(torch.get_rng_state(), before)
    assert pickle.dumps(case.data.inputs) == copies


def test_what_was_saved_answers_alike_bit_by_bit(case, tmp_path):
    case.fitted.save(tmp_path)
    loaded = case.model.load(tmp_path)
    assert np.array_equal(case.said(loaded), case.said(case.fitted))
    assert loaded.n_parameters() == case.fitted.n_parameters() > 0


def narrower(value):
    if isinstance(value, Ragged):
        return Ragged(np.ascontiguousarray(value.values[:, 1:]), value.offsets)
    return value[..., 1:]


def test_other_inputs_than_those_it_was_fitted_on_are_refused(case):
    first = next(iter(case.unseen))
    for wrong in (
        {n: narrower(v) for n, v in case.unseen.items()},
        {f"{n}s": v for n, v in case.unseen.items()},
        {**case.unseen, "more": case.unseen[first]},
    ):
        with pytest.raises(BadInput, match="blocks of widths"):
            case.said(case.fitted, wrong)


def with_gap(value, row: int):
    if isinstance(value, Ragged):
        values = value.values.copy()
        values[value.offsets[row]] = np.nan
        return Ragged(values, value.offsets)
    found = value.copy()
    found[row] = np.nan
    return found


def test_a_gap_is_answered_or_refused_as_the_model_declares(case):
    first = next(iter(case.unseen))
    gap = {**case.unseen, first: with_gap(case.unseen[first], 4)}
    if case.model.missing:
        assert np.isfinite(case.said(case.fitted, gap)).all()
        alone = {n: with_gap(v, 4) for n, v in case.unseen.items()}
        with pytest.raises(BadInput, match="1 of 90 without any"):
            case.said(case.fitted, alone)
    else:
        with pytest.raises(BadInput, match=f"'{first}'.*found 1 of"):
            case.said(case.fitted, gap)
        with pytest.raises(BadInput, match=f"'{first}'.*found 1 of"):
            case.fit(inputs={**case.data.inputs, first: with_gap(case.data.inputs[first], 4)})


def test_a_planted_pickle_or_another_shape_is_refused(case, tmp_path):
    case.fitted.save(tmp_path)
    about = json.loads((tmp_path / "network.json").read_text())
    other = {**about, "algorithm": "other"}
    larger = {**about, "n_targets": about["n_targets"] + 7, "shapes": {"x": [3, 3, 3]}}
    for wrong in (other, larger, {**about, "more": 1}, {**about, "options": {}}, []):
        (tmp_path / "network.json").write_text(json.dumps(wrong))
        with pytest.raises(ModelRefused, match="not a network that was saved here"):
            case.model.load(tmp_path)
    (tmp_path / "network.json").write_text(json.dumps(about))
    (tmp_path / "weights.safetensors").write_bytes(pickle.dumps(Path(tmp_path)))
    with pytest.raises(ModelRefused):
        case.model.load(tmp_path)


def test_going_on_from_a_parent_begins_where_it_was(case):
    still = {**case.settings, "epochs": 1, "batch": 999, "learning_rate": 1e-12, "patience": 1}
    same = case.model.train(replace(case.data, start=case.fitted), **still)
    assert np.abs(case.said(same) - case.said(case.fitted)).mean() < 0.2


@pytest.mark.parametrize("name", ["mlp", "unet2d", "cgcnn"])
def test_another_form_of_input_is_refused(name, problems):
    takes = {"mlp": "maps_to_maps", "unet2d": "curves_to_curves", "cgcnn": "curves_to_curves"}
    data: Training = problems.training(getattr(problems, takes[name]), sizes=(20, 10))
    with pytest.raises(Unsupported, match=f"model {name}: .*input"):
        models()[name].train(data)


def test_edges_that_cannot_be_are_refused(problems):
    data = problems.training(problems.crystals, sizes=(20, 10))
    values = data.inputs["graph"].values.copy()
    values[0, 1] = 77
    wrong = {"graph": Ragged(values, data.inputs["graph"].offsets)}
    with pytest.raises(BadInput, match=r"crystal graph.*1 of"):
        models()["cgcnn"].train(replace(data, inputs=wrong))


def test_members_are_answered_alike_alone_and_among_others(case):
    rows = np.array([5, 17, 60])
    few, all_ = case.said(case.fitted, take(case.unseen, rows)), case.said(case.fitted)
    assert few == pytest.approx(all_[rows], abs=1e-4)


def test_values_are_values(case):
    if case.task == "regression":
        assert isinstance(case.fitted.predict(case.unseen), Values)
