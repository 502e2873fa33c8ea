"""Runs of a study: findings are kept, what is interrupted goes on, MLflow has everything."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ingest.labels import Label, write_properties
from registry.errors import BadInput, NotFound, WrongUse
from registry.lake import Lake
from training.assembly import assemble
from training.candidates import chosen, is_committed
from training.definitions import DatasetDefinition
from training.evaluation import Interval
from training.exporting import export_study
from training.findings import Finding, Verdict, finding_from
from training.fitting import fit_candidate
from training.leaks import KINDS
from training.loading import load_model
from training.parts import Setting
from training.parts._library import Composition
from training.registration import register
from training.run_files import evaluation_file
from training.running import finding_key, newest_findings
from training.study import Candidate, Study
from training.targets import Property
from training.tracking import client, experiment_id
from training.train import StudyResult, run_study, silent, train_study

NEAR = Candidate("nearest_neighbour", ("soap",))
FINDING = Finding(
    part="count",
    title="Members",
    columns=("side", "members"),
    rows=(("train", 69), ("test", None)),
    verdict=Verdict("holds", "there are some", Interval(2.0, 1.0, 3.0)),
    notes=("Nothing is simulated here.",),
    drawn={"sides": {"train": 69}, "pair": [1.5, None]},
    metrics={"members of fusion on xrd+soap": 69.0},
)
AMOUNT, MIXED = Property("amount", "known"), Composition(("A", "B", "C"), "known")
COUNTED: list[str] = []
INTERRUPTED: dict[str, bool] = {}
UNDRAWN: set[str] = set()


@dataclass(frozen=True)
class Count:
    """A part that counts members, and how often it was run."""

    name: str = "count"
    version: str = "1"
    claim: str = "There are members"
    other: DatasetDefinition | None = None

    def run(self, setting: Setting) -> Finding:
        COUNTED.append(self.name)
        if self.name in INTERRUPTED:
            raise KeyboardInterrupt
        n = len(setting.dataset.rows("train"))
        return replace(FINDING, part=self.name, rows=(("train", n), ("test", None)))

    def draw(self, finding: Finding, path: Path) -> None:
        if path.name in UNDRAWN:
            raise ValueError(path.name)
        path.write_bytes(json.dumps(finding.drawn).encode())


def study_of(world: ModuleType, **fields: Any) -> Study:
    dataset = replace(world.DEFINITION, inputs=(world.XRD, world.SOAP))
    made = replace(
        world.STUDY, dataset=dataset, candidates=(), claim=None, parts=(Count(),), seeds=(0, 1)
    )
    return replace(made, **fields)


@pytest.fixture(scope="module")
def ran(
    tmp_path_factory: pytest.TempPathFactory, world: ModuleType
) -> tuple[Lake, Study, StudyResult]:
    """A study with one quick candidate and a part, run once."""
    lake = Lake.open(tmp_path_factory.mktemp("ran") / "lake")
    world.fill(lake, 12, measured=True)
    study = study_of(world, candidates=(NEAR, Candidate("nearest_neighbour", ("xrd",))))
    return lake, study, run_study(lake, study)


def test_a_finding_is_the_same_when_it_is_read_back() -> None:
    assert finding_from(FINDING.json()) == FINDING
    nothing = replace(FINDING, rows=(("train", float("nan")),), verdict=None)
    with pytest.raises(BadInput, match=r"finding of count: expected finite numbers or None"):
        nothing.json()
    assert finding_from(replace(FINDING, verdict=None).json()).verdict is None


def test_a_finding_is_kept_and_not_found_twice(ran: tuple[Lake, Study, StudyResult]) -> None:
    lake, study, first = ran
    before = len(COUNTED)
    again = run_study(lake, study)
    assert len(COUNTED) == before
    (one,), (other,) = first.findings, again.findings
    assert (one.reused, other.reused) == (False, True)
    assert (one.run_id, one.finding) == (other.run_id, other.finding)
    assert again.run_id == first.run_id
    assert json.loads(other.picture.read_text()) == FINDING.drawn
    run_study(lake, study, parts=["count"], force=True)
    assert len(COUNTED) == before + 1


def test_what_decides_a_finding_is_its_identity(
    ran: tuple[Lake, Study, StudyResult], world: ModuleType
) -> None:
    lake, study, _ = ran
    changes: dict[str, dict[str, Any]] = {
        "version": {"parts": (Count(version="2"),)},
        "field": {"parts": (Count(claim="Other"),)},
        "metric": {"metric": "accuracy"},
        "dataset of the part": {"parts": (Count(other=world.DEFINITION),)},
    }
    for what, change in changes.items():
        other = replace(study, **change)
        before = len(COUNTED)
        assert not run_study(lake, other, parts=["count"]).findings[0].reused, what
        assert run_study(lake, other, parts=["count"]).findings[0].reused, what
        assert len(COUNTED) == before + 1
    assert not run_study(lake, study, (0,), parts=["count"]).findings[0].reused


@dataclass(frozen=True)
class CountRich(Count):
    """A part that reads a property and a composition of every member."""

    amount: Property = AMOUNT
    composition: Composition = MIXED


def test_a_finding_is_told_by_the_properties_it_reads(empty: Lake, world: ModuleType) -> None:
    world.fill(empty, 8)
    study = study_of(world)
    ids = [member.entity_id for member in assemble(empty, study.dataset).members]

    def keys(**changed: float) -> tuple[str, str]:
        known = {"amount": 1.0, "A": 0.2, "B": 0.3, "C": 0.5, "unread": 1.0, **changed}
        labels = [Label(i, name, "known", value=v) for i in ids for name, v in known.items()]
        write_properties(empty, labels, replace=True)
        setting = Setting(empty, study, assemble(empty, study.dataset), (0, 1), silent)
        return finding_key(setting, CountRich()), finding_key(setting, Count())

    first, poor = keys()
    assert keys(unread=2.0) == (first, poor)
    changed = [keys(amount=2.0), keys(B=0.4)]
    assert {key for _, key in changed} == {poor}
    assert len({first, *(key for key, _ in changed)}) == 3
    assert keys() == (first, poor)


def test_an_interrupted_study_goes_on_where_it_was(
    empty: Lake, world: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(empty, 8)
    study = replace(study_of(world), parts=(Count("a"), Count("b"), Count("c")))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setitem(INTERRUPTED, "b", True)
        run_study(empty, study)
    mlflow = client(empty)
    experiment = experiment_id(mlflow, empty, "minerals")
    (parent,) = mlflow.search_runs([experiment], "tags.kind = 'study'")
    assert parent.info.status == "KILLED"
    assert set(newest_findings(empty, "minerals")) == {"a"}
    COUNTED.clear()
    result = run_study(empty, study)
    assert COUNTED == ["b", "c"]
    assert result.run_id == parent.info.run_id
    assert mlflow.get_run(result.run_id).info.status == "FINISHED"
    assert result.decision is result.verdict is None


def test_what_was_found_is_kept_even_when_it_cannot_be_drawn(
    ran: tuple[Lake, Study, StudyResult],
) -> None:
    lake, study, _ = ran
    other = replace(study, parts=(Count("plain"),))
    UNDRAWN.add("minerals-plain.png")
    with pytest.raises(ValueError, match="minerals-plain"):
        run_study(lake, other, (5,), parts=["plain"])
    UNDRAWN.clear()
    (kept,) = run_study(lake, other, (5,), parts=["plain"]).findings
    assert kept.reused
    artifacts = lake.path / "mlflow" / "artifacts" / kept.run_id / "artifacts" / "evaluation"
    assert (artifacts / kept.picture.name).read_bytes() == kept.picture.read_bytes()


def test_runs_of_candidates_and_parts_are_below_that_of_the_study(
    ran: tuple[Lake, Study, StudyResult],
) -> None:
    lake, study, result = ran
    mlflow = client(lake)
    experiment = experiment_id(mlflow, lake, study.name)
    below = mlflow.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{result.run_id}'")
    kinds = {run.data.tags.get("candidate", run.data.tags.get("part")) for run in below}
    assert kinds == {*(c.key for c in study.candidates), "count"}
    parent = mlflow.get_run(result.run_id)
    assert parent.data.params["seeds"] == "0,1"
    assert parent.data.params["manifest"] == result.dataset.manifest
    for run in (parent, *below):
        assert run.data.tags["code_version"]
        folder = lake.path / "mlflow" / "artifacts" / run.info.run_id / "artifacts" / "evaluation"
        packages = json.loads((folder / "environment.json").read_text())["packages"]
        assert {"numpy", "mlflow", "torch"} <= set(packages)
        dataset = json.loads((folder / "dataset.json").read_text())
        assert dataset["manifest"] == result.dataset.manifest
        assert dataset["coverage"]
    part = next(run for run in below if "part" in run.data.tags)
    assert part.data.metrics == {"members of fusion on xrd and soap": 69.0}
    assert part.data.tags["verdict"] == "holds"
    candidate = next(run for run in below if run.data.tags.get("candidate") == NEAR.key)
    assert candidate.data.metrics["test_balanced_accuracy"] > 0.4
    assert candidate.data.tags["committed"] == "yes"


def test_what_was_cut_off_half_way_is_not_taken_for_a_finding(
    ran: tuple[Lake, Study, StudyResult],
) -> None:
    lake, study, result = ran
    mlflow = client(lake)
    experiment = experiment_id(mlflow, lake, study.name)
    tags = {"kind": "part", "part": "half", "mlflow.parentRunId": result.run_id}
    mlflow.create_run(experiment, tags=tags)
    assert "half" not in newest_findings(lake, study.name)


def test_an_unknown_part_is_answered_with_those_there_are(
    ran: tuple[Lake, Study, StudyResult],
) -> None:
    lake, study, _ = ran
    with pytest.raises(NotFound, match="part of minerals 'half'; there are: count"):
        run_study(lake, study, parts=["half"])


def test_algorithms_beyond_the_study_are_chosen_by_name(world: ModuleType) -> None:
    study = world.STUDY
    assert [c.key for c in chosen(study, ["mlp"])] == ["mlp on xrd", "mlp on xrd+xpdf+soap"]
    (one,) = chosen(study, ["random_forest on soap"])
    assert one == Candidate("random_forest", ("soap",))
    assert chosen(study, ["cnn1d"]) == [world.CNN]
    assert chosen(study, None) == list(study.candidates)
    assert is_committed(study, world.CNN)
    assert not is_committed(study, one)
    assert not is_committed(study, replace(world.CNN, settings={"epochs": 7}))
    with pytest.raises(NotFound, match="input 'ins'"):
        chosen(study, ["random_forest on ins"])
    with pytest.raises(WrongUse, match="1 to 1 inputs"):
        chosen(study, ["cnn1d on xrd+xpdf"])


def test_what_was_added_is_marked_and_the_study_says_what_it_was(
    ran: tuple[Lake, Study, StudyResult], tmp_path: Path
) -> None:
    lake, study, _ = ran
    train_study(lake, study, models=["random_forest on soap"])
    target, *pictures = export_study(lake, study, tmp_path, tmp_path / "pictures")
    found = json.loads(target.read_text())
    assert {row["candidate"]: row["added"] for row in found["models"]} == {
        "nearest_neighbour on soap": False,
        "nearest_neighbour on xrd": False,
        "random_forest on soap": True,
    }
    assert len(found["pairs"]) == 3
    assert [part["part"] for part in found["findings"]] == ["count"]
    assert found["findings"][0]["claim"] == "There are members"
    assert found["data"]["definition"] == json.loads(study.dataset.json())
    assert found["seeds"] == [0, 1]
    assert 0 < found["seconds"] < 600
    assert all(path.is_file() for path in pictures)
    assert {p.name for p in pictures} == {"minerals-count.png", "minerals-comparison.png"}
    measured = {row["candidate"]: row["gap"] for row in found["models"]}
    assert measured["nearest_neighbour on soap"] is None
    assert measured["nearest_neighbour on xrd"] is not None


def test_a_file_of_a_run_that_is_not_there_is_none(
    ran: tuple[Lake, Study, StudyResult], tmp_path: Path
) -> None:
    lake, _, result = ran
    assert evaluation_file(lake, result.run_id, "nothing.json", str(tmp_path)) is None


def test_a_transferred_model_names_its_parent(ran: tuple[Lake, Study, StudyResult]) -> None:
    lake, study, result = ran
    dataset = result.dataset
    # the parent was stopped by the same validation side
    study = replace(study, allowed_leaks=dict.fromkeys(KINDS, "one split for both"))
    fitted = fit_candidate(dataset, NEAR, (0, 1), silent, metric=study.judged_by)
    row = register(lake, client(lake), study, dataset, fitted, parent="minerals/1")
    card = load_model(lake, "minerals", row["version"]).card
    assert card.parent == "minerals/1"
    assert card.leaks is not None
    version = client(lake).get_model_version("minerals", str(row["version"]))
    assert version.tags["parent"] == "minerals/1"
    with pytest.raises(NotFound, match="version of minerals '99'"):
        register(lake, client(lake), study, dataset, fitted, parent="minerals/99")


def test_a_study_of_parts_alone_has_nothing_to_train(
    ran: tuple[Lake, Study, StudyResult], world: ModuleType
) -> None:
    lake, _, _ = ran
    with pytest.raises(WrongUse, match="a study with candidates, found parts alone"):
        train_study(lake, study_of(world))
