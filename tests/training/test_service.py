"""Models in service: registered only when complete, promoted, rolled back, retired, shown."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import scatterlake.cli.models
from registry.errors import BadInput, ModelRefused, NotFound, WrongUse
from registry.identity import digest
from registry.lake import Lake, now
from scatterlake.cli import app
from training.aliases import reinstate, retire, rollback
from training.answers import predict_file
from training.cards import CARD, WEIGHTS
from training.comparing import compare_versions, promote
from training.decisions import (
    PROMOTED,
    REFUSED,
    REINSTATED,
    RETIRED,
    ROLLED_BACK,
    Decided,
    decisions,
    reigns,
    user,
)
from training.dossier import PARENT, ancestors, dossier
from training.fitting import fit_candidate
from training.holdout import hold_outs
from training.loading import load_model
from training.lookup import champion, find_models, model_rows, one_model, split_reference
from training.promotion import decide, unseen
from training.registration import mirror, register
from training.study import Candidate, Claim
from training.tracking import artifacts, client
from training.train import silent, train_study

NOTHING = Candidate("most_frequent", ("xrd",))
SHALLOW = Candidate("hist_gradient_boosting", ("xrd",), {"iterations": 3})
NEAR = Candidate("nearest_neighbour", ("xrd",))
CANDIDATES = (NOTHING, NEAR, SHALLOW)


def study_of(world):
    claim = Claim("near beats nothing", NEAR.key, (NOTHING.key,))
    dataset = replace(world.DEFINITION, inputs=(world.XRD, world.SOAP))
    return replace(world.STUDY, dataset=dataset, candidates=CANDIDATES, claim=claim)


@pytest.fixture(scope="module")
def first(tmp_path_factory, world):
    """A lake with measured curves and three versions, registered one after the other."""
    lake = Lake.open(tmp_path_factory.mktemp("service") / "lake")
    world.fill(lake, 18, measured=True)
    made = [train_study(lake, study_of(world), models=[c.model]) for c in CANDIDATES]
    return lake, made[-1].dataset, [one.decision for one in made]


@pytest.fixture
def lake(first):
    """The lake; who is in service is put back afterwards."""
    lake = first[0]
    mlflow = client(lake)
    before = {row["version"]: row for row in model_rows(lake, "minerals", retired=True)}
    tags = {v: dict(mlflow.get_model_version("minerals", str(v)).tags) for v in before}
    yield lake
    for alias in mlflow.get_registered_model("minerals").aliases:
        mlflow.delete_registered_model_alias("minerals", alias)
    for version, row in before.items():
        found = mlflow.get_model_version("minerals", str(version)).tags
        for name in set(found) - set(tags[version]):
            mlflow.delete_model_version_tag("minerals", str(version), name)
        mlflow.set_model_version_tag("minerals", str(version), "reason", row["reason"])
        if row["alias"]:
            mlflow.set_registered_model_alias("minerals", row["alias"], str(version))
    lake.replace("models", list(before.values()))


def leading(lake: Lake) -> int | None:
    row = champion(lake, "minerals")
    return row and row["version"]


def acts(lake: Lake) -> list[tuple[int, str]]:
    return [(one.version, one.act) for one in decisions(client(lake), "minerals")]


def test_measured_data_decide_and_the_reason_can_be_read(first):
    lake, dataset, (began, better, other) = first
    assert began.reason == "first model of the study: best on the validation side"
    assert better.promote
    n = len({m.entity_id for m in dataset.members if m.split == "test"})
    assert better.reason.startswith("better: difference in balanced accuracy 0.")
    assert "above zero), " in better.reason
    assert f"against 0.333 on {n} measured members that neither" in better.reason
    assert not other.promote
    assert acts(lake) == [(1, "promoted"), (2, "promoted"), (3, "not promoted")]
    assert [one.champion for one in decisions(client(lake), "minerals")] == [None, 1, 2]


def test_the_card_holds_what_goes_in_and_comes_out(lake, first):
    found = dossier(lake, "minerals", 2)
    (taken,) = found.card.signature["inputs"]
    assert (taken["shape"], taken["unit"]) == ([120], "")
    assert taken["axis"] == {"quantity": "Q", "unit": "1/angstrom", "low": 0.6, "high": 5.6}
    says = {"name": "crystal_system", "kind": "probabilities", "width": 3, "unit": ""}
    assert found.card.signature["output"] == says
    assert found.card.metrics["measured"] is not None
    assert found.lineage["dataset"] == 1
    assert found.used["prediction"] >= len(first[1].rows("test"))
    assert [one.act for one in found.decisions] == ["promoted"]


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [("data_licences", (), "data_licences"), ("manifest", "", "manifest"), ("seeds", (), "seeds")],
)
def test_what_is_not_complete_is_not_registered(
    lake, first, world, monkeypatch, field, value, named
):
    from training import registration

    study, dataset = study_of(world), first[1]
    result = fit_candidate(dataset, NOTHING, (0,), silent)
    whole = registration.make_card
    monkeypatch.setattr(registration, "make_card", lambda *a: replace(whole(*a), **{field: value}))
    with pytest.raises(BadInput, match=f"a complete model card, found {named}: "):
        register(lake, client(lake), study, dataset, result)
    assert len(model_rows(lake, "minerals")) == 3
    assert len(client(lake).search_model_versions("name='minerals'")) == 3


def test_a_dataset_that_is_not_in_the_lake_is_not_registered_from(lake, first, world):
    result = fit_candidate(first[1], NOTHING, (0,), silent)
    elsewhere = replace(first[1], manifest=digest("elsewhere"))
    with pytest.raises(BadInput, match="a dataset whose manifest is in the lake"):
        register(lake, client(lake), study_of(world), elsewhere, result)


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_planted_pickle_is_refused_even_with_a_forged_card_and_row(lake, tmp_path):
    row = one_model(lake, "minerals", 3)
    folder = artifacts(lake) / row["run_id"] / "artifacts" / "model"
    (weights,) = (folder / WEIGHTS).glob("*.skops")
    card, whole = (folder / CARD).read_text(), weights.read_bytes()
    bomb = pickle.dumps(Bomb(tmp_path / "ran"))
    try:
        weights.write_bytes(bomb)
        for ask in (load_model, dossier):
            with pytest.raises(ModelRefused, match="altered"):
                ask(lake, "minerals", 3)
        value = json.loads(card)
        value["files"][weights.name] = digest(bomb)
        (folder / CARD).write_text(json.dumps(value))
        with pytest.raises(ModelRefused, match=r"model\.json: altered"):
            load_model(lake, "minerals", 3)
        forged = digest((folder / CARD).read_bytes())
        lake.replace("models", [{**row, "artifact_digest": forged}])
        with pytest.raises(ModelRefused):
            load_model(lake, "minerals", 3)
    finally:
        weights.write_bytes(whole)
        (folder / CARD).write_text(card)
    assert not (tmp_path / "ran").exists()


def test_two_versions_are_compared_on_the_same_members(lake, first):
    found = compare_versions(lake, ("minerals", 1), ("minerals", 2))
    assert [one.hold_out.kind for one in found] == ["measured", "simulated"]
    for one in found:
        assert one.first == pytest.approx(1 / 3)
        assert one.interval.value == pytest.approx(one.second - one.first)
        assert one.interval.low > 0
    same = compare_versions(lake, ("minerals", "champion"), ("minerals", 2))
    assert {(one.interval.low, one.interval.high) for one in same} == {(0.0, 0.0)}
    assert found[1].second == pytest.approx(one_model(lake, "minerals", 2)["score_simulated"])


def test_a_version_that_is_not_better_is_not_promoted(lake):
    decision = promote(lake, "minerals", 1)
    assert not decision.promote
    assert "below zero" in decision.reason
    assert leading(lake) == 2
    assert acts(lake)[-1] == (1, "not promoted")
    assert one_model(lake, "minerals", "challenger")["version"] == 1


def test_a_champion_is_rolled_back_and_the_one_before_it_leads(lake):
    mlflow = client(lake)
    assert rollback(lake, mlflow, "minerals", "answers quartz to everything") == 1
    assert leading(lake) == 1
    reason = one_model(lake, "minerals")["reason"]
    assert reason == "rolled back from version 2: answers quartz to everything"
    assert acts(lake)[-1] == (1, "rolled back to")
    with pytest.raises(BadInput, match="an earlier champion"):
        rollback(lake, mlflow, "minerals", "again")
    assert promote(lake, "minerals", 2).promote
    with pytest.raises(WrongUse, match="a reason"):
        rollback(lake, mlflow, "minerals", " ")


def test_a_stale_champion_is_not_rolled_back_to(lake, monkeypatch):
    rows = [{**row, "stale": row["version"] == 1} for row in model_rows(lake, "minerals")]
    monkeypatch.setattr("training.aliases.model_rows", lambda *_: rows)
    with pytest.raises(BadInput, match="an earlier champion, in service, not stale"):
        rollback(lake, client(lake), "minerals", "a test")


@pytest.mark.parametrize(
    ("acts", "left"),
    [
        ([], []),
        ([(1, PROMOTED), (2, REFUSED), (3, PROMOTED)], [1, 3]),
        ([(1, PROMOTED), (2, PROMOTED), (3, PROMOTED), (2, ROLLED_BACK)], [1, 2]),
        ([(1, PROMOTED), (2, PROMOTED), (1, ROLLED_BACK), (2, PROMOTED)], [1, 2]),
        ([(1, PROMOTED), (2, PROMOTED), (1, RETIRED)], [2]),
        ([(1, PROMOTED), (2, PROMOTED), (1, RETIRED), (1, REINSTATED)], [2]),
    ],
)
def test_who_led_follows_from_the_decisions(acts, left):
    made = [Decided(now(), version, act, None, "") for version, act in acts]
    assert reigns(made) == left


def test_too_few_measured_members_promote_nobody_whatever_is_simulated(lake, first):
    data = first[1]
    old, new = (load_model(lake, "minerals", version) for version in (1, 2))
    few = unseen(lake, data, old.card.manifest)[:4]
    measured, simulated = hold_outs(lake, data, few, old, new)
    assert (measured.kind, simulated.kind) == ("measured", "simulated")
    decision = decide(measured)
    assert not decision.promote
    assert "not decidable: 4 common hold-out members (measured) of" in decision.reason
    assert decision.reason.endswith("10 of 2 classes are needed")


def curve_file(folder: Path, lake: Lake) -> Path:
    (row,) = lake.sql(
        "SELECT x, intensity FROM spectra WHERE technique = 'xrd' LIMIT 1"
    ).to_pylist()
    path = folder / "curve.csv"
    lines = (f"{x},{y}" for x, y in sorted(zip(row["x"], row["intensity"], strict=True)))
    path.write_text("Q (1/angstrom),intensity\n" + "\n".join(lines))
    return path


def test_a_retired_version_leads_nothing_and_answers_only_by_its_number(lake, tmp_path, world):
    mlflow, curve = client(lake), curve_file(tmp_path, lake)
    hints = {"technique": "xrd"}
    assert predict_file(lake, "minerals", curve, hints)[0].version == 2
    assert retire(lake, mlflow, "minerals", 2, "trained on a wrong wavelength")
    assert leading(lake) is None
    for name in ("minerals", "minerals@champion", "minerals@retired"):
        with pytest.raises(NotFound, match="version of minerals"):
            predict_file(lake, name, curve, hints)
    assert predict_file(lake, "minerals@2", curve, hints)[0].version == 2
    assert [row["version"] for row in find_models(lake)] == [3, 1]
    assert len(find_models(lake, retired=True)) == 3

    decision = promote(lake, "minerals", 2)
    assert not decision.promote
    assert decision.reason == "version 2 is retired: trained on a wrong wavelength"
    assert leading(lake) is None
    with pytest.raises(BadInput, match="found retired: trained on a wrong"):
        retire(lake, mlflow, "minerals", 2, "again")

    before = lake.sql("SELECT * FROM models ORDER BY version").to_pylist()
    lake.replace("models", [{**row, "alias": None, "reason": None} for row in before])
    mirror(lake)
    assert lake.sql("SELECT * FROM models ORDER BY version").to_pylist() == before

    decision = promote(lake, "minerals", 3)
    assert decision.promote
    assert "the one there was is retired" in decision.reason
    assert not train_study(lake, study_of(world), models=[NEAR.model]).decision.promote
    assert leading(lake) == 3


def test_a_retired_version_is_reinstated_and_leads_only_when_promoted(lake):
    mlflow = client(lake)
    retire(lake, mlflow, "minerals", 2, "wrong wavelength")
    reinstate(lake, mlflow, "minerals", 2, "it was the right one")
    assert leading(lake) is None
    assert acts(lake)[-1] == (2, "reinstated")
    with pytest.raises(BadInput, match="a retired version, found one in service"):
        reinstate(lake, mlflow, "minerals", 2, "again")
    with pytest.raises(WrongUse, match="a reason"):
        reinstate(lake, mlflow, "minerals", 2, "")
    before = lake.sql("SELECT * FROM models ORDER BY version").to_pylist()
    assert mirror(lake) == 3
    assert lake.sql("SELECT * FROM models ORDER BY version").to_pylist() == before
    assert promote(lake, "minerals", 2).promote
    assert leading(lake) == 2


def test_who_decides_is_named_by_variables_or_by_the_account(monkeypatch):
    for name in ("SCATTERLAKE_USER", "MLFLOW_TRACKING_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("getpass.getuser", lambda: "account")
    assert user() == "account"
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "server account")
    assert user() == "server account"
    monkeypatch.setenv("SCATTERLAKE_USER", "A. Nother")
    assert user() == "A. Nother"


def test_a_family_is_told_from_both_ends(lake, monkeypatch):
    mlflow = client(lake)
    mlflow.set_model_version_tag("minerals", "2", PARENT, "minerals/1")
    mlflow.set_model_version_tag("minerals", "3", PARENT, "minerals/2")
    assert dossier(lake, "minerals", 1).children == ["minerals/2"]
    assert ancestors(mlflow, "minerals/3") == ["minerals/3", "minerals/2", "minerals/1"]


@pytest.mark.parametrize("text", ["", "a/b/c", "a@", "a b", "/3"])
def test_a_reference_that_is_none_is_refused(text):
    with pytest.raises(WrongUse, match="name/version"):
        split_reference(text)


def test_references(lake):
    assert split_reference("minerals") == ("minerals", "champion")
    assert split_reference("minerals/3") == split_reference("minerals@3") == ("minerals", "3")


def test_models_are_found_by_target_element_and_measured_accuracy(empty):
    common = {"model": "m", "study": "m", "predicts": "crystal_system", "inputs": ["xrd"]}
    common |= {"metric": "balanced_accuracy", "score_simulated": 0.9}
    iron, zinc = digest("iron"), digest("zinc")
    rows = [
        {**common, "version": 1, "manifest": iron, "score_measured": 0.85},
        {**common, "version": 2, "manifest": zinc, "score_measured": 0.6},
        {**common, "version": 3, "manifest": zinc, "score_measured": None},
        {**common, "version": 4, "manifest": iron, "score_measured": 0.9, "metric": "mae"},
    ]
    empty.append("models", rows)
    empty.append("materials", [{"material_id": e, "elements": [e, "O"]} for e in ("Fe", "Zn")])
    # members of version 5 are spectra, those of 6 samples
    curves, pieces = digest("curves"), digest("pieces")
    rows = [{**common, "version": n, "manifest": m} for n, m in ((5, curves), (6, pieces))]
    empty.append("models", rows)
    measured = {"technique": "xrd", "kind": "experimental", "x": [1.0, 2.0], "intensity": [1, 2]}
    of_cobalt = {**measured, "spectrum_id": "curve", "sample_id": "piece", "material_id": "Co"}
    empty.append("spectra", [{**of_cobalt, "shape": [2]}])
    empty.append("materials", [{"material_id": "Co", "elements": ["Co"]}])
    members = [(iron, "Fe", "train"), (iron, "Zn", "test"), (zinc, "Zn", "train")]
    members += [(curves, "curve", "train"), (pieces, "piece", "train")]
    empty.append(
        "dataset_members",
        [{"manifest": m, "entity_id": e, "split": side} for m, e, side in members],
    )

    def found(**asked) -> set[int]:
        return {row["version"] for row in find_models(empty, **asked)}

    for target in ("crystal system", "crystal_system", "Crystal System "):
        assert found(predicts=target, from_input="xrd") == {1, 2, 3, 4, 5, 6}
    assert found(element="Fe") == {1, 4}
    assert found(element="Co") == {5, 6}
    assert found(element="Zn") == {2, 3}
    assert found(element="Fe", min_measured_accuracy=0.8) == {1}
    assert found(min_measured_accuracy=0.5) == {1, 2}


def test_the_commands_say_what_was_done(lake, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("SCATTERLAKE_USER", "A. Nother")
    monkeypatch.setattr(scatterlake.cli.models.console, "_width", 200, raising=False)

    def run(*words: str, code: int = 0) -> str:
        where = ["--lake", str(lake.path)]
        done = CliRunner().invoke(app, ["models", *words, *where], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.stdout

    shown = run("show", "minerals@champion")
    for told in ("minerals/2, champion", "nearest_neighbour", "CC0", "files verified", "promoted"):
        assert told in shown
    assert "Q 0.6 to 5.6 1/angstrom" in shown
    assert "probabilities of crystal_system, width 3" in shown
    assert "(better)" in run("compare", "minerals/1", "minerals/2")
    assert "not promoted: not shown better" in run("promote", "minerals/1", code=1)
    assert "minerals/1 is champion again" in run("rollback", "minerals", "--why", "a test")
    assert "no champion now" in run("retire", "minerals", "--why", "a test too")
    assert "in service again" in run("retire", "minerals/1", "--undo", "--why", "it was one")
    assert "no decision" not in (shown := run("show", "minerals/1"))
    for told in ("A. Nother", "reinstated", "it was one", "rolled back to", "audit for leaks"):
        assert told in shown
    run("retire", "minerals/1", "--why", "for good")
    assert "minerals@1" not in run("find", "--predicts", "crystal system", "--from", "xrd")
    assert "retired" in run("show", "minerals/1")
