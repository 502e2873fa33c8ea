"""Regression from the lake to the champion: targets, scores, baselines, intervals, predictions."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from registry.errors import BadInput, ModelRefused, Unsupported
from registry.lake import Lake
from registry.records import Axis, Provenance, Spectrum
from scatterlake.cli._comparison import print_comparison
from scatterlake.cli.models import print_answer
from training.answers import FileAnswer
from training.assembly import assemble
from training.comparison import compare
from training.definitions import DatasetDefinition, Split, definition_from
from training.evaluation import paired_bootstrap
from training.judging import answers_of
from training.loading import load_model
from training.lookup import find_models, one_model
from training.metrics import METRICS
from training.predict import predict_curve, predict_material
from training.promotion import HoldOut, challenge, decide
from training.registration import mirror
from training.report import draw_comparison, draw_confusion, draw_test_side
from training.retrain import retrain
from training.splits import leaks
from training.study import Candidate, Claim, Study
from training.targets import Property
from training.tracking import client
from training.train import StudyResult, train_study

PNG = b"\x89PNG\r\n\x1a\n"
SHIFT = Property("peak_shift", "drawn", "1/angstrom")
NEIGHBOURS = Candidate("nearest_neighbours", ("xrd",), {"neighbours": 5})
FOREST = Candidate("random_forest", ("xrd", "soap"), {"trees": 15})


def pattern(x: np.ndarray, shift: float, seed: int) -> np.ndarray:
    """Three peaks, moved together by the shift, on noise."""
    rng = np.random.default_rng(seed)
    centres = 2.0 + shift + np.array([0.0, 0.6, 1.4])
    peaks = np.exp(-(((x[:, None] - centres) / 0.08) ** 2) / 2).sum(axis=1)
    return 100 * (peaks + 0.05 * rng.random(len(x)))


def fill(lake: Lake, world, minerals: int, start: int = 0, measured: bool = False) -> None:
    """Minerals whose peaks lie at places that tell a property, its noise being 0.02."""
    materials, spectra, features, properties = [], [], [], []
    q = np.linspace(0.4, 5.8, 300)
    for i in range(start, start + minerals):
        rng = np.random.default_rng(i)
        shift = rng.uniform(0, 1)
        for copy in range(1 + i % 2):
            row = world.material(f"shiftite{i:03d}", copy, "cubic")
            owner = row["material_id"]
            # the same composition for all: only the name tells minerals apart
            materials.append({**row, "formula": f"X{i}", "density": 2 + 3 * shift, "volume": 9.0})
            spectra.append(world.curve(world.XRD, owner, q, pattern(q, shift, 2 * i + copy)))
            if measured:
                y = pattern(q, shift, 10_000 + i)
                spectra.append(world.curve(world.XRD, owner, q, y, kind="experimental"))
            vector = rng.normal(shift, 0.4, 6).astype(np.float32)
            view = {"view_id": world.SOAP.identity(), "view": "soap"}
            features.append({"entity_id": owner, "vector": vector, **view})
            properties.append(
                {
                    "entity_id": owner,
                    "property": SHIFT.name,
                    "method": SHIFT.method,
                    "value": shift + 0.02 * rng.normal(),
                    "text": "far" if shift > 0.5 else "near",
                    "unit": SHIFT.unit,
                }
            )
    lake.append("materials", materials)
    lake.append("spectra", spectra)
    lake.append("features", features)
    lake.append("properties", properties)


def definition(world, **changes) -> DatasetDefinition:
    settings = {"target": SHIFT, "task": "regression", **changes}
    return DatasetDefinition("shifts", (world.XRD, world.SOAP), **settings)


def study_of(world, metric: str = "mae", **changes) -> Study:
    return Study(
        name="shifts",
        title="Shift of invented minerals",
        question="Does the forest do better?",
        dataset=definition(world, **changes),
        candidates=(NEIGHBOURS, FOREST),
        claim=Claim("forest beats neighbours", FOREST.key, (NEIGHBOURS.key,)),
        reference="none",
        seeds=(0,),
        metric=metric,
        allowed_leaks=world.ALIKE,
    )


@pytest.fixture(scope="module")
def learnt(tmp_path_factory, world) -> tuple[Lake, StudyResult]:
    lake = Lake.open(tmp_path_factory.mktemp("shifts") / "lake")
    fill(lake, world, 90, measured=True)
    return lake, train_study(lake, study_of(world))


def test_a_definition_with_a_property_survives_its_json(world):
    for made in (definition(world), definition(world, target="density")):
        assert definition_from(made.json()) == made
    assert "task" not in json.loads(world.DEFINITION.json())  # as it was before there were tasks


def test_every_candidate_stands_beside_its_baselines(learnt):
    lake, result = learnt
    data = result.dataset
    train, test = data.values[data.rows("train")], data.values[data.rows("test")]
    for row in find_models(lake, predicts="peak_shift"):
        assert row["metric"] == "mae"
        assert row["score_simulated"] < 0.05
        assert row["baseline_naive"] == pytest.approx(np.abs(test - np.median(train)).mean())
        assert row["baseline_nearest"] < 0.1
        assert row["control_shuffled"] > 0.7 * row["baseline_naive"]
        assert row["score_measured"] < 0.1
        assert row["gap"] == pytest.approx(row["score_simulated"] - row["score_measured"])
    assert leaks(data.members) == []


def test_scores_are_those_of_the_answers_that_were_stored(learnt):
    lake, result = learnt
    for made in result.trained:
        found = answers_of(lake, made.row)
        error = metrics.mean_absolute_error(found.truth, found.answered)
        assert made.row["score_simulated"] == pytest.approx(error)
        assert made.interval.value == pytest.approx(error)
        card = load_model(lake, "shifts", made.row["version"]).card
        test = card.metrics["repetitions"][0]["test"]["values"]
        assert test["r2"] == pytest.approx(metrics.r2_score(found.truth, found.answered))
        rmse = metrics.root_mean_squared_error(found.truth, found.answered)
        assert test["rmse"] == pytest.approx(rmse)


def test_the_card_says_what_is_predicted_in_which_unit_and_how_reliably(learnt):
    lake, result = learnt
    for made in result.trained:
        card = load_model(lake, "shifts", made.row["version"]).card
        assert (card.task, card.predicts, card.unit) == ("regression", "peak_shift", "1/angstrom")
        assert card.class_names == ()
        assert card.reliability is not None
        assert card.reliability.level == 0.9
        assert card.reliability.coverage > 0.6
        assert card.reliability.coverage_measured > 0.6
        assert 0 < card.reliability.size < 0.5


def test_the_best_on_the_validation_side_has_the_least_error_and_is_champion(learnt):
    lake, result = learnt
    rows = {made.candidate.key: made.row for made in result.trained}
    cards = {key: load_model(lake, "shifts", row["version"]).card for key, row in rows.items()}
    best = min(cards, key=lambda key: cards[key].metrics["validation"][0])
    assert one_model(lake, "shifts")["version"] == rows[best]["version"]


def test_the_claim_is_judged_by_the_reduction_of_the_error(learnt):
    lake, result = learnt
    one, other = (answers_of(lake, result.trained[i].row) for i in (1, 0))
    found = paired_bootstrap(METRICS["mae"], one.truth, one.answered, other.answered, one.groups)
    assert result.verdict is not None
    assert result.verdict.interval == found
    difference = np.abs(other.answered - one.truth) - np.abs(one.answered - one.truth)
    assert found.value == pytest.approx(difference.mean())
    assert "below nearest_neighbours on xrd in mean absolute error" in result.verdict.reason


def test_lookup_takes_the_least_error_as_best(learnt):
    lake, _ = learnt
    rows = find_models(lake)
    measured = [row["score_measured"] for row in rows]
    assert measured == sorted(measured)
    assert find_models(lake, min_score=measured[0]) == rows[:1]
    assert [row["score"] for row in compare(lake, "shifts")] == sorted(
        row["score_simulated"] for row in rows
    )


def test_a_prediction_has_a_unit_a_deviation_and_an_interval(learnt):
    lake, result = learnt
    model = load_model(lake, "shifts", result.trained[0].row["version"])
    q = np.linspace(0.4, 5.8, 250)
    found = predict_curve(lake, model, q, pattern(q, 0.4, 77))
    assert float(found.value) == pytest.approx(0.4, abs=0.08)
    assert found.unit == "1/angstrom"
    assert found.interval[0] < float(found.value) < found.interval[1]
    assert found.deviation > 0
    assert not found.out_of_domain
    assert abs(float(found.neighbours[0].label) - 0.4) < 0.1
    query = "SELECT * FROM predictions WHERE entity_id = $1"
    row = lake.sql(query, [found.entity_id]).to_pylist()[0]
    assert float(row["value"]) == float(found.value)
    assert row["probability"] is None
    parts = json.loads(row["alternatives"])
    assert (parts["low"], parts["high"]) == (row["low"], row["high"]) == found.interval
    assert (row["level"], row["similarity"]) == (found.level, found.similarity)
    member = result.dataset.members[0]
    both = load_model(lake, "shifts", result.trained[1].row["version"])
    assert predict_material(lake, both, member.entity_id).unit == "1/angstrom"


def test_the_command_line_says_the_value_with_unit_and_interval(learnt, capsys):
    lake, result = learnt
    model = load_model(lake, "shifts", result.trained[0].row["version"])
    q = np.linspace(0.4, 5.8, 250)
    found = predict_curve(lake, model, q, pattern(q, 0.6, 78))
    origin = Provenance("test", "1", file_name="a.xy")
    axis = Axis("Q", "1/angstrom", q)
    curve = Spectrum("xrd", "experimental", axis, pattern(q, 0.6, 78), origin)
    print_answer("shifts", FileAnswer(curve, 1, "nearest_neighbours", found))
    low, high = found.interval
    said = " ".join(capsys.readouterr().out.split())
    assert f"{float(found.value):.4g} 1/angstrom, 90% interval {low:.4g} to {high:.4g}" in said
    assert f"similarity {found.similarity:.3f}; a known one has" in said
    print_comparison(lake, "shifts")
    said = " ".join(capsys.readouterr().out.split())
    assert "mean absolute error on groups never trained on" in said
    assert f"always the same value: {result.trained[0].row['baseline_naive']:.3f}" in said


def test_pictures_show_answers_against_the_truth(learnt, world, tmp_path):
    lake, _ = learnt
    study = study_of(world)
    target = tmp_path / "parity.png"
    assert draw_test_side(lake, study, path=target) == target
    assert target.read_bytes().startswith(PNG)
    assert draw_comparison(lake, study).read_bytes().startswith(PNG)
    with pytest.raises(Unsupported, match="one with classes, found regression"):
        draw_confusion(lake, study)


def test_the_table_is_rebuilt_and_nothing_is_trained_twice(learnt, world, monkeypatch):
    lake, result = learnt
    before = lake.sql("SELECT * FROM models ORDER BY version").to_pylist()
    assert mirror(lake) == 2
    assert lake.sql("SELECT * FROM models ORDER BY version").to_pylist() == before
    monkeypatch.setattr("training.train.fit_candidate", lambda *_: pytest.fail("trained again"))
    again = train_study(lake, study_of(world))
    assert all(made.reused for made in again.trained)
    assert again.verdict == result.verdict
    assert "nothing changed" in retrain(lake, study_of(world)).reason


def test_weights_that_would_run_code_are_refused_even_with_every_digest_in_order(learnt, tmp_path):
    """Who can write the store, the card and the table still cannot plant code."""
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    lake, result = learnt
    row = result.trained[1].row
    folder = lake.path / "mlflow" / "artifacts" / row["run_id"] / "artifacts" / "model"
    kept = shutil.copytree(folder, tmp_path / "kept")
    card = load_model(lake, "shifts", row["version"]).card
    try:
        bomb = FunctionTransformer(func=shutil.rmtree)
        skops.io.dump(bomb, folder / "weights" / "model.skops")
        lake.replace("models", [{**row, "artifact_digest": card.write(folder)}])
        with pytest.raises(ModelRefused, match=r"not trusted: shutil\.rmtree"):
            load_model(lake, "shifts", row["version"])
    finally:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        lake.replace("models", [row])
    assert load_model(lake, "shifts", row["version"]).card == card


def test_metrics_and_reliability_are_in_mlflow(learnt):
    lake, result = learnt
    run = client(lake).get_run(result.trained[0].row["run_id"])
    assert {"test_mae", "test_rmse", "test_r2", "conformal_coverage", "measured_mae"} <= set(
        run.data.metrics
    )
    assert run.data.tags["task"] == "regression"
    assert run.data.tags["control_shuffled"] in {"at chance", "above chance"}


def test_a_challenger_with_a_smaller_error_takes_over():
    truth = tuple(float(i) for i in range(40))
    groups = tuple(str(i) for i in range(40))
    close = tuple(t + 0.1 * (-1) ** int(t) for t in truth)
    far = tuple(t + 2.0 * (-1) ** int(t) for t in truth)
    found = HoldOut("measured", truth, groups, champion=far, challenger=close, metric="mae")
    assert decide(found).promote
    assert "reduction of mean absolute error 1.900" in decide(found).reason
    assert not decide(replace(found, champion=close, challenger=far)).promote


def test_a_champion_of_another_question_gives_way(learnt, world, tmp_path):
    lake = Lake.existing(shutil.copytree(learnt[0].path, tmp_path / "copy"))
    other = study_of(world, target="density")
    found = train_study(lake, other, models=["nearest_neighbours"])
    assert found.decision.promote
    assert "regression of peak_shift (1/angstrom), the study asks for" in found.decision.reason
    assert one_model(lake, "shifts")["predicts"] == "density"
    assert load_model(lake, "shifts").card.unit == "g/cm^3"
    version = one_model(lake, "shifts")["version"]
    assert not challenge(lake, client(lake), found.dataset, "shifts", version).promote


def test_a_property_can_be_a_class(empty, world):
    fill(empty, world, 30)
    data = assemble(empty, definition(world, task="classification"))
    assert data.class_names == ("far", "near")
    values = assemble(empty, definition(world)).values
    assert data.labels[values < 0.4].all()


def test_materials_without_the_property_are_left_out_and_counted(empty, world):
    fill(empty, world, 12)
    q = np.linspace(0.4, 5.8, 300)
    empty.append("materials", [world.material("unknownite", 0, "cubic")])
    empty.append("spectra", [world.curve(world.XRD, "unknownite-0", q, pattern(q, 0.2, 5))])
    assert assemble(empty, definition(world)).left_out == {"target: none": 1}


def put(lake: Lake, **changes) -> None:
    row = lake.sql("SELECT * FROM properties ORDER BY entity_id LIMIT 1").to_pylist()[0]
    lake.replace("properties", [{**row, **changes}])


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        ({"value": float("nan")}, SHIFT, "a label in .*peak_shift.* 1 of 18 without"),
        ({"value": None}, SHIFT, "1 of 18 without"),
        ({"unit": "nm"}, SHIFT, "the unit '1/angstrom', found 'nm'"),
        ({"unit": None}, SHIFT, "the unit '1/angstrom', found ''"),
        ({}, Property("gap", "dft"), "none; there are: peak_shift by drawn in 1/angstrom"),
        ({}, Property("peak_shift", "guessed"), "'peak_shift' by 'guessed' of at least one"),
        ({}, "formula", "a numeric column for regression, found 'formula' of string"),
        ({}, "volume", "two or more values of the target, found 9.0"),
        ({}, "temperature", "a label in 'temperature' for every material.* 18 of 18 without"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused_first(empty, world, change, target, message):
    fill(empty, world, 12)
    if change:
        put(empty, **change)
    with pytest.raises(BadInput, match=message):
        assemble(empty, definition(world, target=target))


def test_too_few_groups_are_refused(empty, world):
    fill(empty, world, 2)
    with pytest.raises(BadInput, match="3 or more independent groups, found 2"):
        assemble(empty, definition(world))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": None}, "none when unsupervised, and one otherwise"),
        ({"task": "unsupervised"}, "none when unsupervised, and one otherwise"),
        ({"task": "ranking"}, "one of classification, regression, unsupervised"),
        ({"target": "colour"}, "a column of materials, found 'colour'"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(world, changes, message):
    with pytest.raises(BadInput, match=message):
        definition(world, **changes)


def test_a_metric_of_another_task_is_refused(world):
    with pytest.raises(BadInput, match="one of regression: mae, rmse, r2, found balanced_accuracy"):
        study_of(world, metric="balanced_accuracy")


def test_the_manifest_tells_another_split_and_another_target(empty, world):
    fill(empty, world, 12)
    made = [
        assemble(empty, definition(world, **changes)).manifest
        for changes in ({}, {"split": Split(seed=1)}, {"target": "density"})
    ]
    assert len(set(made)) == 3
