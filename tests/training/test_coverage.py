"""What the lake knows of a dataset: who has what, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from registry.errors import NotFound, WrongUse
from training.assembly import assemble
from training.coverage import coverage, draw_coverage
from training.definitions import Split
from training.difference import difference
from training.stored import stored_dataset


@pytest.fixture
def lake(empty, world):
    """Minerals, of which eight cubic ones have nothing but a descriptor."""
    world.fill(empty, 10)
    bare = [world.material(f"zz{i}", 0, "cubic") for i in range(8)]
    empty.append("materials", bare)
    view = {
        "view_id": world.SOAP.identity(),
        "view": "soap",
        "vector": [float(i) for i in range(12)],
    }
    empty.append("features", [{**view, "entity_id": m["material_id"]} for m in bare])
    return empty


@pytest.fixture
def masked(world):
    inputs = tuple(replace(i, missing="mask") for i in world.DEFINITION.inputs)
    return replace(world.DEFINITION, inputs=inputs)


def test_coverage_counts_members_by_modality_class_and_side(lake, masked, world):
    data = assemble(lake, masked)
    found = coverage(lake, stored_dataset(lake, "minerals"))
    assert found.modalities == ("xrd", "xpdf", "soap")
    assert found.classes == world.SYSTEMS
    sides = Counter((m.label, m.split) for m in data.members)
    for i, name in enumerate(found.modalities):
        have = Counter((m.label, m.split) for m in data.members if name == "soap" or m.spectra)
        for j, label in enumerate(found.classes):
            for k, side in enumerate(("train", "validation", "test")):
                assert found.counts[i, j, k] == have[label, side]
                assert found.members[j, k] == sides[label, side]
    assert found.together == ((("xrd", "xpdf", "soap"), 45), (("soap",), 8))
    rows = {row[:2]: row[-1] for row in found.rows()}
    assert rows["xrd", "cubic"] == "15 of 23"
    assert rows["xrd", "monoclinic"] == "15"
    assert rows["xrd", "all"] == "45 of 53"
    assert rows["soap", "all"] == "53"


def test_measured_curves_are_a_modality_of_their_own(empty, world):
    world.fill(empty, 10, measured=True)
    data = assemble(empty, replace(world.DEFINITION, inputs=(world.XRD, world.SOAP)))
    found = coverage(empty, stored_dataset(empty, data.manifest))
    assert found.modalities == ("xrd", "soap", "measured xrd")
    assert found.counts[2].sum(axis=0).tolist() == [0, 0, len(data.rows("test"))]


def test_two_inputs_of_one_technique_are_two_modalities(empty, world):
    world.fill(empty, 8)
    fine = replace(world.XRD, name="fine", parameters={"size": 300.0}, missing="mask")
    some = empty.sql("SELECT * FROM spectra WHERE technique = 'xrd' LIMIT 9").to_pylist()
    q = np.linspace(0.4, 5.8, 300)
    for n, row in enumerate(some):
        y = world.peaks(q, np.random.default_rng(n), "cubic")
        made = world.curve(fine, row["material_id"], q, y)
        empty.append("spectra", [{**made, "spectrum_id": f"fine-{n}"}])
    data = assemble(empty, replace(world.DEFINITION, inputs=(world.XRD, fine)))
    found = coverage(empty, stored_dataset(empty, data.manifest))
    assert found.modalities == ("xrd", "fine")
    assert found.counts.sum(axis=(1, 2)).tolist() == [len(data.members), 9]


def test_without_classes_everyone_is_one(minerals, world):
    plain = replace(world.DEFINITION, name="codes", target=None, task="unsupervised")
    data = assemble(minerals, plain)
    found = coverage(minerals, stored_dataset(minerals, "codes"))
    assert found.classes == ("all",)
    assert len(found.rows()) == 3
    assert found.members.sum() == len(data.members)


def test_the_table_can_be_drawn(lake, masked, tmp_path):
    assemble(lake, masked)
    path = tmp_path / "pictures" / "one.png"
    draw_coverage(coverage(lake, stored_dataset(lake, "minerals")), "Minerals", path)
    height, width, _ = imread(path).shape
    assert 300 < height < width < 3000


def test_a_dataset_is_found_by_name_or_start_of_its_manifest(lake, world):
    first = assemble(lake, world.DEFINITION)
    other = assemble(lake, replace(world.DEFINITION, split=Split(seed=1)))
    assert stored_dataset(lake, "minerals").manifest == other.manifest
    found = stored_dataset(lake, first.manifest[:10])
    assert found.manifest == first.manifest
    assert found.definition == first.definition
    assert found.snapshot == first.snapshot
    with pytest.raises(WrongUse, match="the beginning of one manifest"):
        stored_dataset(lake, "")
    with pytest.raises(NotFound, match="no dataset 'mineral!'; there are: minerals"):
        stored_dataset(lake, "mineral!")


def test_nothing_differs_from_itself(lake, world):
    one = stored_dataset(lake, assemble(lake, world.DEFINITION).manifest)
    found = difference(lake, one, one)
    assert found.definition == ()
    assert not any(found.members().values())


def test_members_come_and_go_and_move(lake, world):
    old = assemble(lake, world.DEFINITION)
    world.fill(lake, 2, 10)
    changed = replace(
        world.DEFINITION, split=Split(seed=3), where="name NOT LIKE '%000'", inputs=(world.XRD,)
    )
    new = assemble(lake, changed)
    a, b = stored_dataset(lake, old.manifest), stored_dataset(lake, new.manifest)
    found = difference(lake, a, b)
    before = {m.entity_id: m.split for m in old.members}
    after = {m.entity_id: m.split for m in new.members}
    assert {c[0] for c in found.added} == after.keys() - before
    assert {c[0] for c in found.gone} == before.keys() - after
    assert len(found.gone) == 3
    moved = {e for e in before.keys() & after.keys() if before[e] != after[e]}
    assert {(c[0], c[2], c[3]) for c in found.moved} == {(e, before[e], after[e]) for e in moved}
    assert moved
    assert found.relabelled == ()
    assert {c[0] for c in found.reread} == before.keys() & after.keys()
    assert found.reread[0][2:] == ("2 no more", "0 new")
    names = [field for field, _, _ in found.definition]
    assert names == ["split", "where", "input xpdf", "input soap"]
    back = difference(lake, b, a)
    assert [c[0] for c in back.gone] == [c[0] for c in found.added]
