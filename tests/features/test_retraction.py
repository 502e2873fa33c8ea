"""Features of retracted materials: not computed, not served, kept for whoever insists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from features.store import FeatureStore
from registry.errors import BadInput
from registry.lake import Lake
from registry.lineage.retractions import restore, retract
from registry.records import Provenance
from registry.structures import material_of, material_row

METALS = ("Cu", "Ni")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(tmp_path / "lake")
    for n, metal in enumerate(METALS):
        structure = Structure(Lattice.cubic(3.5 + n / 10), [metal], [[0, 0, 0]])
        material = material_of(structure, provenance=Provenance("test", "1"), name=metal)
        row = {**material_row(material), "producer": "test", "producer_version": "1"}
        lake.append("materials", [row])
    return lake


def test_stale_vectors_are_served_only_to_who_asks_for_them(lake: Lake) -> None:
    store = FeatureStore(lake)
    then = lake.snapshot()
    view = store.compute("rdc").view_id
    ids = lake.sql("SELECT material_id FROM materials ORDER BY name")["material_id"].to_pylist()
    whole, _ = store.matrix(view, ids)
    retract(lake, ids[0], "wrong cell", "A. Nother")
    served, missing = store.matrix(view, ids)
    assert missing.tolist() == [True, False]
    np.testing.assert_array_equal(served[1], whole[1])
    np.testing.assert_array_equal(store.matrix(view, ids, stale=True)[0], whole)
    before = {**lake.snapshot(), "retractions": then["retractions"]}
    np.testing.assert_array_equal(store.matrix(view, ids, before)[0], whole)
    with pytest.raises(BadInput, match="not retracted"):
        store.vector(view, ids[0])
    np.testing.assert_array_equal(store.vector(view, ids[0], stale=True), whole[0])
    restore(lake, ids[0], "right after all", "A. Nother")
    assert not store.matrix(view, ids)[1].any()


def test_retracted_materials_are_not_described(lake: Lake) -> None:
    store = FeatureStore(lake)
    (bad,) = lake.sql("SELECT material_id FROM materials WHERE name = 'Cu'")["material_id"]
    retract(lake, bad.as_py(), "wrong cell", "A. Nother")
    report = store.compute("rdc")
    assert (report.computed, report.already_there) == (1, 0)
    restore(lake, bad.as_py(), "right after all", "A. Nother")
    report = store.compute("rdc")
    assert (report.computed, report.already_there) == (1, 1)
