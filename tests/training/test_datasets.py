"""Datasets: what is in, on which side, under which hash; and what is refused before training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.errors import BadInput
from registry.lake import Lake
from training.assembly import assemble
from training.definitions import (
    DatasetDefinition,
    FeatureInput,
    SpectrumInput,
    Split,
    definition_from,
)
from training.splits import leaks


def test_a_definition_survives_its_json(world):
    assert definition_from(world.DEFINITION.json()) == world.DEFINITION


def test_blocks_members_and_labels_belong_together(minerals, world):
    data = assemble(minerals, world.DEFINITION)
    assert data.class_names == world.SYSTEMS  # from low to high symmetry, not by alphabet
    assert {n: b.shape for n, b in data.blocks.items()} == {
        "xrd": (108, 120),
        "xpdf": (108, 100),
        "soap": (108, 12),
    }
    rows = minerals.sql("SELECT entity_id, vector FROM features").to_pylist()
    stored = {row["entity_id"]: row["vector"] for row in rows}
    for member, label, vector in zip(data.members, data.labels, data.blocks["soap"], strict=True):
        assert member.entity_id.startswith(data.class_names[label])
        assert np.array_equal(vector, np.array(stored[member.entity_id], dtype=np.float32))
    assert np.abs(data.blocks["xrd"]).max(axis=1) == pytest.approx(1.0)


def test_no_mineral_is_on_two_sides(minerals, world):
    assert leaks(assemble(minerals, world.DEFINITION).members) == []


def test_a_random_split_leaks_and_the_audit_says_so(minerals, world):
    data = assemble(minerals, replace(world.DEFINITION, split=Split(by="random")))
    assert any(leak.what == "mineral name" for leak in leaks(data.members))


def test_the_manifest_depends_on_content_only(empty, minerals, world):
    here = assemble(minerals, world.DEFINITION)
    for start in (16, 8, 0):  # other commits, another order, other table versions
        world.fill(empty, 8, start)
    there = assemble(empty, world.DEFINITION)
    assert there.snapshot != here.snapshot
    assert there.manifest == here.manifest
    other = replace(world.DEFINITION, split=Split(seed=1))
    assert assemble(empty, other).manifest != here.manifest


def test_an_old_snapshot_gives_the_old_dataset(empty, world):
    world.fill(empty, 8)
    then = empty.snapshot()
    first = assemble(empty, world.DEFINITION)
    world.fill(empty, 4, 8)
    assert assemble(empty, world.DEFINITION).manifest != first.manifest
    assert assemble(empty, world.DEFINITION, then).manifest == first.manifest


def test_a_dataset_is_noted_once(minerals, world):
    data = assemble(minerals, world.DEFINITION)
    assert assemble(minerals, world.DEFINITION).manifest == data.manifest
    query = "SELECT count(*) AS n FROM {} WHERE manifest = $1"
    for table, rows in (("datasets", 1), ("dataset_members", len(data.members))):
        assert minerals.sql(query.format(table), [data.manifest])["n"][0].as_py() == rows


def test_what_is_left_out_is_counted_by_reason(empty, world):
    world.fill(empty, 8)
    lone = [world.material(f"lone{i}", 0, "cubic") for i in range(4)]
    empty.append("materials", lone)
    short = world.curve(world.XRD, "lone0-0", np.linspace(2, 3, 9), np.ones(9))
    empty.append("spectra", [short])
    q = np.linspace(0.4, 5.8, 50)
    empty.append("spectra", [world.curve(world.XRD, "lone1-0", q, np.full(50, np.nan))])
    for source in (world.XRD, world.XPDF):
        x = np.linspace(0, 25, 50)
        empty.append("spectra", [world.curve(source, "lone2-0", x, np.ones(50))])
    refusal = {"entity_id": "lone2-0", "view_id": world.SOAP.identity(), "refused": "site 3: odd"}
    empty.append("features", [refusal])
    assert assemble(empty, world.DEFINITION).left_out == {
        "xrd: does not cover the grid 0.6 to 5.6": 1,
        "xrd: no finite signal on the grid": 1,
        "xrd: not in the lake": 1,
        "soap: refused by the descriptor": 1,
    }


def test_measured_curves_of_test_members_are_kept_apart(empty, world):
    world.fill(empty, 12, measured=True)
    plain = assemble(empty, replace(world.DEFINITION, inputs=(world.XRD, world.SOAP)))
    assert plain.measured is not None
    assert set(plain.measured.rows) == set(plain.rows("test"))
    row = plain.measured.rows[0]
    assert "xrd-experimental-" in plain.members[row].spectra[1]
    assert not np.array_equal(plain.measured.blocks["xrd"][0], plain.blocks["xrd"][row])
    # no measured PDF: who reads patterns alone is judged on measured ones, who reads both is not
    both = assemble(empty, world.DEFINITION)
    alone = both.reading(("xrd", "soap"))
    assert alone.measured is not None
    assert np.array_equal(alone.measured.blocks["xrd"], plain.measured.blocks["xrd"])
    assert set(alone.measured_inputs(("xrd", "soap"))) == {"xrd", "soap"}
    assert both.reading(("xrd", "xpdf")).measured is None
    assert both.reading(("soap",)).measured is None


def one_class(lake: Lake, world) -> DatasetDefinition:
    return replace(world.DEFINITION, where="crystal_system = 'cubic'")


def no_material(lake: Lake, world) -> DatasetDefinition:
    return replace(world.DEFINITION, where="false")


def no_pattern(lake: Lake, world) -> DatasetDefinition:
    npd = SpectrumInput("npd", "npd", (0.6, 5.6, 50))
    return replace(world.DEFINITION, inputs=(world.XRD, npd))


def no_feature(lake: Lake, world) -> DatasetDefinition:
    return replace(world.DEFINITION, inputs=(world.XRD, FeatureInput("rdc", "rdc")))


def no_label(lake: Lake, world) -> DatasetDefinition:
    lake.append("materials", [{**world.material("odd", 0, "cubic"), "crystal_system": None}])
    return world.DEFINITION


def few_groups(lake: Lake, world) -> DatasetDefinition:
    return replace(world.DEFINITION, min_groups=9)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (one_class, "expected two or more classes, found cubic"),
        (no_material, "expected materials where false, found none"),
        (no_pattern, "input 'npd'.*none in the lake"),
        (no_feature, "input 'rdc'.*none in the lake"),
        (no_label, "a label in 'crystal_system' for every material.*1 of 37 without"),
        (few_groups, r"9 or more independent groups in every class, found .*'cubic': 8"),
    ],
)
def test_what_no_model_can_learn_from_is_refused_first(empty, world, break_it, message):
    world.fill(empty, 8)
    with pytest.raises(BadInput, match=message):
        assemble(empty, break_it(empty, world))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: SpectrumInput("a", "xrd", (2.0, 1.0, 10)), "low < high"),
        (lambda: Split(fractions=(0.5, 0.5, 0.0)), "three above 0 with sum 1"),
        (lambda: DatasetDefinition("d", ()), "one or more, named apart"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(wrong, message):
    with pytest.raises(BadInput, match=message):
        wrong()
