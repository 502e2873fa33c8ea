"""Every model there is refuses what cannot be learnt from, or answered, before it does anything."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from registry.errors import BadInput, Unsupported, WrongUse
from training.models import Ragged, Training, models, take

CHEAP = {
    "epochs": 1,
    "trees": 5,
    "iterations": 2,
    "least": 2,
    "most": 3,
    "repetitions": 2,
    "starts": 1,
    "components": 3,
    "clusters": 3,
    "parts": 3,
    "codes": 2,
    "channels": 4,
    "hidden": 8,
}
CASES = [(name, task) for name, model in models().items() for task in sorted(model.tasks)]
CLASSIFIED = [(name, task) for name, task in CASES if task == "classification"]
JUDGED = [(name, task) for name, task in CASES if task != "unsupervised"]


def data_for(name: str, task: str, toy, problems) -> Training:
    """Something that a model of this form can learn from."""
    model = models()[name]
    sizes = (60, 30)
    if model.ragged:
        kinds = {"classes": True} if task == "classification" else {}
        data = problems.training(problems.pointing_crystals, task, sizes=sizes, **kinds)
        width = import_module(f"training.models.{name}").NETWORK.widths[0]
        return replace(
            data,
            inputs=columns(data.inputs, slice(0, width)),
            validation_inputs=columns(data.validation_inputs, slice(0, width)),
        )
    if model.maps:
        return problems.training(problems.maps_to_maps, task, sizes=sizes)
    if name == "unet1d":
        return problems.training(problems.curves_to_curves, task, sizes=sizes)
    return toy.training(task, ("curve",) if model.min_inputs == 1 else ("curve", "vector"))


def columns(inputs, chosen):
    """Some columns of every input."""
    return {
        n: Ragged(np.ascontiguousarray(v.values[:, chosen]), v.offsets)
        if isinstance(v, Ragged)
        else v[..., chosen]
        for n, v in inputs.items()
    }


def settings_of(name: str) -> dict:
    return {n: v for n, v in CHEAP.items() if n in models()[name].settings}


def answer(fitted, task: str, inputs):
    if task == "classification":
        return fitted.probabilities(inputs)
    return fitted.predict(inputs) if task == "regression" else fitted.encode(inputs)


def never(*_, **__):
    raise AssertionError("it began to fit")


@pytest.fixture(params=JUDGED, ids="-".join)
def judged(request, toy, problems):
    """A model that must not come as far as fitting, and what it would have learnt from."""
    name, task = request.param
    return replace(models()[name], fit=never), task, data_for(name, task, toy, problems)


@pytest.mark.parametrize("judged", CLASSIFIED, ids="-".join, indirect=True)
def test_a_target_with_one_class_is_refused(judged):
    model, _, data = judged
    one = replace(data, targets=np.zeros_like(data.labels))
    with pytest.raises(
        BadInput, match=f"{model.name}: training side: expected two or more classes"
    ):
        model.train(one)


@pytest.mark.parametrize("side", ["targets", "validation_targets"])
def test_targets_that_are_no_number_are_refused(judged, side):
    model, task, data = judged
    targets = getattr(data, side).astype(np.float64)
    targets.reshape(len(targets), -1)[3, 0] = np.nan
    expected = "class numbers 0 to" if task == "classification" else "finite targets, found 1 of"
    with pytest.raises(BadInput, match=f"model {model.name}: .* side: expected {expected}"):
        model.train(replace(data, **{side: targets}))


def test_a_side_without_members_is_refused(judged):
    model, _, data = judged
    nobody = np.arange(0)
    for side, targets in (("inputs", "targets"), ("validation_inputs", "validation_targets")):
        empty = {side: take(getattr(data, side), nobody), targets: getattr(data, targets)[:0]}
        with pytest.raises(BadInput, match=f"{model.name}: .* side: expected at least one member"):
            model.train(replace(data, **empty))


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def fitted(request, toy, problems):
    name, task = request.param
    if name == "equivariant":
        pytest.importorskip("e3nn", reason="e3nn is not installed (extra: graphs)")
    data = data_for(name, task, toy, problems)
    return models()[name], task, data, models()[name].train(data, **settings_of(name))


def test_another_width_at_prediction_is_refused(fitted):
    _, task, data, model = fitted
    with pytest.raises(BadInput, match="blocks of widths"):
        answer(model, task, columns(data.validation_inputs, slice(1, None)))


def lacking_first(inputs):
    """The first input of the first two members is not there."""
    name, value = next(iter(inputs.items()))
    if isinstance(value, Ragged):
        cut = value.offsets[2]
        offsets = np.concatenate([[0, 0], value.offsets[2:] - cut])
        return name, {**inputs, name: Ragged(value.values[cut:], offsets)}
    gap = value.copy()
    gap[:2] = np.nan
    return name, {**inputs, name: gap}


def test_rows_that_lack_an_input_are_refused_or_taken_as_declared(fitted):
    declared, task, data, model = fitted
    name, inputs = lacking_first(data.validation_inputs)
    learnt_name, learnt = lacking_first(data.inputs)
    assert name == learnt_name
    if declared.missing and len(inputs) > 1:
        said = answer(model, task, inputs)
        assert np.isfinite(said if task == "classification" else said.mean).all()
    elif not declared.missing:
        with pytest.raises(BadInput, match=f"'{name}'.* found 2 of"):
            answer(model, task, inputs)
        spy = replace(declared, fit=never)
        with pytest.raises(BadInput, match=f"training side: input '{name}'.* found 2 of"):
            spy.train(replace(data, inputs=learnt))


def test_a_task_or_setting_that_it_does_not_have_is_refused(fitted):
    declared, _, data, _ = fitted
    for other in {"classification", "regression", "unsupervised"} - declared.tasks:
        with pytest.raises(Unsupported, match=f"{declared.name}: expected one of the tasks"):
            declared.train(replace(data, task=other))
    with pytest.raises(WrongUse, match=f"model {declared.name}: setting"):
        declared.train(data, no_such_setting=1)
