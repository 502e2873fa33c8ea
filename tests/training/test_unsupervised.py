"""Without a target: from the lake to a registered representation, its scores and its codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA

from features.store import FeatureStore
from registry.errors import BadInput, Unsupported
from registry.lake import Lake
from training.assembly import assemble
from training.comparison import compare
from training.datasets import Dataset
from training.definitions import DatasetDefinition, FeatureInput
from training.judging import answers_of
from training.latent import encode_materials, encode_spectra
from training.loading import load_model
from training.lookup import find_models, one_model
from training.predict import predict_material
from training.promotion import challenge
from training.report import draw_comparison, draw_test_side
from training.study import Candidate, Claim, Study
from training.tracking import client
from training.train import StudyResult, train_study

COMPONENTS = Candidate("pca", ("xrd",), {"components": 6})
FACTORS = Candidate("nmf", ("xrd",), {"parts": 6})
CLUSTERS = Candidate("k_means", ("xrd",), {"clusters": 3, "starts": 3})


def study_of(world) -> Study:
    return Study(
        name="parts",
        title="Parts of invented patterns",
        question="What are patterns made of?",
        dataset=DatasetDefinition("parts", (world.XRD,), target=None, task="unsupervised"),
        candidates=(COMPONENTS, FACTORS, CLUSTERS),
        claim=Claim("components beat clusters", COMPONENTS.key, (CLUSTERS.key,)),
        reference="none",
        seeds=(0,),
        metric="explained_variance",
        allowed_leaks=world.ALIKE,
    )


@pytest.fixture(scope="module")
def learnt(tmp_path_factory, world) -> tuple[Lake, StudyResult]:
    lake = Lake.open(tmp_path_factory.mktemp("parts") / "lake")
    world.fill(lake, 16)
    return lake, train_study(lake, study_of(world))


def sides(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    block = data.blocks["xrd"].astype(float)
    return block[data.rows("train")], block[data.rows("test")]


def share(test: np.ndarray, decoded: np.ndarray) -> float:
    return 1 - ((test - decoded) ** 2).sum() / ((test - test.mean(axis=0)) ** 2).sum()


def test_members_have_no_labels_and_every_side_has_some(learnt):
    lake, result = learnt
    assert {m.label for m in result.dataset.members} == {None}
    assert all(len(result.dataset.rows(side)) for side in ("train", "validation", "test"))
    row = lake.sql("SELECT target FROM datasets").to_pylist()[0]
    assert row["target"] is None


def test_the_score_is_the_share_of_the_variance_that_is_decoded(learnt):
    _, result = learnt
    train, test = sides(result.dataset)
    plain = PCA(6, svd_solver="full").fit(train)
    decoded = plain.inverse_transform(plain.transform(test))
    row = result.trained[0].row
    assert row["score_simulated"] == pytest.approx(share(test, decoded), abs=1e-5)
    assert result.trained[0].interval.value == pytest.approx(row["score_simulated"])


def test_baselines_are_the_mean_and_the_most_similar_training_member(learnt):
    _, result = learnt
    train, test = sides(result.dataset)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (train, test)]
    nearest = train[(unit[1] @ unit[0].T).argmax(axis=1)]
    for made in result.trained:
        assert made.row["baseline_naive"] == pytest.approx(share(test, train.mean(axis=0)))
        assert made.row["baseline_nearest"] == pytest.approx(share(test, nearest), abs=1e-5)
        assert made.row["control_shuffled"] < made.row["score_simulated"]


def test_the_best_on_the_validation_side_is_champion_and_the_claim_is_judged(learnt):
    lake, result = learnt
    rows = {made.candidate.key: made.row for made in result.trained}
    cards = {key: load_model(lake, "parts", row["version"]).card for key, row in rows.items()}
    best = max(cards, key=lambda key: cards[key].metrics["validation"][0])
    assert one_model(lake, "parts")["version"] == rows[best]["version"]
    assert result.verdict is not None
    assert result.verdict.outcome == "holds"
    assert find_models(lake)[0]["predicts"] is None
    assert [row["score"] for row in compare(lake, "parts")] == sorted(
        (row["score_simulated"] for row in rows.values()), reverse=True
    )


def test_a_challenger_is_compared_by_what_it_leaves_unexplained(learnt):
    lake, result = learnt
    rows = {made.candidate.key: made.row for made in result.trained}
    holder = one_model(lake, "parts")["version"]
    clusters = rows[CLUSTERS.key]["version"]
    decision = challenge(lake, client(lake), result.dataset, "parts", clusters)
    assert not decision.promote
    assert "difference in explained variance -" in decision.reason
    one, other = (answers_of(lake, r) for r in (rows[CLUSTERS.key], rows[COMPONENTS.key]))
    if rows[COMPONENTS.key]["version"] == holder:
        expected = one.interval().value - other.interval().value
        assert decision.interval.value == pytest.approx(expected, abs=1e-6)


def test_a_material_is_encoded_and_noted(learnt):
    lake, result = learnt
    entity = result.dataset.members[0].entity_id
    block = result.dataset.blocks["xrd"][:1]
    for made in result.trained:
        model = load_model(lake, "parts", made.row["version"])
        found = predict_material(lake, model, entity)
        codes = model.fitted.encode({"xrd": block})[0]
        assert found.codes == pytest.approx(codes.tolist())
        clustered = made.candidate == CLUSTERS
        assert found.value == (str(codes.argmax()) if clustered else None)
        query = "SELECT alternatives FROM predictions WHERE entity_id = $1 AND version = $2"
        row = lake.sql(query, [entity, made.row["version"]]).to_pylist()[0]
        parts = json.loads(row["alternatives"])
        assert parts["codes"] == pytest.approx(codes.tolist())
        left = ((block - model.fitted.decode(codes[None])) ** 2).sum()
        assert parts["residual"] == pytest.approx(left, rel=1e-4)


def test_codes_of_materials_are_a_feature_view_that_a_dataset_can_read(learnt, world):
    lake, result = learnt
    model = load_model(lake, "parts", result.trained[0].row["version"])
    made = encode_materials(lake, model)
    assert (made.encoded, made.refused, made.lacking) == (len(result.dataset.members), 0, 0)
    assert made.parameters["artifact_digest"] == model.row["artifact_digest"]
    assert encode_materials(lake, model).encoded == 0  # what has a code keeps it
    ids = [m.entity_id for m in result.dataset.members]
    codes, missing = FeatureStore(lake).matrix(made.view_id, ids)
    assert not missing.any()
    assert np.array_equal(codes, model.fitted.encode({"xrd": result.dataset.blocks["xrd"]}))
    (view,) = [v for v in FeatureStore(lake).views() if v.view_id == made.view_id]
    assert (view.name, view.width, view.parameters) == ("latent", 6, made.parameters)
    source = FeatureInput("codes", "latent", made.parameters)
    labelled = assemble(lake, DatasetDefinition("coded", (source,)))
    assert np.array_equal(labelled.blocks["codes"], codes)
    with pytest.raises(BadInput, match="artifact_digest, entity, model, version, found model"):
        FeatureInput("codes", "latent", {"model": "parts"}).identity()


def test_codes_of_spectra_are_kept_with_the_reason_where_there_is_none(learnt, world):
    lake, result = learnt
    short = world.curve(world.XRD, "nobody-0", np.linspace(2, 3, 9), np.ones(9), "experimental")
    lake.append("spectra", [short])
    model = load_model(lake, "parts", result.trained[0].row["version"])
    made = encode_spectra(lake, model)
    every = lake.sql("SELECT count(*) AS n FROM spectra WHERE technique = 'xrd'")["n"][0].as_py()
    assert (made.encoded, made.refused) == (every - 1, 1)
    with pytest.raises(Unsupported, match="does not cover the grid"):
        FeatureStore(lake).vector(made.view_id, short["spectrum_id"])
    member = result.dataset.members[3]
    found = FeatureStore(lake).vector(made.view_id, member.spectra[0])
    block = result.dataset.blocks["xrd"][3:4]
    assert found == pytest.approx(model.fitted.encode({"xrd": block})[0], abs=1e-5)
    assert encode_spectra(lake, model).encoded == 0


def test_candidates_are_drawn_and_there_is_no_truth_to_draw(learnt, world):
    lake, _ = learnt
    assert draw_comparison(lake, study_of(world)).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(Unsupported, match="one with a target"):
        draw_test_side(lake, study_of(world))


def test_a_classifier_is_refused_for_a_task_it_is_not_made_for(learnt, world):
    lake, _ = learnt
    study = study_of(world)
    trees = Candidate("hist_gradient_boosting", ("xrd",))
    wrong = Study(**{**vars(study), "candidates": (*study.candidates, trees)})
    with pytest.raises(Unsupported, match="tasks classification, regression, found unsupervised"):
        train_study(lake, wrong, models=["hist_gradient_boosting"])
