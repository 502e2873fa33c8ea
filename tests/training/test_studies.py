"""A study from start to end: trained once, registered, judged, promoted, retrained, predicted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from registry.errors import BadInput, ModelRefused, NotFound, Unsupported, WrongUse
from registry.lake import Lake
from training.assembly import assemble
from training.comparison import compare
from training.definitions import Split
from training.domain import Known
from training.fitting import fit_candidate
from training.judging import answers_of, judge
from training.loading import load_model
from training.lookup import find_models, one_model
from training.predict import predict_curve, predict_material, predict_spectrum
from training.promotion import unseen
from training.registration import mirror
from training.report import draw_comparison, draw_confusion
from training.retrain import retrain
from training.studies import studies
from training.study import Candidate, Claim
from training.tracking import artifacts, client, experiment_id
from training.train import silent, train_study

PNG = b"\x89PNG\r\n\x1a\n"


def test_every_candidate_is_registered_with_baselines_and_control(trained, world):
    lake, result = trained
    assert [t.candidate.key for t in result.trained] == [c.key for c in world.STUDY.candidates]
    for row in find_models(lake, predicts="crystal_system"):
        assert row["manifest"] == result.dataset.manifest
        assert row["baseline_naive"] == pytest.approx(1 / 3)
        assert row["score_simulated"] > 0.8
        assert row["baseline_nearest"] > 0.8
        assert 0 <= row["control_shuffled"] < row["score_simulated"]
        assert row["score_measured"] is None


def test_on_shuffled_labels_a_model_falls_to_chance(trained):
    _, result = trained
    candidate = Candidate("nearest_neighbour", ("xrd",))
    found = fit_candidate(result.dataset, candidate, range(60), silent)
    assert found.over_seeds("test")[0] > 0.8
    assert found.shuffled == pytest.approx(1 / 3, abs=0.05)
    assert found.shuffled_at_chance


def test_scores_agree_with_the_answers_that_were_stored(trained):
    _, result = trained
    for made in result.trained:
        assert made.interval.value == pytest.approx(made.row["score_simulated"])
        assert made.interval.low <= made.interval.value <= made.interval.high


def test_running_it_again_computes_nothing(trained, world, monkeypatch):
    lake, result = trained
    monkeypatch.setattr("training.train.fit_candidate", lambda *_: pytest.fail("trained again"))
    before = lake["models"].version()
    again = train_study(lake, world.STUDY)
    assert all(made.reused for made in again.trained)
    assert [t.row["version"] for t in again.trained] == [t.row["version"] for t in result.trained]
    assert again.verdict == result.verdict
    assert lake["models"].version() == before


def test_the_champion_is_the_best_on_the_validation_side(trained, world):
    lake, result = trained
    assert result.decision.promote
    champions = find_models(lake, champion_only=True)
    assert len(champions) == 1
    card = load_model(lake, "minerals").card
    for made in result.trained:
        other = load_model(lake, "minerals", made.row["version"]).card
        assert card.metrics["validation"][0] >= other.metrics["validation"][0]


def test_the_claim_is_judged_as_its_file_says(trained):
    _, result = trained
    verdict = result.verdict
    assert verdict is not None
    expected = "holds" if verdict.interval.low > 0 else "is undecided"
    assert verdict.outcome == ("fails" if verdict.interval.high < 0 else expected)


def test_a_claim_tells_of_the_rival_that_was_stronger_on_the_test_side_too(trained, monkeypatch):
    lake, result = trained
    rows = {made.candidate.key: made.row for made in result.trained}
    about, weak, strong = rows
    wrong = {rows[about]["version"]: 2, rows[weak]["version"]: 5, rows[strong]["version"]: 1}

    def answers(lake, row, class_names):
        found = answers_of(lake, row, class_names)
        answered = found.truth.copy()
        answered[: wrong[row["version"]]] += 1
        return replace(found, answered=answered)

    monkeypatch.setattr("training.judging.answers_of", answers)
    claim = Claim("", about, (weak, strong))
    unlucky = judge(lake, result.dataset, claim, rows, {weak: 0.9, strong: 0.1})
    assert unlucky.reason.startswith(f"{about} minus {weak} in balanced accuracy: ")
    assert unlucky.interval.value > 0
    assert f"; minus {strong}, the best in hindsight: -" in unlucky.reason
    lucky = judge(lake, result.dataset, claim, rows, {weak: 0.1, strong: 0.9})
    assert lucky.interval.value < 0
    assert "hindsight" not in lucky.reason


def test_models_are_looked_up_by_input_and_score(trained):
    lake, _ = trained
    assert {row["algorithm"] for row in find_models(lake, from_input="soap")} == {"fusion"}
    assert len(find_models(lake, from_input="xrd")) == 3
    assert find_models(lake, from_input="nothing") == []
    assert find_models(lake, min_score=1.01) == []
    with pytest.raises(NotFound, match="there are: minerals"):
        one_model(lake, "mineral")
    with pytest.raises(NotFound, match="version of minerals '99'"):
        one_model(lake, "minerals", 99)


def test_lookup_needs_no_heavy_library():
    heavy = "{'mlflow', 'torch', 'sklearn'}"
    code = f"import sys, training.lookup; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_table_is_rebuilt_from_mlflow_alone(trained, empty):
    lake, _ = trained
    before = lake.sql("SELECT * FROM models ORDER BY version").to_pylist()
    lake.replace("models", [{**row, "score_simulated": 0.0, "alias": None} for row in before])
    assert mirror(lake) == 3
    assert lake.sql("SELECT * FROM models ORDER BY version").to_pylist() == before


def artifact(lake: Lake, row: dict, name: str):
    found = list((lake.path / "mlflow" / "artifacts" / row["run_id"]).rglob(name))
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_flipped_byte_is_refused(trained, name):
    lake, result = trained
    row = result.trained[1].row
    path = artifact(lake, row, name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    try:
        with pytest.raises(ModelRefused, match="altered"):
            load_model(lake, "minerals", row["version"])
    finally:
        path.write_bytes(whole)
    assert load_model(lake, "minerals", row["version"]).card.algorithm == "cnn1d"


def test_a_planted_file_is_refused(trained):
    lake, result = trained
    row = result.trained[0].row
    planted = artifact(lake, row, "model.skops").with_name("evil.pkl")
    planted.write_bytes(b"x")
    try:
        with pytest.raises(ModelRefused, match=r"evil\.pkl"):
            load_model(lake, "minerals", row["version"])
    finally:
        planted.unlink()


def test_a_training_member_is_its_own_nearest_neighbour(trained, world):
    lake, result = trained
    model = load_model(lake, "minerals", result.trained[0].row["version"])
    data = result.dataset
    member = data.members[data.rows("train")[0]]
    row = lake.sql("SELECT * FROM spectra WHERE spectrum_id = $1", [member.spectra[0]]).to_pylist()
    found = predict_curve(lake, model, np.array(row[0]["x"]), np.array(row[0]["intensity"]))
    assert found.neighbours[0].entity_id == member.entity_id
    assert found.neighbours[0].similarity == pytest.approx(1.0)
    assert not found.out_of_domain
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    assert predict_spectrum(lake, model, member.spectra[0]).value == found.value


def test_an_answer_comes_with_a_set_and_a_calibrated_confidence(trained):
    lake, result = trained
    held = []
    for made in result.trained[:2]:
        model = load_model(lake, "minerals", made.row["version"])
        found = model.card.reliability
        assert (model.card.task, model.card.metric) == ("classification", "balanced_accuracy")
        assert found.n_groups == len(set(result.dataset.groups(result.dataset.rows("validation"))))
        assert set(found.calibration) >= {"calibration_error", "calibration_error_scaled"}
        member = result.dataset.members[result.dataset.rows("test")[0]]
        answer = predict_spectrum(lake, model, member.spectra[0])
        assert answer.value == answer.likely[0]
        assert answer.level == 0.9
        probabilities = np.array([[answer.probabilities[n] for n in model.card.class_names]])
        assert answer.confidence == pytest.approx(found.scaled(probabilities).max())
        held.append(found.coverage)
    assert min(held) > 0.7


def test_a_curve_like_none_is_out_of_domain(trained):
    lake, result = trained
    model = load_model(lake, "minerals", result.trained[0].row["version"])
    q = np.linspace(0.5, 5.7, 400)
    comb = (np.arange(400) % 40 < 2).astype(float)
    assert predict_curve(lake, model, q, comb).out_of_domain
    blocks, rows = result.dataset.blocks["xrd"], result.dataset.rows
    nearest = Known(blocks[rows("train")]).nearest(blocks[rows("test")])
    assert np.mean(nearest < model.card.domain_threshold) < 0.2


def test_an_answer_is_noted(trained):
    lake, result = trained
    model = load_model(lake, "minerals", result.trained[2].row["version"])
    entity = result.dataset.members[result.dataset.rows("train")[3]].entity_id
    found = predict_material(lake, model, entity)
    query = "SELECT * FROM predictions WHERE entity_id = $1 AND version = $2"
    row = lake.sql(query, [entity, model.row["version"]]).to_pylist()[0]
    assert row["value"] == found.value
    assert json.loads(row["alternatives"]) == pytest.approx(found.probabilities)


def test_what_a_model_cannot_answer_is_said(trained):
    lake, result = trained
    fusion = load_model(lake, "minerals", result.trained[2].row["version"])
    q = np.linspace(0.5, 5.7, 400)
    with pytest.raises(Unsupported, match="needs spectrum xrd, spectrum xpdf, feature soap"):
        predict_curve(lake, fusion, q, np.ones(400))
    with pytest.raises(BadInput, match="xrd, xpdf, soap in the lake"):
        predict_material(lake, fusion, "nobody")
    single = load_model(lake, "minerals", result.trained[0].row["version"])
    with pytest.raises(BadInput, match=r"covers 0\.6 to 5\.6"):
        predict_curve(lake, single, q[100:], np.ones(300))


def test_pictures_are_drawn(trained, world, tmp_path):
    lake, _ = trained
    rows = compare(lake, "minerals")
    assert [row["score"] for row in rows] == sorted((r["score"] for r in rows), reverse=True)
    assert draw_comparison(lake, world.STUDY).read_bytes().startswith(PNG)
    target = tmp_path / "confusion.png"
    assert draw_confusion(lake, world.STUDY, path=target) == target
    assert target.read_bytes().startswith(PNG)
    with pytest.raises(NotFound, match="there are: minerals"):
        compare(lake, "nothing")


def test_wrong_names_and_settings_are_refused_before_training(empty, world):
    world.fill(empty, 6)
    with pytest.raises(NotFound, match="candidate of minerals 'svm'"):
        train_study(empty, world.STUDY, models=["svm"])
    strange = replace(world.TREES, settings={"depth": 3})
    study = replace(world.STUDY, candidates=(strange, world.CNN, world.FUSION))
    with pytest.raises(WrongUse, match=r"setting: expected one of iterations.*found depth"):
        train_study(empty, study)


def test_a_leaking_dataset_is_not_trained_on(empty, world):
    world.fill(empty, 12)
    dataset = replace(world.DEFINITION, split=Split(by="random"))
    with pytest.raises(BadInput, match="a split without leaks"):
        train_study(empty, replace(world.STUDY, dataset=dataset))
    assert len(empty.sql("SELECT * FROM models")) == 0


def test_retraining_follows_the_data(empty, world):
    world.fill(empty, 14, measured=True)
    dataset = replace(world.DEFINITION, inputs=(world.XRD, world.SOAP))
    fusion = replace(world.FUSION, inputs=("xrd", "soap"))
    claim = replace(world.STUDY.claim, candidate=fusion.key, against=(world.TREES.key,))
    study = replace(world.STUDY, dataset=dataset, candidates=(world.TREES, fusion), claim=claim)
    first = train_study(empty, study, models=["hist_gradient_boosting"])
    assert first.verdict is None
    row = one_model(empty, "minerals")
    assert row["gap"] == pytest.approx(row["score_simulated"] - row["score_measured"])

    same = retrain(empty, study)
    assert not same.trained
    assert "nothing changed" in same.reason

    world.fill(empty, 40, 14, measured=True)
    outcome = retrain(empty, study)
    assert outcome.trained
    assert outcome.challenger["algorithm"] == "hist_gradient_boosting"
    assert "measured members that neither was trained on" in outcome.reason
    rows = {row["version"]: row for row in find_models(empty)}
    assert rows[2]["reason"] == outcome.decision.reason
    assert rows[2]["alias"] == ("champion" if outcome.decision.promote else "challenger")
    assert rows[1]["alias"] == (None if outcome.decision.promote else "champion")
    old = first.dataset
    names = {m.name for m in old.members if m.split != "test"}
    assert not names & {m.name for m in unseen(empty, assemble(empty, dataset), old.manifest)}


def test_a_lake_that_was_moved_keeps_its_models_and_trains_where_it_is(trained, tmp_path):
    lake, result = trained
    moved = Lake.existing(shutil.copytree(lake.path, tmp_path / "moved"))
    row = result.trained[0].row
    original = artifact(lake, row, "model.json").parent
    hidden = original.rename(original.with_name("hidden"))
    try:
        assert load_model(moved, "minerals", row["version"]).row["version"] == row["version"]
        mlflow = client(moved)
        where = mlflow.get_experiment(experiment_id(mlflow, moved, "minerals")).artifact_location
        assert where == artifacts(moved).as_uri()
        assert experiment_id(mlflow, moved, "minerals") == experiment_id(mlflow, moved, "minerals")
    finally:
        hidden.rename(original)


def test_the_study_of_the_review_is_found_and_fixed():
    study = studies()["crystal_system"]
    assert study.claim.candidate == "fusion on xrd+xpdf+soap"
    assert len(study.candidates) == 7
    assert all(1 <= len(c.inputs) <= 3 for c in study.candidates)
    assert study.dataset.target == "crystal_system"
