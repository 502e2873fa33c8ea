"""A dataset read from its files is the dataset, whatever happened to the files."""

from __future__ import annotations

import os
import pickle
import time
from types import ModuleType

import numpy as np
import pytest

from registry.errors import LakeError, NotFound
from registry.lake import Lake
from training.assembly import assemble
from training.datasets import Dataset
from training.definitions import SPLITS, DatasetDefinition, FeatureInput
from training.fitting import training_of
from training.models import Ragged
from training.reading import Reading, open_reading, tidy
from training.reading.cache import VALUES

INPUTS = ("xrd", "xpdf", "soap")


@pytest.fixture(scope="module")
def dataset(world: ModuleType, minerals: Lake) -> Dataset:
    return assemble(minerals, world.DEFINITION)


@pytest.fixture(scope="module")
def reading(minerals: Lake, dataset: Dataset) -> Reading:
    return open_reading(minerals, dataset.manifest)


def place(reading: Reading, dataset: Dataset) -> list[int]:
    """Row in the dataset of each row of the reading."""
    row = {m.entity_id: i for i, m in enumerate(dataset.members)}
    return [row[entity] for entity in reading.entities]


def test_it_holds_what_the_dataset_holds(reading: Reading, dataset: Dataset) -> None:
    order = place(reading, dataset)
    assert sorted(order) == list(range(len(dataset.members)))
    assert reading.class_names == dataset.class_names
    np.testing.assert_array_equal(reading.targets, dataset.labels[order])
    for name in INPUTS:
        np.testing.assert_array_equal(reading.inputs[name].values, dataset.blocks[name][order])
    for side in SPLITS:
        assert {dataset.members[order[row]].split for row in reading.rows(side, [])} == {side}


def test_a_model_is_given_what_it_would_be_given_from_memory(
    reading: Reading, dataset: Dataset
) -> None:
    from_files, from_memory = reading.training(INPUTS, 3), training_of(dataset, INPUTS, 3)
    for name in INPUTS:
        np.testing.assert_array_equal(from_files.inputs[name], from_memory.inputs[name])
    np.testing.assert_array_equal(from_files.labels, from_memory.labels)
    np.testing.assert_array_equal(from_files.validation_labels, from_memory.validation_labels)
    assert (from_files.curves, from_files.n_classes) == (from_memory.curves, from_memory.n_classes)


def test_a_side_is_a_view_of_the_file(reading: Reading) -> None:
    block = reading.blocks("train", ["xrd"])["xrd"]
    assert isinstance(block, np.ndarray)
    assert np.shares_memory(block, reading.inputs["xrd"].values)


def test_another_process_is_sent_no_values(reading: Reading) -> None:
    sent = pickle.dumps(reading)
    assert len(sent) < reading.inputs["xrd"].values.nbytes / 4
    values = pickle.loads(sent).inputs["xrd"].values
    np.testing.assert_array_equal(values, reading.inputs["xrd"].values)


def test_it_is_built_in_pieces_of_any_size(
    minerals: Lake, dataset: Dataset, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tidy(minerals) > 0
    monkeypatch.setattr("training.reading.build.BATCH", 7)
    again = open_reading(minerals, dataset.manifest)
    for name in INPUTS:
        np.testing.assert_array_equal(again.inputs[name].values, reading.inputs[name].values)


def test_members_that_lack_an_input_are_masked_or_dropped(world: ModuleType, empty: Lake) -> None:
    world.fill(empty, 8)
    lacking = empty.sql("SELECT material_id FROM materials ORDER BY 1")["material_id"].to_pylist()
    gone = set(lacking[::5])
    features = empty.sql("SELECT * EXCLUDE stale FROM features").to_pylist()
    bare = Lake.open(empty.path.parent / "bare")
    bare.append("materials", empty.sql("SELECT * EXCLUDE retracted FROM materials"))
    spectra = "SELECT * EXCLUDE (retracted, stale) FROM spectra"
    bare.append("spectra", empty.sql(spectra))
    bare.append("features", [row for row in features if row["entity_id"] not in gone])
    for missing in ("mask", "drop"):
        soap = FeatureInput("soap", "soap", missing=missing)
        made = assemble(bare, DatasetDefinition(missing, (world.XRD, soap)))
        reading = open_reading(bare, made.manifest)
        mapped = reading.inputs["soap"]
        absent = {reading.entities[i] for i in np.flatnonzero(~mapped.present)}
        assert absent == gone
        assert np.isnan(mapped.values[~mapped.present]).all()
        both = sum(len(reading.rows(side, ["xrd", "soap"])) for side in SPLITS)
        assert both == len(made.members) - (len(gone) if missing == "drop" else 0)
        assert sum(len(reading.rows(side, ["xrd"])) for side in SPLITS) == len(made.members)
        blocks = reading.blocks("train", ["xrd", "soap"])
        expected = made.complete(["xrd", "soap"])
        rows = expected.rows("train")
        np.testing.assert_array_equal(blocks["soap"], expected.blocks["soap"][rows])


def test_a_view_with_a_row_for_each_edge_stays_ragged(world: ModuleType, empty: Lake) -> None:
    world.fill(empty, 8)
    graph = FeatureInput("graph", "crystal_graph")
    width = graph.width(empty)
    rng = np.random.default_rng(5)
    ids = empty.sql("SELECT material_id FROM materials ORDER BY 1")["material_id"].to_pylist()
    tables = {entity: rng.random((1 + n % 4, width), np.float32) for n, entity in enumerate(ids)}
    view = {"view_id": graph.identity(), "view": "crystal_graph"}
    empty.append(
        "features",
        [
            {**view, "entity_id": entity, "vector": t.ravel(), "n_rows": len(t)}
            for entity, t in tables.items()
        ],
    )
    made = assemble(empty, DatasetDefinition("graphs", (world.XRD, graph)))
    reading = open_reading(empty, "graphs")
    values = reading.inputs["graph"].values
    assert isinstance(values, Ragged)
    for row, entity in enumerate(reading.entities):
        own = values.values[values.offsets[row] : values.offsets[row + 1]]
        np.testing.assert_array_equal(own, tables[entity])
    block = reading.blocks("test", ["graph"])["graph"]
    expected = made.blocks["graph"].take(made.rows("test"))
    np.testing.assert_array_equal(block.values, expected.values)
    np.testing.assert_array_equal(block.offsets, expected.offsets)


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "header"])
def test_damaged_files_are_built_anew(
    minerals: Lake, dataset: Dataset, reading: Reading, damage: str
) -> None:
    expected = np.array(reading.inputs["soap"].values)
    open_reading(minerals, dataset.manifest)
    folders = [p.parent for p in (minerals.path / "reading").rglob(VALUES)]
    for folder in folders:
        path = folder / ("cache.json" if damage == "header" else VALUES)
        content = bytearray(path.read_bytes())
        if damage == "remove":
            path.unlink()
            continue
        content[-3] ^= 0x10
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    again = open_reading(minerals, dataset.manifest)
    np.testing.assert_array_equal(again.inputs["soap"].values, expected)
    assert {p.parent for p in (minerals.path / "reading").rglob(VALUES)} == set(folders)


def test_what_is_not_wanted_is_removed_and_half_built_is_left_for_an_hour(
    minerals: Lake, dataset: Dataset
) -> None:
    open_reading(minerals, dataset.manifest)
    root = minerals.path / "reading"
    other = root / "another-manifest"
    (other / "x.1.partial").mkdir(parents=True)
    assert tidy(minerals, keep=[dataset.manifest]) == 0
    assert other.is_dir()
    old = time.time() - 4000
    os.utime(other / "x.1.partial", (old, old))
    tidy(minerals, keep=[dataset.manifest])
    assert [p.name for p in root.iterdir()] == [dataset.manifest]


def test_what_the_lake_no_longer_has_is_an_error(world: ModuleType, empty: Lake) -> None:
    world.fill(empty, 8)
    made = assemble(empty, world.DEFINITION)
    bare = Lake.open(empty.path.parent / "bare")
    for table in ("datasets", "dataset_members", "materials"):
        derived = [c.name for c in bare[table].schema.derived]
        but = f" EXCLUDE ({', '.join(derived)})" if derived else ""
        bare.append(table, empty.sql(f"SELECT *{but} FROM {table}"))
    x = np.linspace(0.4, 5.8, 30)
    bare.append("spectra", [world.curve(world.XRD, "somebody else", x, x)])
    with pytest.raises(LakeError, match=r"'xrd': \d+ members lack it"):
        open_reading(bare, made.manifest, ["xrd"])
    assert not list((bare.path / "reading").rglob(VALUES))


def test_names_that_do_not_exist_are_told(minerals: Lake, reading: Reading) -> None:
    with pytest.raises(NotFound, match="npd"):
        open_reading(minerals, reading.manifest, ["npd"])
    with pytest.raises(NotFound, match="dataset"):
        open_reading(minerals, "nothing")
    with pytest.raises(NotFound, match="side"):
        reading.rows("exam", [])


def test_a_lake_in_a_bucket_is_read_from_files_on_this_machine(
    world: ModuleType, bucket: str
) -> None:
    lake = Lake.open(bucket)
    world.fill(lake, 8)
    made = assemble(lake, world.DEFINITION)
    reading = open_reading(lake, made.manifest, ["xrd"])
    assert (lake.path / "reading" / made.manifest).is_dir()
    order = place(reading, made)
    np.testing.assert_array_equal(reading.inputs["xrd"].values, made.blocks["xrd"][order])
