"""A search finds settings that learn, gives up hopeless trials and repeats itself."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from registry.errors import WrongUse
from training.models import models
from training.models._search import search

optuna = pytest.importorskip("optuna")


def test_a_learning_rate_that_learns_is_found_and_hopeless_trials_are_pruned(toy):
    data = toy.training()
    space = {"learning_rate": ("log", 1e-7, 1e-1), "hidden": ("whole", 4, 32)}
    found = search(models()["mlp"], data, space, trials=14, epochs=6)
    assert found.settings["learning_rate"] > 1e-4
    assert found.settings["epochs"] == 6
    assert found.loss == min(found.losses.values())
    assert found.pruned >= 1
    assert len(found.losses) + found.pruned == 14
    again = search(models()["mlp"], data, space, trials=14, epochs=6)
    assert again == found
    inputs, labels, _ = toy.sample(2, 90)
    fitted = models()["mlp"].train(data, **found.settings)
    assert (fitted.probabilities(inputs).argmax(axis=1) == labels).mean() > 0.9


def test_a_candidate_asks_for_a_search_by_a_setting(toy):
    data, model = toy.training(), models()["mlp"]
    fitted = model.train(data, search=5, epochs=4, weight_decay=0.0)
    space = importlib.import_module("training.models.mlp").NETWORK.space
    found = search(model, data, space, 5, epochs=4, weight_decay=0.0)
    assert {name: fitted.settings[name] for name in found.settings} == found.settings
    assert fitted.plan.options["hidden"] == found.settings["hidden"]
    assert min(e.validation for e in fitted.history) == pytest.approx(found.loss)
    child = model.train(replace(data, start=fitted), **{**fitted.settings, "search": 2})
    assert child.plan.options == fitted.plan.options
    assert child.settings["learning_rate"] != fitted.settings["learning_rate"]
    with pytest.raises(WrongUse, match="one trial or more"):
        model.train(data, search=-1)


def test_every_network_declares_a_space_of_its_own_settings(toy):
    for name, model in models().items():
        module = importlib.import_module(f"training.models.{name}")
        if hasattr(module, "NETWORK"):
            assert module.NETWORK.name == model.name == name
            assert set(module.NETWORK.space) <= set(model.settings)
            assert module.NETWORK.space


def test_what_cannot_be_searched_is_named(toy):
    with pytest.raises(WrongUse, match="leaves"):
        search(models()["mlp"], toy.training(), {"leaves": ("whole", 1, 2)})
    with pytest.raises(WrongUse, match="whole, real, log or one of"):
        search(models()["mlp"], toy.training(), {"hidden": ("some", 1, 2)})
