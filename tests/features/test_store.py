"""Features are computed once, kept with their refusals, and read back as a matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import features.describe
from features.describe import describe
from features.descriptor import descriptors
from features.store import FeatureStore
from registry.errors import BadInput, NotFound, QueryError, ScatterlakeError, Unsupported
from registry.lake import Lake
from registry.records import Provenance
from registry.structures import material_of, material_row, structure_from_row

METALS = ("Cu", "Ni", "Ag", "Al", "Pt")


def row(structure: Structure, name: str) -> dict:
    material = material_of(structure, provenance=Provenance("test", "1"), name=name)
    return {**material_row(material), "producer": "test", "producer_version": "1"}


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Five metals and one disordered alloy."""
    lake = Lake.open(tmp_path / "lake")
    rows = [
        row(Structure(Lattice.cubic(3 + n / 10), [m], [[0, 0, 0]]), m) for n, m in enumerate(METALS)
    ]
    alloy = Structure(Lattice.cubic(3.7), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]])
    lake.append("materials", [*rows, row(alloy, "alloy")])
    return lake


@pytest.fixture
def store(lake) -> FeatureStore:
    return FeatureStore(lake)


def ids(lake: Lake) -> dict[str, str]:
    found = lake.sql("SELECT name, material_id FROM materials").to_pylist()
    return {r["name"]: r["material_id"] for r in found}


def counts(report) -> tuple[int, int, int]:
    return report.computed, report.refused, report.already_there


def test_every_material_is_described_once(store, lake):
    assert counts(store.compute("rdc")) == (6, 0, 0)
    assert counts(store.compute("rdc")) == (0, 0, 6)
    assert lake.sql("SELECT count(*) AS n FROM features")["n"][0].as_py() == 6


def test_other_parameters_are_another_view(store):
    first = store.compute("rdc")
    second = store.compute("rdc", {"alpha": 20.0})
    assert first.view_id != second.view_id
    assert counts(second) == (6, 0, 0)


def test_new_materials_are_added_to_a_view(store, lake):
    store.compute("rdc")
    lake.append("materials", [row(Structure(Lattice.cubic(3.5), ["Fe"], [[0, 0, 0]]), "Fe")])
    assert counts(store.compute("rdc")) == (1, 0, 6)


def test_a_condition_chooses_materials(store):
    assert counts(store.compute("rdc", where="list_contains(elements, 'Cu')")) == (2, 0, 0)
    assert counts(store.compute("rdc")) == (4, 0, 2)
    with pytest.raises(QueryError):
        store.compute("rdc", where="no_such_column = 1")
    with pytest.raises(QueryError, match="only a single SELECT"):
        store.compute("rdc", where="true; DROP VIEW materials")


def test_a_refusal_is_kept_with_its_reason_and_not_tried_again(store, lake):
    report = store.compute("soap")
    assert counts(report) == (5, 1, 0)
    assert counts(store.compute("soap")) == (0, 0, 6)
    kept = lake.sql("SELECT * FROM features WHERE vector IS NULL").to_pylist()
    assert [r["entity_id"] for r in kept] == [ids(lake)["alloy"]]
    assert "one species at full occupancy" in kept[0]["refused"]
    with pytest.raises(Unsupported, match="one species at full occupancy"):
        store.vector(report.view_id, ids(lake)["alloy"])


def test_an_interrupted_run_goes_on_where_it_stopped(store):
    def stop(done: int, total: int) -> None:
        assert total == 6
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.compute("rdc", batch=2, progress=stop)
    calls = []
    report = store.compute("rdc", batch=1, progress=lambda *at: calls.append(at))
    assert counts(report) == (2, 0, 4)
    assert calls == [(1, 2), (2, 2)]


def test_the_matrix_comes_in_the_order_asked_for(store, lake):
    view = store.compute("soap").view_id
    known = ids(lake)
    asked = [known["Pt"], "unknown", known["Cu"], known["alloy"], known["Pt"]]
    matrix, missing = store.matrix(view, asked)
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    assert missing.tolist() == [False, True, False, True, False]
    assert np.isnan(matrix[missing]).all()
    descriptor = descriptors()["soap"]
    rows = {r["material_id"]: r for r in lake.sql("SELECT * FROM materials").to_pylist()}
    for n in np.flatnonzero(~missing):
        expected = descriptor.run(structure_from_row(rows[asked[n]]), descriptor.settings())
        np.testing.assert_array_equal(matrix[n], expected.astype(np.float32))
        np.testing.assert_array_equal(store.vector(view, asked[n]), matrix[n])


def test_a_matrix_spans_many_files_and_may_be_empty(store, lake):
    view = store.compute("rdc", batch=1).view_id
    every = sorted(ids(lake).values(), reverse=True)
    matrix, missing = store.matrix(view, every)
    assert not missing.any()
    assert len(np.unique(matrix, axis=0)) == 6
    nothing, none = store.matrix(view, [])
    assert nothing.shape == (0, 80)
    assert none.shape == (0,)


def test_an_older_snapshot_has_the_older_features(store, lake):
    view = store.compute("rdc", where="name = 'Cu'").view_id
    before = lake.snapshot()
    store.compute("rdc")
    asked = [ids(lake)["Cu"], ids(lake)["Ni"]]
    assert store.matrix(view, asked, before)[1].tolist() == [False, True]
    assert store.matrix(view, asked)[1].tolist() == [False, False]


def test_views_tell_what_there_is(store):
    assert store.views() == []
    view = store.compute("soap", {"n_max": 2, "l_max": 1}).view_id
    assert store.views() == [
        {
            "view_id": view,
            "name": "soap",
            "version": descriptors()["soap"].version,
            "parameters": {"r_cut": 5.0, "n_max": 2, "l_max": 1, "sigma": 0.5},
            "width": 7 * 2 * 2 * 2,
            "unit": "",
            "entities": 5,
            "refused": 1,
        }
    ]


def test_several_processes_give_the_same_numbers_and_refusals(store, lake):
    first = store.compute("soap", where="name IN ('Cu', 'Ni')")
    report = store.compute("soap", workers=2, batch=3)
    assert counts(report) == (3, 1, 2)
    with pytest.raises(Unsupported, match="one species at full occupancy"):
        store.vector(report.view_id, ids(lake)["alloy"])
    descriptor = descriptors()["soap"]
    platinum = Structure(Lattice.cubic(3.4), ["Pt"], [[0, 0, 0]])
    np.testing.assert_allclose(
        store.vector(first.view_id, ids(lake)["Pt"]),
        descriptor.run(platinum, descriptor.settings()),
        rtol=1e-5,
        atol=1e-6,
    )


def test_what_does_not_exist_is_told_with_what_does(store, lake):
    with pytest.raises(NotFound, match="prdf, rdc, soap"):
        store.compute("sopa")
    with pytest.raises(BadInput, match="one of r_max, dr, alpha"):
        store.compute("rdc", {"beta": 1})
    with pytest.raises(BadInput, match="dr"):
        store.compute("rdc", {"dr": 0.0})
    with pytest.raises(BadInput, match="alpha"):
        store.compute("rdc", {"alpha": -1.0})
    assert store.views() == []
    with pytest.raises(NotFound, match="feature view"):
        store.matrix("nothing", [])
    view = store.compute("rdc", where="name = 'Cu'").view_id
    with pytest.raises(NotFound, match=ids(lake)["Ni"]):
        store.vector(view, ids(lake)["Ni"])


def test_a_descriptor_that_breaks_its_promise_is_not_stored(store, lake, monkeypatch):
    liar = replace(descriptors()["rdc"], width=lambda _: 3)
    monkeypatch.setattr(features.describe, "descriptors", lambda: {"rdc": liar})
    metal = lake.sql("SELECT * FROM materials LIMIT 1")
    with pytest.raises(ScatterlakeError, match=r"promised 3 .* gave shape \(80,\)"):
        describe("rdc", liar.settings(), metal)
