"""A bad file among the training data: from its retraction to the next champion, and back."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from registry.errors import BadInput
from registry.identity import digest
from registry.lake import Lake
from registry.lineage.retractions import restore, retract
from training.assembly import assemble
from training.blocks import read_block
from training.lookup import champion, find_models, model_rows
from training.promotion import HoldOut, challenge, decide
from training.retrain import retrain
from training.study import Study
from training.tracking import client
from training.train import train_study


def with_files(lake: Lake) -> None:
    """Give every mineral a file of its own, which holds all its determinations."""
    rows = lake.sql("SELECT * FROM materials").to_pylist()
    lake.replace("materials", [{**row, "file_digest": digest(row["name"])} for row in rows])


@pytest.fixture(scope="module")
def study(world: ModuleType) -> Study:
    """The quick one of two candidates, of which only the trees are trained."""
    dataset = replace(world.DEFINITION, inputs=(world.XRD, world.SOAP))
    fusion = replace(world.FUSION, inputs=("xrd", "soap"))
    claim = replace(world.STUDY.claim, candidate=fusion.key, against=(world.TREES.key,))
    return replace(world.STUDY, dataset=dataset, candidates=(world.TREES, fusion), claim=claim)


@pytest.fixture
def lake(empty: Lake, world: ModuleType) -> Lake:
    world.fill(empty, 8)
    with_files(empty)
    return empty


def stale(lake: Lake) -> dict[int, bool]:
    return {row["version"]: row["stale"] for row in model_rows(lake, "minerals")}


def leading(lake: Lake) -> int:
    row = champion(lake, "minerals")
    assert row is not None
    return int(row["version"])


def test_a_bad_file_leads_to_a_clean_champion_and_back(lake: Lake, study: Study) -> None:
    trees = ["hist_gradient_boosting"]
    first = train_study(lake, study, models=trees).dataset
    then = lake.snapshot()
    bad = next(m for m in first.members if m.split == "train" and m.entity_id.endswith("-1"))
    siblings = {m.entity_id for m in first.members if m.name == bad.name}

    found = retract(lake, digest(bad.name), "powder was wet", "A. Nother")
    assert found.models == ("minerals/1",)
    assert found.counts["materials"] == len(siblings) == 2
    assert found.counts["predictions"] == len(first.rows("test"))
    assert stale(lake) == {1: True}
    assert lake.sql("SELECT stale FROM datasets").to_pylist() == [{"stale": True}]
    # it stays champion until another is there
    assert not challenge(lake, client(lake), first, "minerals", 1).promote
    assert leading(lake) == 1

    outcome = retrain(lake, study)
    assert outcome.trained
    assert outcome.decision is not None
    assert outcome.decision.promote
    assert "champion is stale and challenger not shown worse" in outcome.reason
    assert stale(lake) == {1: True, 2: False}
    assert leading(lake) == 2
    read = lake.sql("SELECT entity_id FROM dataset_members WHERE manifest = $1", [outcome.manifest])
    members = set(read["entity_id"].to_pylist())
    assert members == {m.entity_id for m in first.members} - siblings
    left_out = lake.sql("SELECT left_out FROM datasets WHERE manifest = $1", [outcome.manifest])
    assert left_out["left_out"].to_pylist() == ['{"material: retracted":2}']

    # the old snapshot gives the old dataset, and whoever trains on it has a stale model
    assert assemble(lake, study.dataset, then).manifest == first.manifest
    again = train_study(lake, study, models=trees, snapshot=then, force=True)
    assert not again.decision.promote
    assert "retracted" in again.decision.reason
    assert leading(lake) == 2
    assert stale(lake) == {1: True, 2: False, 3: True}
    assert find_models(lake)[0]["version"] == 2  # best first, stale ones last

    restore(lake, digest(bad.name), "it was dry", "A. Nother")
    assert stale(lake) == {1: False, 2: False, 3: False}
    assert assemble(lake, study.dataset).manifest == first.manifest


def test_a_stale_champion_is_replaced_also_when_nothing_can_be_decided() -> None:
    few = HoldOut("measured", ("a", "b"), ("1", "2"), ("a", "b"), ("b", "a"))
    decision = decide(few, champion_is_stale=True)
    assert decision.promote
    assert "champion is stale" in decision.reason
    assert "not decidable" in decision.reason
    assert not decide(few).promote


def test_another_spectrum_takes_the_place_of_a_retracted_one(lake: Lake, world: ModuleType) -> None:
    owner = "cubicite000-0"
    q = np.linspace(0.4, 5.8, 90)
    second = world.curve(world.XRD, owner, q, 1 + np.sin(q) ** 2)
    lake.append("spectra", [{**second, "spectrum_id": "zz-second"}])
    (first,) = read_block(lake, world.XRD, [owner]).ids
    assert first != "zz-second"
    retract(lake, first, "detector was saturated", "A. Nother")
    assert read_block(lake, world.XRD, [owner]).ids == ["zz-second"]
    retract(lake, "zz-second", "this one as well", "A. Nother")
    none = read_block(lake, world.XRD, [owner])
    assert none.ids == []
    assert none.refused == {owner: "xrd: only retracted or stale spectra"}
    left_out = assemble(lake, replace(world.DEFINITION, inputs=(world.XRD,))).left_out
    assert left_out == {"xrd: only retracted or stale spectra": 1}


def test_a_retracted_material_has_no_spectra_and_no_features_to_learn_from(
    lake: Lake, world: ModuleType
) -> None:
    owner = "cubicite000-0"
    retract(lake, owner, "wrong cell", "A. Nother")
    for source in (world.XRD, world.SOAP):
        assert read_block(lake, source, [owner]).entities == []
    (reason,) = read_block(lake, world.SOAP, [owner]).refused.values()
    assert reason == "soap: of a retracted material"


def test_when_everything_is_retracted_that_is_said(empty: Lake, world: ModuleType) -> None:
    empty.append("materials", [world.material("quartz", 0, "hexagonal")])
    retract(empty, "quartz-0", "wrong cell", "A. Nother")
    with pytest.raises(BadInput, match="found none"):
        assemble(empty, world.DEFINITION)
