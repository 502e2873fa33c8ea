"""Models against scikit-learn used directly, closed forms and what was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from training.models import Training, models
from training.models._neighbours import unit_rows
from training.models.nmfk import Trial, choose


def rows_of(toy, seed: int, n: int, names=("curve", "vector")) -> np.ndarray:
    inputs, *_ = toy.sample(seed, n)
    return np.concatenate([inputs[name] for name in names], axis=1)


def test_the_forest_is_that_of_scikit_learn(toy):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    inputs, *_ = toy.sample(2, 90)
    train, test = rows_of(toy, 0, 120), rows_of(toy, 2, 90)
    options = {"n_estimators": 30, "max_features": 0.1, "min_samples_leaf": 2, "random_state": 0}
    data = toy.training()
    plain = RandomForestClassifier(class_weight="balanced", **options).fit(train, data.labels)
    found = models()["random_forest"].train(data, trees=30).probabilities(inputs)
    assert np.array_equal(found, plain.predict_proba(test))
    data = toy.training("regression")
    plain = RandomForestRegressor(**options).fit(train, data.targets)
    found = models()["random_forest"].train(data, trees=30).predict(inputs)
    assert found.mean[:, 0] == pytest.approx(plain.predict(test), rel=1e-12)
    trees = np.stack([tree.predict(test) for tree in plain.estimators_])
    assert found.deviation[:, 0] == pytest.approx(trees.std(axis=0))


@pytest.mark.parametrize("by_distance", [False, True])
def test_neighbours_are_those_of_scikit_learn(toy, by_distance):
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    inputs, *_ = toy.sample(2, 90)
    options = {
        "n_neighbors": 7,
        "metric": "cosine",
        "algorithm": "brute",
        "weights": "distance" if by_distance else "uniform",
    }
    settings = {"neighbours": 7, "by_distance": by_distance}
    data = toy.training()
    fitted = models()["nearest_neighbours"].train(data, **settings)
    train, test = (unit_rows(fitted.layout, x).astype(float) for x in (data.inputs, inputs))
    plain = KNeighborsClassifier(**options).fit(train, data.labels)
    assert fitted.probabilities(inputs) == pytest.approx(plain.predict_proba(test), abs=1e-4)
    data = toy.training("regression")
    fitted = models()["nearest_neighbours"].train(data, **settings)
    plain = KNeighborsRegressor(**options).fit(train, data.targets)
    found = fitted.predict(inputs)
    assert found.mean[:, 0] == pytest.approx(plain.predict(test), abs=1e-6)
    if not by_distance:
        near = plain.kneighbors(test, return_distance=False)
        spread = np.asarray(data.targets)[near].std(axis=1)
        assert found.deviation[:, 0] == pytest.approx(spread, abs=1e-6)


def test_every_block_counts_alike_for_neighbours_whatever_its_scale(toy):
    data = toy.training()
    larger = {**data.inputs, "vector": 1000 * data.inputs["vector"]}
    inputs, *_ = toy.sample(2, 90)
    model = models()["nearest_neighbours"]
    one = model.train(data).probabilities(inputs)
    other = model.train(replace(data, inputs=larger)).probabilities(
        {**inputs, "vector": 1000 * inputs["vector"]}
    )
    assert other == pytest.approx(one, abs=1e-4)


def line(n: int, seed: int) -> tuple[dict, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (n, 1)).astype(np.float32)
    return {"x": x}, np.sin(2 * x[:, 0].astype(float)) + 0.1 * rng.normal(size=n)


def test_a_gaussian_process_finds_the_noise_and_says_where_it_knows_nothing():
    (x, y), (v, w) = line(120, 0), line(40, 1)
    fitted = models()["gaussian_process"].train(Training(x, y, v, w, task="regression"))
    asked = {"x": np.array([[0.3], [-1.2], [30.0]], dtype=np.float32)}
    found = fitted.predict(asked)
    assert found.mean[:2, 0] == pytest.approx(np.sin([0.6, -2.4]), abs=0.08)
    assert found.deviation[:2, 0] == pytest.approx(0.1, rel=0.35)
    assert found.deviation[2, 0] > 0.5


def test_members_that_weigh_nothing_are_not_learnt_from():
    rng = np.random.default_rng(0)
    x = rng.random((200, 4), dtype=np.float32)
    y = np.where(np.arange(200) % 2, 1.0, 100.0)
    weights = (np.arange(200) % 2).astype(float)
    side = ({"x": x}, y, {"x": x[1::2]}, y[1::2])
    data = Training(*side, task="regression", weights=weights)
    for name in ("random_forest", "typical_value"):
        found = models()[name].train(data).predict({"x": x})
        assert found.mean == pytest.approx(1.0)


def test_principal_components_are_those_of_the_singular_value_decomposition(toy):
    rows = rows_of(toy, 0, 120)
    fitted = models()["pca"].train(toy.training("unsupervised"), components=4)
    centred = rows.astype(float) - rows.mean(axis=0, dtype=float)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    assert np.abs(np.diag(fitted.arrays["components"] @ axes[:4].T)) == pytest.approx(1.0)
    assert fitted.arrays["variance"] == pytest.approx(values[:4] ** 2 / 119)
    full = models()["pca"].train(toy.training("unsupervised"), components=86)
    inputs, *_ = toy.sample(3, 20)
    assert full.decode(full.encode(inputs)) == pytest.approx(rows_of(toy, 3, 20), abs=1e-4)


def test_factors_are_those_of_scikit_learn(toy):
    from sklearn.decomposition import NMF

    rows = rows_of(toy, 0, 120, ("curve",)).astype(float)
    plain = NMF(4, init="nndsvda", random_state=0, max_iter=1000).fit(rows)
    fitted = models()["nmf"].train(toy.training("unsupervised", ("curve",)), parts=4)
    assert fitted.arrays["parts"] == pytest.approx(plain.components_)
    inputs, *_ = toy.sample(2, 30)
    codes = fitted.encode({"curve": inputs["curve"]})
    assert codes.min() >= 0
    left = np.linalg.norm(inputs["curve"] - fitted.decode(codes))
    theirs = plain.transform(inputs["curve"].astype(float)) @ plain.components_
    assert left == pytest.approx(np.linalg.norm(inputs["curve"] - theirs), rel=1e-3)


def test_clusters_are_the_ones_that_were_planted(toy):
    inputs, labels, _ = toy.sample(2, 90)
    data = toy.training("unsupervised")
    for name, settings in (
        ("k_means", {"clusters": 3}),
        ("gaussian_mixture", {"components": 3, "most": 6}),
    ):
        fitted = models()[name].train(data, **settings)
        found = fitted.assign(inputs)
        counts = np.array([[(found[labels == i] == j).sum() for j in range(6)] for i in range(3)])
        rows, columns = linear_sum_assignment(counts, maximize=True)
        assert counts[rows, columns].sum() == 90
    assert fitted.arrays["shares"].shape == (3,)  # BIC finds three


def test_a_mixture_finds_the_gaussian_that_was_planted():
    rng = np.random.default_rng(0)
    factor = np.array([[2.0, 0.0], [1.0, 0.5]])
    rows = (rng.normal(size=(4000, 2)) @ factor.T + [3.0, -1.0]).astype(np.float32)
    data = Training({"x": rows}, None, {"x": rows[:9]}, None, task="unsupervised")
    settings = {"components": 2, "least": 1, "most": 1, "starts": 1}
    fitted = models()["gaussian_mixture"].train(data, **settings)
    from scipy.stats import multivariate_normal

    reference = multivariate_normal([3.0, -1.0], factor @ factor.T).logpdf(rows[:50])
    assert fitted.log_density({"x": rows[:50]}) == pytest.approx(reference, abs=0.15)
    assert fitted.decode(fitted.encode({"x": rows[:1]}))[0] == pytest.approx([3, -1], abs=0.12)


def mixed(k: int, seed: int, n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Patterns of k phases with overlapping peaks, in random mixtures, counted."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, 120)
    centres = rng.uniform(0.05, 0.95, (k, 5))
    heights = rng.uniform(0.3, 1.0, (k, 5))
    phases = (heights[:, :, None] * np.exp(-(((x - centres[:, :, None]) / 0.02) ** 2))).sum(axis=1)
    shares = rng.dirichlet(np.full(k, 0.5), n)
    counts = rng.poisson(500 * (shares @ phases)) / 500
    return counts.astype(np.float32), phases


@pytest.mark.parametrize(("k", "seed"), [(2, 0), (3, 1), (4, 2), (5, 3)])
def test_the_number_of_phases_that_was_planted_is_found_and_so_are_the_phases(k, seed):
    rows, phases = mixed(k, seed)
    data = Training({"x": rows}, None, {"x": rows[:5]}, None, task="unsupervised")
    fitted = models()["nmfk"].train(data, most=k + 2, repetitions=5, starts=2)
    parts = fitted.arrays["parts"]
    assert len(parts) == k, fitted.arrays
    like = parts @ (phases / np.linalg.norm(phases, axis=1, keepdims=True)).T
    assert like[linear_sum_assignment(like, maximize=True)].min() > 0.98
    assert fitted.arrays["tried"].tolist() == list(range(2, k + 3))


def test_nine_parts_of_the_measured_fe_ga_pd_patterns_are_stable(shared_data):
    """Nine is what Long et al. (Rev. Sci. Instrum. 80, 103902, 2009) took for these patterns."""
    file = shared_data / "xrd-combi-fegapd" / "FeGaPd_XRD.txt"
    patterns = np.loadtxt(file, delimiter=",")[1:]
    assert patterns.shape == (278, 551)
    rows = (patterns / patterns.max(axis=1, keepdims=True)).astype(np.float32)
    data = Training({"x": rows}, None, {"x": rows[:5]}, None, task="unsupervised")
    fitted = models()["nmfk"].train(data, least=9, most=9, repetitions=5, starts=2)
    assert fitted.arrays["silhouette"][0] > 0.95
    assert fitted.arrays["error"][0] < 0.25


def test_of_tight_numbers_the_last_that_still_explains_more_is_chosen():
    def trial(silhouette: float, error: float) -> Trial:
        return Trial(np.zeros((1, 1)), silhouette, error)

    assert choose([trial(1, 0.5), trial(0.9, 0.2), trial(0.2, 0.1)], 0.8) == 1
    assert choose([trial(1, 0.5), trial(0.9, 0.2), trial(0.95, 0.1999)], 0.8) == 1
    assert choose([trial(1, 0.5), trial(0.1, 0.4), trial(0.95, 0.1)], 0.8) == 2
    assert choose([trial(0.1, 0.5), trial(0.1, 0.4)], 0.8) == 0
