"""What is stored of a view, why it refused and who uses it."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from features.descriptor import descriptors
from features.pictures import draw
from features.views import find, reasons, users, views
from registry.errors import NotFound, WrongUse
from registry.lineage.retractions import retract


def test_views_tell_what_there_is_and_how_long_it_took(store, metals):
    assert views(metals) == []
    view_id = store.compute("soap", {"n_max": 2, "l_max": 1}).view_id
    (view,) = store.views()
    soap = descriptors()["soap"]
    assert view.view_id == view_id
    assert (view.name, view.version, view.entity, view.rows) == (
        "soap",
        soap.version,
        "material",
        "",
    )
    assert view.parameters == soap.settings(n_max=2, l_max=1)
    assert (view.width, view.unit, view.source) == (7 * 2 * 2 * 2, soap.unit, soap.source)
    assert (view.computed, view.refused) == (5, 1)
    assert view.seconds and view.speed == pytest.approx(6 / view.seconds)


def test_views_of_before_times_were_kept_have_none(store, metals, ids):
    store.compute("rdc", where="name = 'Cu'")
    (row,) = metals.sql("SELECT * EXCLUDE stale FROM features").to_pylist()
    view_id = "of long ago"
    metals.append("feature_views", [{"view_id": view_id, "view": "rdc", "parameters": "{}"}])
    metals.append("features", [{**row, "view_id": view_id, "seconds": None, "n_rows": None}])
    old = find(metals, view_id)
    assert (old.computed, old.refused, old.seconds, old.speed) == (1, 0, None, None)


def test_a_view_is_found_by_descriptor_or_id(store, metals):
    first = store.compute("rdc").view_id
    assert find(metals, "rdc").view_id == first
    second = store.compute("rdc", {"alpha": 20.0}).view_id
    assert find(metals, second[:6]).view_id == second
    with pytest.raises(WrongUse, match=second[:12]):
        find(metals, "rdc")
    with pytest.raises(NotFound, match="rdc"):
        find(metals, "soap")


def test_reasons_of_refusal_are_counted(store, metals, row):
    many = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.6), ["Na", "Cl"], [[0] * 3, [0.5] * 3]
    )
    metals.append("materials", [row(many * (3, 3, 3), "salt"), row(many * (2, 2, 2), "halite")])
    more = Structure(Lattice.cubic(4), [{"Ag": 0.3, "Au": 0.7}], [[0, 0, 0]])
    metals.append("materials", [row(more, "electrum")])
    view = store.compute("coulomb_matrix", {"n_atoms_max": 1}).view_id
    found = reasons(metals, view)
    assert (found[0].expected, found[0].entities) == ("one species at full occupancy", 2)
    assert "Cu" in found[0].example or "Ag" in found[0].example
    assert sum(r.entities for r in found) == find(metals, view).refused


def test_datasets_and_models_that_read_a_view_are_its_users(store, metals, ids):
    view = store.compute("rdc").view_id
    assert users(metals, view) == []
    metals.append("datasets", [{"manifest": "d", "dataset": "densities"}])
    member = {"manifest": "d", "entity_id": ids["Cu"], "views": [view], "spectra": []}
    metals.append("dataset_members", [member])
    metals.append("models", [{"model": "density", "version": 1, "manifest": "d"}])
    assert [(u.kind, u.id, u.state) for u in users(metals, view)] == [
        ("dataset", "d", ""),
        ("model", "density/1", ""),
    ]
    retract(metals, ids["Cu"], "wrong cell", "A. Nother")
    assert {u.state for u in users(metals, view)} == {"stale"}


def test_a_picture_is_drawn(store, metals, made_up):
    store.compute("rdc")
    picture = draw(metals, find(metals, "rdc"))
    assert picture.parent == metals.pictures
    assert picture.read_bytes().startswith(b"\x89PNG")
    made_up(rows="edge", compute=lambda _: np.empty((0, 2)))
    store.compute("made_up")
    assert draw(metals, find(metals, "made_up")).stat().st_size > 0
