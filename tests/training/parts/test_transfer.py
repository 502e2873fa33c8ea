"""Transfer from an easy set of patterns to a hard one, on invented patterns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.labels import Label, write_properties
from registry.errors import BadInput, Unsupported, WrongUse
from registry.lake import Lake, now
from training.assembly import assemble
from training.definitions import DatasetDefinition, SpectrumInput, Split
from training.evaluation import bootstrap
from training.findings import Finding, finding_from
from training.metrics import metric_named
from training.parts import Setting
from training.parts._adapting import CONTROL, SCRATCH, TUNED, ZERO, Task, adapt, few, picked
from training.parts._resampled import interval_of, resampled
from training.parts._searching import ALL, EASY
from training.parts._sides import Side
from training.parts.transfer import AUGMENTED, PLAIN, Transfer
from training.study import Study
from training.targets import Property

CLASSES = ("a", "b", "c")
GRID = (0.6, 5.6, 120)
TARGET = Property("class", "invented")
FAMILY = Property("family", "invented")


def pattern(rng: np.random.Generator, label: int, hard: bool) -> np.ndarray:
    """Peaks at places of the class; hard ones are wider, on a background, and a little off."""
    q = np.linspace(0.4, 5.8, 300)
    centres = 1.0 + 0.5 * label + np.array([0.0, 0.9, 2.1]) + rng.normal(0, 0.03, 3)
    centres = centres * (1.01 if hard else 1.0)
    width = 0.12 if hard else 0.05
    shape = np.exp(-(((q[:, None] - centres) / width) ** 2) / 2) * rng.uniform(0.3, 1.0, 3)
    ground = 0.5 * np.exp(-q) if hard else 0.0
    return 100 * (shape.sum(axis=1) + ground + 0.02 * rng.random(len(q)))


def fill(lake: Lake, n: int) -> None:
    """Simulated and measured spectra of all classes; two measured ones make a family."""
    spectra, labels = [], []
    for kind, hard in (("simulated", False), ("experimental", True)):
        for i in range(n):
            rng = np.random.default_rng([i, hard])
            entity = f"{kind}-{i:03d}"
            spectra.append(
                {
                    "spectrum_id": entity,
                    "technique": "xrd",
                    "kind": kind,
                    "x": np.linspace(0.4, 5.8, 300),
                    "x_unit": "1/angstrom",
                    "shape": [300],
                    "intensity": pattern(rng, i % 3, hard).astype(np.float32),
                    "producer": "test",
                    "ingested_at": now(),
                }
            )
            labels.append(Label(entity, TARGET.name, TARGET.method, text=CLASSES[i % 3]))
            family = f"{kind}-{i // 6}-{i % 3}"
            labels.append(Label(entity, FAMILY.name, FAMILY.method, text=family))
    lake.append("spectra", spectra)
    write_properties(lake, labels)


def definition(kind: str, measured: bool) -> DatasetDefinition:
    return DatasetDefinition(
        kind,
        (SpectrumInput("xrd", "xrd", GRID, measured=measured),),
        TARGET,
        where=f"kind = '{kind}'",
        split=Split(fractions=(0.5, 0.2, 0.3), together=FAMILY),
        entity="spectrum",
    )


HARD = definition("experimental", measured=True)
NUMBER = "CAST(right(spectrum_id, 3) AS INTEGER)"
PART = Transfer(
    "toy",
    "Toy transfer",
    definition("simulated", measured=False),
    HARD,
    sizes=(3, 12),
    network={"hidden": 16, "dropout": 0.0},
    parent={"epochs": 6},
    child={"epochs": 8, "batch": 8},
    aligned={"epochs": 2},
    augmentation={"strain": 0.02, "broadening": 0.05, "background": 0.3},
)
STUDY = Study("toy", "Toy", "Does it transfer?", PART.easy, "none", parts=(PART,), seeds=(0, 1))


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    lake = Lake.open(tmp_path_factory.mktemp("transfer") / "lake")
    fill(lake, 90)
    return Setting(lake, STUDY, assemble(lake, PART.easy), STUDY.seeds, lambda _: None)


@pytest.fixture(scope="module")
def finding(setting: Setting) -> Finding:
    return PART.run(setting)


def rows(finding: Finding) -> dict[tuple, dict]:
    cells = [dict(zip(finding.columns, row, strict=True)) for row in finding.rows]
    return {(r["way"], r["variant"], r["of the hard set"]): r for r in cells}


def test_every_way_is_told_with_its_interval_and_baselines(finding):
    found = rows(finding)
    assert len(found) == len(finding.rows)
    for variant in (PLAIN, AUGMENTED):
        assert (ZERO, variant, 0) in found
        for size in PART.sizes:
            for way in (SCRATCH, "feature extraction", TUNED):
                row = found[way, variant, size]
                assert row["low"] <= row["balanced accuracy"] <= row["high"]
                assert row["among the first 1"] <= row["among the first 3"] == 1.0
                assert 1 <= row["classes in a set"] <= 3
    assert found["most frequent class", "", 0]["balanced accuracy"] == pytest.approx(1 / 3)
    assert {("coral", AUGMENTED, 12), ("dann", AUGMENTED, 12), (ALL, "", 12)} <= found.keys()
    easy = found[f"{ZERO}, on the easy test side", PLAIN, 0]
    assert easy["balanced accuracy"] > 0.8


def test_the_verdict_is_that_of_tuning_and_every_claim_is_told(finding):
    assert finding.verdict is not None
    assert "fine-tuning, augmented, 12 minus from scratch, augmented, 12" in finding.verdict.reason
    told = [note for note in finding.notes if note.startswith("Claim")]
    assert {note.split("'")[1] for note in told} == {"tuning", "gap", "search", "augmentation"}
    found = rows(finding)
    gain = (
        found[TUNED, AUGMENTED, 12]["balanced accuracy"]
        - found[SCRATCH, AUGMENTED, 12]["balanced accuracy"]
    )
    assert finding.verdict.interval.value == pytest.approx(gain)
    gap = (
        found[f"{ZERO}, on the easy test side", AUGMENTED, 0]["balanced accuracy"]
        - found[ZERO, AUGMENTED, 0]["balanced accuracy"]
    )
    assert finding.metrics["claim gap"] == pytest.approx(gap)


def test_on_shuffled_labels_it_falls_to_chance(finding):
    row = rows(finding)[CONTROL, AUGMENTED, 12]
    assert row["balanced accuracy"] < 0.6
    assert any(note.startswith("Control") for note in finding.notes)


def test_a_finding_is_kept_as_plain_data_and_drawn_from_it(finding, tmp_path: Path):
    read = finding_from(finding.json())
    assert json.loads(read.json()) == json.loads(finding.json())
    PART.draw(read, tmp_path / "toy.png")
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_it_finds_the_same_again(setting):
    small = replace(PART, sizes=(3,), aligns={}, augmentation={}, parent={"epochs": 2})
    once = replace(setting, seeds=(0,))
    found = small.run(once)
    assert found == small.run(once)
    assert {row[1] for row in found.rows} == {"", PLAIN}


def test_members_of_the_test_side_are_never_learnt_from(setting):
    hard = assemble(setting.lake, HARD)
    easy = setting.dataset
    task = next(iter(PART._tasks(setting, easy, hard)))
    learnt = few(task, 12)
    asked = hard.take(["xrd"], hard.rows("test"))["xrd"]
    assert len(learnt.inputs["xrd"]) == 12
    assert not {r.tobytes() for r in learnt.inputs["xrd"]} & {r.tobytes() for r in asked}
    groups = {side: set(hard.groups(hard.rows(side))) for side in ("train", "test")}
    assert not groups["train"] & groups["test"]


def test_a_child_that_learns_nothing_answers_like_its_parent(setting):
    hard = assemble(setting.lake, HARD)
    task: Task = next(iter(PART._tasks(setting, setting.dataset, hard)))
    still = replace(task.schooling, child={**task.schooling.child, "learning_rate": 1e-12})
    found = {a.way: a for a in adapt(replace(task, schooling=still, sizes=(3,)))}
    # not fine-tuning: what is awake takes over the statistics of its batches
    apart = found["feature extraction"].test - found[ZERO].test
    assert np.abs(apart).max() < 1e-4
    assert np.abs(found[SCRATCH].test - found[ZERO].test).max() > 0.1


def test_members_are_drawn_class_by_class_and_a_smaller_draw_is_part_of_a_larger():
    labels = np.array([0] * 30 + [1] * 3 + [2] * 12)
    small, large = picked(labels, 9, seed=4), picked(labels, 25, seed=4)
    assert np.bincount(labels[small]).tolist() == [3, 3, 3]
    assert np.bincount(labels[large]).tolist() == [11, 3, 11]
    assert set(small) <= set(large)
    assert picked(labels, 9, seed=5).tolist() != small.tolist()
    with pytest.raises(BadInput, match="expected 46 or more, found 45"):
        picked(labels, 46, seed=0)


def test_resamples_of_one_side_are_those_of_the_usual_interval():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 3, 60), [rng.integers(0, 3, 60) for _ in range(2)]
    groups = tuple(f"g{i // 3}" for i in range(60))
    metric = metric_named("balanced_accuracy")
    found = interval_of(resampled(Side(metric, truth, groups), said, seed=0))
    usual = bootstrap(metric, np.tile(truth, 2), np.concatenate(said), [*groups] * 2)
    assert (found.value, found.low, found.high) == pytest.approx(
        (usual.value, usual.low, usual.high)
    )


def test_a_search_of_all_that_is_known_has_seen_both(finding):
    found = rows(finding)
    assert found[EASY, "", 0]["calibration error"] is None
    assert found[ALL, "", 12]["balanced accuracy"] > 0.5


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"sizes": (10, 3)}, WrongUse, "sizes"),
        ({"sizes": ()}, WrongUse, "sizes"),
        ({"sizes": (3, 9000)}, BadInput, "9000 or more"),
        ({"model": "nearest_neighbour"}, WrongUse, "setting"),
        ({"hard": replace(HARD, task="regression")}, Unsupported, "classification"),
        (
            {"hard": replace(HARD, inputs=(SpectrumInput("xrd", "xrd", (1.0, 5.0, 50)),))},
            BadInput,
            "one grid",
        ),
        (
            {"hard": replace(HARD, where=f"{HARD.where} AND {NUMBER} % 3 > 0")},
            BadInput,
            "classes",
        ),
    ],
)
def test_what_cannot_be_is_refused(setting, changed, error, says):
    with pytest.raises(error, match=says):
        replace(PART, aligns={}, **changed).run(replace(setting, seeds=(0,)))
