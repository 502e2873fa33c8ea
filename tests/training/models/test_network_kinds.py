"""What is particular to a kind of network, against another implementation or a planted truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from registry.errors import BadInput, WrongUse
from training.models import Ragged, Training, models
from training.models._batches import tensors
from training.models._graphs import CrystalConvolution, Elements, graph_of


def rings(seed: int, n: int) -> np.ndarray:
    """Points on a noisy ring in 2 of 6 columns; no normal distribution is one."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    rows = 0.1 * rng.normal(size=(n, 6))
    rows[:, 0] += 2 * np.cos(angle)
    rows[:, 1] += 2 * np.sin(angle)
    return rows.astype(np.float32)


def two_sample(real: np.ndarray, made: np.ndarray) -> float:
    """Leave-one-out accuracy of the nearest neighbour at telling made from real; 0.5 is best."""
    both = np.concatenate([real, made]).astype(float)
    distance = ((both[:, None] - both[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    side = np.repeat([0, 1], [len(real), len(made)])
    return float((side[distance.argmin(axis=1)] == side).mean())


@pytest.mark.parametrize(
    ("name", "settings", "best"),
    [
        ("gan", {"hidden": 64, "epochs": 90, "batch": 64, "learning_rate": 5e-3}, 0.85),
        ("variational_autoencoder", {"hidden": 64, "codes": 2, "epochs": 80, "beta": 0.5}, 0.85),
    ],
)
def test_what_is_generated_is_hard_to_tell_from_what_is_real(name, settings, best):
    rows = rings(0, 1000)
    data = Training({"x": rows[:800]}, None, {"x": rows[800:]}, None, task="unsupervised")
    fitted = models()[name].train(data, **settings)
    made = fitted.generate(300, seed=1)
    assert np.array_equal(made, fitted.generate(300, seed=1))
    assert not np.array_equal(made, fitted.generate(300, seed=2))
    real = rings(5, 300)
    rng = np.random.default_rng(0)
    naive = rng.multivariate_normal(rows.mean(axis=0), np.cov(rows.T), 300)
    found = two_sample(real, made)
    assert found < best
    radius = [np.hypot(*side[:, :2].T) for side in (real, made, naive)]
    off = [abs((r < 1.2).mean() - (radius[0] < 1.2).mean()) for r in radius]
    assert off[1] < 0.5 * off[2]  # the hole of the ring stays empty


def test_an_autoencoder_does_not_pretend_to_generate(toy):
    fitted = models()["autoencoder"].train(toy.training("unsupervised"), epochs=1)
    with pytest.raises(WrongUse, match="generative"):
        fitted.generate(3)
    with pytest.raises(BadInput, match=r"codes: expected shape \(n, 8\)"):
        fitted.decode(np.zeros((2, 3), np.float32))


def halves(seed: int, n: int) -> tuple[dict, np.ndarray]:
    """Two blocks that each know half of the answer."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n, 3)).astype(np.float32)
    return {"a": a, "b": b}, (a[:, 0] + b[:, 0]).astype(float)


def without(inputs: dict, name: str, share: float, seed: int = 0) -> dict:
    gone = np.random.default_rng(seed).random(len(inputs[name])) < share
    return {**inputs, name: np.where(gone[:, None], np.float32(np.nan), inputs[name])}


@pytest.mark.parametrize("how", ["early", "intermediate", "late", "attention", "transformer"])
def test_members_that_lack_a_modality_are_learnt_from_and_answered_from_the_other(how):
    (inputs, y), (other, w), (unseen, truth) = halves(0, 500), halves(1, 100), halves(2, 300)
    gaps = without(without(inputs, "a", 0.3), "b", 0.0)
    data = Training(gaps, y, without(other, "a", 0.3), w, task="regression")
    if how == "transformer":
        quick = {"width": 16, "depth": 1, "epochs": 40, "tokens": 3, "learning_rate": 5e-3}
        fitted = models()["transformer"].train(data, **quick)
    else:
        fitted = models()["fusion"].train(data, fusion=how, hidden=32, dropout=0.1)

    def error(given: dict) -> float:
        return float(((fitted.predict(given).mean[:, 0] - truth) ** 2).mean() / truth.var())

    # of two equal halves one that is unknown leaves half of the variance
    only_b = error(without(unseen, "a", 1.1))
    assert 0.45 < only_b < 0.75
    assert error(unseen) < (0.45 if how in {"late", "attention"} else 0.2)


def told_twice(seed: int, n: int) -> tuple[dict, np.ndarray]:
    """What is to be predicted, told clearly by one input and dimly by the other."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, 1))
    noise = {"a": 0.1, "b": 1.0}
    inputs = {n_: y + spread * rng.normal(size=(n, 6)) for n_, spread in noise.items()}
    return {name: block.astype(np.float32) for name, block in inputs.items()}, y[:, 0]


@pytest.mark.parametrize("how", ["early", "intermediate", "late", "attention", "transformer"])
def test_inputs_hidden_while_training_teach_to_do_without_what_everybody_had(how):
    (inputs, y), (other, w), (unseen, truth) = (
        told_twice(seed, n) for seed, n in enumerate((400, 100, 300))
    )
    data = Training(inputs, y, other, w, task="regression")
    quick = {"epochs": 12, "patience": 12, "learning_rate": 5e-3, "dropout": 0.0}
    if how == "transformer":
        name, quick = how, {**quick, "width": 16, "depth": 1, "tokens": 3}
    else:
        name, quick = "fusion", {**quick, "fusion": how, "hidden": 32}

    def error(hide: float) -> float:
        fitted = models()[name].train(data, **quick, hide=hide)
        said = fitted.predict(without(unseen, "a", 1.1)).mean[:, 0]
        return float(((said - truth) ** 2).mean() / truth.var())

    hidden = error(0.4)
    assert hidden < 0.5
    assert hidden < 0.7 * error(0.0)


def test_an_input_that_nobody_has_is_refused():
    inputs, y = halves(0, 40)
    data = Training(without(inputs, "a", 1.1), y, inputs, y, task="regression")
    with pytest.raises(BadInput, match="'a': expected it in some members"):
        models()["fusion"].train(data)


def test_a_fusion_that_does_not_exist_is_named(toy):
    with pytest.raises(WrongUse, match="early, intermediate, late, attention"):
        models()["fusion"].train(toy.training(), fusion="cold")


def test_a_crystal_convolution_is_the_sum_written_out(problems):
    inputs, _ = problems.crystals(0, 3)
    graph = graph_of(tensors(inputs)["graph"])
    torch.manual_seed(0)
    step = CrystalConvolution(4, 2).eval()
    sites, edges = torch.randn(len(graph.charge), 4), torch.rand(len(graph.centre), 2)
    with torch.no_grad():
        found = step(sites, edges, graph)
        told = torch.zeros_like(sites)
        for edge, (i, j) in enumerate(zip(graph.centre, graph.neighbour, strict=True)):
            z = torch.cat([sites[i], sites[j], edges[edge]])[None]
            f, s = step.inner(step.both(z))[0].split(4)
            told[i] += torch.sigmoid(f) * torch.log1p(torch.exp(s))
        expected = torch.log1p(torch.exp(sites + step.outer(told)))
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-5)


def test_a_mixed_site_lies_between_its_elements():
    torch.manual_seed(0)
    elements = Elements(5)
    iron, cobalt, mixed = elements(torch.tensor([26.0, 27.0, 26.25]))
    assert torch.allclose(mixed, 0.75 * iron + 0.25 * cobalt)


@pytest.mark.parametrize("name", ["cgcnn", "message_passing"])
def test_the_order_of_sites_and_edges_and_larger_cells_change_nothing(name, problems):
    data = problems.training(problems.crystals, sizes=(40, 20))
    fitted = models()[name].train(data, epochs=2, width=8, steps=2, radial=5)
    graph = data.inputs["graph"]
    rng = np.random.default_rng(0)
    shuffled, doubled, ends = [], [], []
    for first, last in zip(graph.offsets, graph.offsets[1:], strict=False):
        rows = graph.values[first:last].copy()
        n = int(rows[:, 0].max()) + 1
        again = rows.copy()
        again[:, :2] += n
        doubled.append(np.concatenate([rows, again]))
        rows[:, :2] = rng.permutation(n)[rows[:, :2].astype(int)]
        shuffled.append(rng.permutation(rows))
        ends.append(last - first)
    offsets = np.concatenate([[0], np.cumsum(ends)])
    expected = fitted.predict(data.inputs).mean
    for pieces, places in ((shuffled, offsets), (doubled, 2 * offsets)):
        same = {"graph": Ragged(np.concatenate(pieces), places)}
        assert fitted.predict(same).mean == pytest.approx(expected, abs=1e-4)


def test_a_net_for_curves_removes_noise_better_than_smoothing(problems):
    from scipy.signal import savgol_filter

    data = problems.training(problems.curves_to_curves, sizes=(400, 80))
    fitted = models()["unet1d"].train(data, epochs=25, channels=8, depth=2)
    noisy, clean = problems.curves_to_curves(2, 100)
    smooth = min(
        ((savgol_filter(noisy["curve"], width, 2, axis=1) - clean) ** 2).mean()
        for width in (5, 7, 9, 11, 13)
    )
    assert ((fitted.predict(noisy).mean - clean) ** 2).mean() < 0.8 * smooth


def test_a_net_for_curves_gives_as_many_points_as_the_targets_have(problems):
    data = problems.training(problems.curves_to_curves, sizes=(40, 20))
    half = replace(
        data, targets=data.values[:, ::2], validation_targets=data.validation_values[:, ::2]
    )
    found = models()["unet1d"].train(half, epochs=1, deviation="gaussian").predict(data.inputs)
    assert found.mean.shape == found.deviation.shape == (40, 24)
    maps = problems.training(problems.maps_to_maps, sizes=(20, 10))
    short = replace(maps, targets=maps.values[:, :5], validation_targets=maps.values[:10, :5])
    with pytest.raises(BadInput, match="unet2d: targets: expected maps of shape"):
        models()["unet2d"].train(short)


def test_curves_of_a_regression_are_not_varied_unless_asked(toy):
    from training.models._variations import VARIATIONS, variations

    data = toy.training("regression", ("curve",))
    assert variations(data, VARIATIONS) == {}
    assert set(variations(data, {**VARIATIONS, "noise": 0.5})) == {"curve"}
    assert variations(toy.training(names=("curve",)), VARIATIONS)["curve"].strain == 0.07
    assert variations(toy.training(names=("vector",)), VARIATIONS) == {}
