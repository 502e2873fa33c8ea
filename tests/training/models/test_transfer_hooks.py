"""Going on from a parent: what stays, what learns when and how fast, and domains aligned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from registry.errors import BadInput, WrongUse
from training.models import Training, models
from training.models._network import Network
from training.models._run import Run, running
from training.models._schedule import Schedule
from training.models._transfer import coral, frozen_at, groups, reverse_gradient

SMALL = {"hidden": 16, "epochs": 12, "dropout": 0.0}


def weights(fitted) -> dict[str, torch.Tensor]:
    return dict(fitted.network.named_parameters())


@pytest.fixture(scope="module")
def parent(toy):
    return models()["cnn1d"].train(toy.training(names=("curve",)), **SMALL)


def test_what_is_frozen_stays_and_so_do_the_statistics_beside_it(toy, parent):
    data = replace(toy.training(names=("curve",), seed=1), start=parent)
    child = models()["cnn1d"].train(data, **SMALL, freeze=["body."])
    for name, value in child.network.state_dict().items():
        assert torch.equal(value, parent.network.state_dict()[name]) != name.startswith("head."), (
            name
        )
    assert child.n_parameters() == parent.n_parameters()
    for wrong in (["tail."], ["body.", "head."]):
        with pytest.raises(WrongUse, match="freeze"):
            models()["cnn1d"].train(data, **SMALL, freeze=wrong)


def test_a_head_for_other_targets_starts_anew_on_the_parents_features(toy, parent):
    data = replace(toy.training("regression", ("curve",)), start=parent)
    longer = {**SMALL, "epochs": 80, "patience": 80, "learning_rate": 2e-2}
    child = models()["cnn1d"].train(data, **longer, freeze=["body."])
    assert torch.equal(weights(child)["body.1.weight"], weights(parent)["body.1.weight"])
    inputs, _, places = toy.sample(2, 90)
    found = child.predict({"curve": inputs["curve"]}).mean[:, 0]
    assert np.abs(found - places).mean() < 0.5 * np.abs(places - places.mean()).mean()


def test_a_parent_that_does_not_fit_is_refused(toy, parent):
    data = toy.training(names=("curve",))
    with pytest.raises(BadInput, match="parent: expected options"):
        models()["cnn1d"].train(replace(data, start=parent), **{**SMALL, "hidden": 8})
    with pytest.raises(BadInput, match="expected a fitted mlp"):
        models()["mlp"].train(replace(data, start=parent))
    narrow = {"curve": data.inputs["curve"][:, :70]}
    short = replace(data, inputs=narrow, validation_inputs=narrow)
    short = replace(short, validation_targets=data.targets)
    with pytest.raises(BadInput, match="parent: expected shapes"):
        models()["cnn1d"].train(replace(short, start=parent), **SMALL)


def test_a_parent_helps_where_there_is_little_to_learn_from(toy, parent):
    data = toy.training(names=("curve",))
    few = replace(data, inputs={"curve": data.inputs["curve"][:3]}, targets=data.targets[:3])
    quick = {**SMALL, "epochs": 2, "learning_rate": 1e-4}
    inputs, labels, _ = toy.sample(2, 90)
    right = [
        (m.probabilities({"curve": inputs["curve"]}).argmax(axis=1) == labels).mean()
        for m in (models()["cnn1d"].train(replace(few, start=s), **quick) for s in (None, parent))
    ]
    assert right[0] < 0.7
    assert right[1] > 0.95


def test_layers_learn_one_after_the_other_from_the_head_down(parent):
    network = parent.network
    assert isinstance(network, Network)
    layers = network.layers()
    assert layers[-1] == "head.1."
    plan = Schedule(unfreeze_every=2)
    assert frozen_at(network, plan, 0) == tuple(layers[:-1])
    assert frozen_at(network, plan, 3) == tuple(layers[:-2])
    assert frozen_at(network, plan, 2 * len(layers)) == ()
    kept = Schedule(unfreeze_every=1, freeze=(layers[0],))
    assert frozen_at(network, kept, 99) == (layers[0],)


def test_with_unfreezing_only_the_head_learns_at_first(toy, parent):
    data = replace(toy.training(names=("curve",), seed=1), start=parent)
    settings = {**SMALL, "epochs": 2, "unfreeze_every": 5}
    child = models()["cnn1d"].train(data, **settings)
    changed = {n for n, w in weights(child).items() if not torch.equal(w, weights(parent)[n])}
    assert changed == {"head.1.weight", "head.1.bias"}


def test_rates_fall_with_the_depth(parent):
    found = groups(parent.network, Schedule(learning_rate=0.1, rate_decay=0.5))
    assert [group["lr"] for group in found] == [0.1 * 0.5**i for i in range(len(found))]
    everything = {id(p) for group in found for p in group["params"]}
    assert everything == {id(p) for p in parent.network.parameters()}


def test_coral_is_the_distance_of_the_covariances():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(50, 4)), rng.normal(size=(70, 4)) @ np.diag([1, 2, 3, 4.0])
    distance = np.linalg.norm(np.cov(one.T) - np.cov(other.T), "fro") ** 2 / (4 * 4**2)
    assert float(coral(torch.tensor(one), torch.tensor(other))) == pytest.approx(distance)


def test_a_reversed_gradient_is_reversed_and_the_value_is_not():
    x = torch.tensor([2.0], requires_grad=True)
    y = reverse_gradient(x, 0.5)
    (3 * y).backward()
    assert (y.item(), x.grad.item()) == (2.0, -1.5)


def domains() -> tuple[Training, dict, np.ndarray]:
    """Two classes; in the other domain a column is switched on that says which domain it is."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    x = rng.normal(size=(600, 6))
    x[:, 0] += 2.0 * y - 1
    x[:, 1] += 2.0 * y - 1
    other = x[300:].copy()
    other[:, 1] = rng.normal(size=300) * 3 + 4  # says nothing there, and lies elsewhere
    x32, far = x.astype(np.float32), other.astype(np.float32)
    sides = ({"x": x32[:200]}, y[:200], {"x": x32[200:300]}, y[200:300])
    return Training(*sides, 2), {"x": far}, y[300:]


@pytest.fixture(scope="module")
def adapted():
    data, far, truth = domains()
    found = {}
    for align, weight in (("none", 1.0), ("coral", 10.0), ("dann", 10.0)):
        given = data if align == "none" else replace(data, unlabelled=far)
        settings = {"epochs": 60, "patience": 60, "hidden": 16, "dropout": 0.0}
        fitted = models()["mlp"].train(given, **settings, align=align, align_weight=weight)
        found[align] = fitted
    return found, data, far, truth


def test_aligned_covariances_are_nearer(adapted):
    found, data, far, _ = adapted

    def distance(fitted) -> float:
        rows = ({"x": torch.from_numpy(x)} for x in (data.inputs["x"], far["x"]))
        with torch.no_grad():
            return float(coral(*(fitted.network.features(side) for side in rows)))

    assert distance(found["coral"]) < 0.5 * distance(found["none"])


def test_a_classifier_deceived_about_domains_is_right_in_the_other(adapted):
    found, _, far, truth = adapted
    right = {n: (m.probabilities(far).argmax(axis=1) == truth).mean() for n, m in found.items()}
    assert right["none"] < 0.65
    assert right["dann"] > right["none"] + 0.15


def test_unlabelled_inputs_and_the_setting_belong_together():
    data, far, _ = domains()
    with pytest.raises(WrongUse, match="coral or dann"):
        models()["mlp"].train(replace(data, unlabelled=far), epochs=1)
    with pytest.raises(BadInput, match="blocks of widths"):
        models()["mlp"].train(
            replace(data, unlabelled={"x": far["x"][:, 1:]}), epochs=1, align="coral"
        )


def test_progress_of_a_child_is_told_like_that_of_any_fit(toy, parent):
    told: list[int] = []
    data = replace(toy.training(names=("curve",)), start=parent)
    with running(Run(on_epoch=lambda epoch, _: told.append(epoch))):
        models()["cnn1d"].train(data, **{**SMALL, "epochs": 3})
    assert told == [0, 1, 2]
