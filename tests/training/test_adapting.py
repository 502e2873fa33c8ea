"""A registered network brought over to another dataset, on invented minerals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from typer.testing import CliRunner

from registry.errors import BadInput, NotFound, Unsupported, WrongUse
from registry.lake import Lake
from scatterlake.cli import _load_commands, app
from training.adapting import Adaptation, Choices, adapt
from training.assembly import assemble
from training.definition_files import definition_yaml
from training.definitions import DatasetDefinition, SpectrumInput
from training.dossier import dossier
from training.loading import load_model
from training.parts._parents import with_few
from training.registration import registered, training_key
from training.study import Candidate, Study
from training.tracking import client
from training.train import train_study

GRID = (0.6, 5.6, 120)
NUMBER = "CAST(right(name, 3) AS INTEGER)"
EASY = DatasetDefinition("simulated", (SpectrumInput("xrd", "xrd", GRID),), where=f"{NUMBER} < 12")
HARD = DatasetDefinition(
    "measured",
    (SpectrumInput("xrd", "xrd", GRID, measured=True),),
    where=f"{NUMBER} BETWEEN 12 AND 19",
)
ALIKE = {"near-duplicate curve": "invented minerals of one system are alike on purpose"}
QUICK = Choices(settings={"epochs": 4}, allowed_leaks=ALIKE)
STUDY = Study(
    name="systems",
    title="Crystal system of invented minerals",
    question="Which?",
    dataset=EASY,
    candidates=(
        Candidate("cnn1d", ("xrd",), {"epochs": 6, "hidden": 16}),
        Candidate("nearest_neighbour", ("xrd",)),
    ),
    reference="none",
    seeds=(0,),
    allowed_leaks=ALIKE,
)


@pytest.fixture(scope="module")
def lake(world, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with a network (version 1) and a model that is none (version 2)."""
    lake = Lake.open(tmp_path_factory.mktemp("adapting") / "lake")
    world.fill(lake, 27, measured=True)
    train_study(lake, STUDY)
    return lake


@pytest.fixture(scope="module")
def child(lake: Lake) -> Adaptation:
    return adapt(lake, "systems/1", HARD, size=9, choices=QUICK)


def weights(lake: Lake, name: str, version: int) -> dict[str, np.ndarray]:
    state = load_model(lake, name, version).fitted.network.state_dict()
    return {key: value.cpu().numpy() for key, value in state.items()}


def test_a_child_names_its_parent_and_the_parent_its_child(lake, child):
    name = f"{child.row['model']}/{child.row['version']}"
    own, parent = dossier(lake, *name.split("/")), dossier(lake, "systems", 1)
    assert own.card.parent == child.parent == "systems/1"
    assert own.ancestors == ["systems/1"]
    assert name in parent.children
    assert own.card.leaks["pretraining"] == parent.card.manifest
    # curves of one system are alike: what was found is allowed, with the reason on the card
    assert own.card.leaks["allowed"] == ALIKE
    assert own.card.leaks["found"].keys() == ALIKE.keys()


def test_its_way_stands_beside_zero_shot_and_from_scratch(child):
    assert set(child.scores) == {"zero-shot", "from scratch", "fine-tuning"}
    for score in child.scores.values():
        assert score.low <= score.value <= score.high
    for way, gain in child.gains.items():
        difference = child.scores["fine-tuning"].value - child.scores[way].value
        assert gain.value == pytest.approx(difference)
    assert child.row["score_measured"] == pytest.approx(child.scores["fine-tuning"].value)


def test_zero_shot_is_what_the_parent_says_of_the_test_side(lake, child):
    hard = assemble(lake, HARD)
    rows = hard.rows("test")
    parent = load_model(lake, "systems", 1)
    said = parent.fitted.probabilities(hard.take(["xrd"], rows)).argmax(axis=1)
    expected = balanced_accuracy_score(hard.labels[rows], said)
    assert child.scores["zero-shot"].value == pytest.approx(expected)
    assert child.n_test == (len(rows), len(set(hard.groups(rows))))


def test_it_learnt_from_as_many_as_were_asked_for(child):
    assert child.size == child.row["n_train"] == 9
    assert child.result.settings["epochs"] == child.result.settings["patience"] == 4
    assert child.result.settings["unfreeze_every"] > 0
    assert child.result.settings["hidden"] == 16


def test_a_training_is_told_by_its_parent_and_how_many_members_it_was_given(lake, child):
    hard = assemble(lake, HARD).reading(("xrd",))
    candidate = Candidate("cnn1d", ("xrd",), dict(child.result.settings))
    name, metric = child.row["model"], child.row["metric"]

    def found(size: int | None, parent: str | None) -> bool:
        key = training_key(with_few(hard, size, 0), candidate, (0,), metric, parent)
        return registered(lake, client(lake), name, key) is not None

    assert found(9, "systems/1")
    assert not found(9, "systems/2")
    assert not found(10, "systems/1")
    assert not found(None, None), "retraining it from scratch would be taken for done"


def test_what_is_aligned_sees_curves_without_labels_and_may_be_a_grandchild(lake, child):
    name = f"{child.row['model']}/{child.row['version']}"
    others = replace(EASY, name="others", where=f"{NUMBER} >= 20")
    found = adapt(lake, name, others, way="coral", size=6, seed=1, choices=QUICK)
    assert found.way == found.result.settings["align"] == "coral"
    own = dossier(lake, found.row["model"], found.row["version"])
    assert own.ancestors == [name, "systems/1"]
    # what its grandparent learnt from cannot be what it is judged by
    with pytest.raises(BadInput, match=r"without leaks.*pre-training"):
        adapt(lake, name, replace(EASY, name="seen"), choices=QUICK)


GRIDDED = replace(HARD, inputs=(SpectrumInput("xrd", "xrd", (1.0, 5.0, 50), measured=True),))
RENAMED = replace(HARD, inputs=(SpectrumInput("pattern", "xrd", GRID, measured=True),))
FEWER = replace(HARD, where=f"{HARD.where} AND crystal_system <> 'cubic'")
GROUPS = replace(HARD, target="space_group_number")
SEEN = replace(HARD, where=f"{NUMBER} < 16")


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"definition": GRIDDED}, BadInput, "xrd on the grid 0.6 to 5.6, 120 points"),
        ({"definition": RENAMED}, BadInput, "only pattern"),
        ({"definition": FEWER}, BadInput, "classes of the parent: .*cubic"),
        ({"definition": GROUPS}, BadInput, "classes of the parent"),
        ({"definition": replace(HARD, target="density", task="regression")}, BadInput, "regr"),
        ({"definition": SEEN}, BadInput, "without leaks.*pre-training"),
        ({"choices": Choices({"hidden": 8}, ALIKE)}, BadInput, "parent: expected options"),
        ({"choices": Choices({"layers": 8}, ALIKE)}, WrongUse, "layers"),
        ({"choices": Choices()}, BadInput, "without leaks.*near-duplicate curve"),
        ({"parent": "systems/2"}, Unsupported, "a network that can be gone on from"),
        ({"parent": "systems/9"}, NotFound, "version of systems"),
        ({"way": "distil"}, WrongUse, "fine_tune"),
        ({"size": 1}, WrongUse, "2 or more"),
        ({"size": 9000}, BadInput, "9000 or more"),
    ],
)
def test_what_does_not_fit_is_refused(lake, changed, error, says):
    asked = {"parent": "systems/1", "definition": HARD, "size": 9, "choices": QUICK, **changed}
    versions = len(lake.sql("SELECT 1 FROM models"))
    with pytest.raises(error, match=says):
        adapt(lake, **asked)
    assert len(lake.sql("SELECT 1 FROM models")) == versions


def test_the_command_prints_the_table_and_the_line_of_descent(lake, tmp_path: Path):
    _load_commands()
    file = tmp_path / "hard.yaml"
    file.write_text(definition_yaml(replace(HARD, name="few")))
    kind, reason = next(iter(ALIKE.items()))
    options = ["--size", "6", "--way", "feature_extraction", "--set", "epochs=2"]
    options += ["--allow", f"{kind}={reason}"]

    def run(*words: str) -> str:
        where = ["--lake", str(lake.path)]
        done = CliRunner().invoke(app, [*words, *where], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    told = run("transfer", "systems/1", "--to", str(file), *options)
    for way in ("zero-shot", "from scratch", "feature extraction", "shuffled labels"):
        assert way in told
    assert "systems-on-few/1: transferred from systems/1" in told
    assert "transferred to systems-on-few/1" in run("models", "show", "systems/1")
    # only the head learnt
    before, after = weights(lake, "systems", 1), weights(lake, "systems-on-few", 1)
    changed = {key for key, value in after.items() if not np.array_equal(value, before[key])}
    assert changed
    assert all(key.startswith("head.") for key in changed)
