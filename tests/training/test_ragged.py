"""Values of several rows, such as the edges of a crystal graph, from the lake to a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.store import FeatureStore
from ingest.rows import row_of_material
from registry.errors import Unsupported
from registry.lake import Lake
from registry.records import Material, Provenance, Site
from training.assembly import assemble
from training.blocks import read_block
from training.coverage import coverage
from training.definitions import DatasetDefinition, FeatureInput
from training.fitting import fit_candidate
from training.models import Ragged, lacking
from training.stored import stored_dataset
from training.study import Candidate

GRAPH = FeatureInput("graph", "crystal_graph", {"cutoff": 4.0})
SOAP = FeatureInput("soap", "soap_sites", {"n_max": 2, "l_max": 2, "r_cut": 4.0})
FCC = ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
# where the anion sits beside the cation, and the space group that gives
KINDS = {"rock salt": (0.5, 225), "zinc blende": (0.25, 216), "caesium chloride": (0.5, 221)}
CATIONS = ("Li", "Na", "K", "Rb", "Ag", "Mg", "Ca")
ANIONS = ("F", "Cl", "Br")


def crystal(kind: str, cation: str, anion: str, side: float) -> Material:
    shift, _ = KINDS[kind]
    corners = FCC[:1] if kind == "caesium chloride" else FCC
    sites = [Site({cation: 1.0}, corner) for corner in corners]
    sites += [Site({anion: 1.0}, tuple((v + shift) % 1 for v in corner)) for corner in corners]
    origin = Provenance("test", "1")
    return Material(np.eye(3) * side, tuple(sites), origin, name=f"{cation}{anion} {kind}")


@pytest.fixture(scope="module")
def salts(tmp_path_factory) -> Lake:
    """63 crystals of three structures, with their graphs and the SOAP vector of every site."""
    lake = Lake.open(tmp_path_factory.mktemp("salts") / "lake")
    rng = np.random.default_rng(0)
    rows = []
    for kind in KINDS:
        for cation in CATIONS:
            for anion in ANIONS:
                side = (
                    rng.uniform(3.0, 3.4) if kind == "caesium chloride" else rng.uniform(4.6, 5.4)
                )
                rows.append(row_of_material(crystal(kind, cation, anion, side)))
    lake.append("materials", rows)
    store = FeatureStore(lake)
    for view in (GRAPH, SOAP):
        store.compute(view.view, view.parameters)
    return lake


def definition(*inputs: FeatureInput) -> DatasetDefinition:
    return DatasetDefinition("salts", inputs, target="space_group_number")


def test_every_member_has_its_own_rows(salts):
    data = assemble(salts, definition(GRAPH, SOAP))
    ids = [m.entity_id for m in data.members]
    for source in (GRAPH, SOAP):
        stored = FeatureStore(salts).tables(source.identity(), ids)
        block = data.blocks[source.name]
        assert isinstance(block, Ragged)
        assert np.array_equal(block.values, stored.values)
        assert np.array_equal(block.offsets, stored.offsets)
    assert {m.views for m in data.members} == {(GRAPH.identity(), SOAP.identity())}


def test_some_members_in_another_order_keep_their_rows(salts):
    data = assemble(salts, definition(GRAPH))
    rows = np.array([40, 3, 3, 17])
    taken = data.take(("graph",), rows)["graph"]
    whole = data.blocks["graph"]
    for n, row in enumerate(rows):
        mine = taken.values[taken.offsets[n] : taken.offsets[n + 1]]
        own = whole.values[whole.offsets[row] : whole.offsets[row + 1]]
        assert np.array_equal(mine, own)
    data.take(("graph",), data.rows("test"))


@pytest.fixture(scope="module")
def gaps(tmp_path_factory, salts) -> Lake:
    """The same crystals, of which every fifth has no graph."""
    lake = Lake.open(tmp_path_factory.mktemp("gaps") / "lake")
    lake.append("materials", salts.sql("SELECT * EXCLUDE retracted FROM materials"))
    query = "SELECT * EXCLUDE stale FROM features ORDER BY view, entity_id"
    rows = salts.sql(query).to_pylist()
    graphs = [r for r in rows if r["view"] == "crystal_graph"]
    lake.append("features", [r for n, r in enumerate(graphs) if n % 5])
    lake.append("features", [r for r in rows if r["view"] == "soap_sites"])
    lake.append("feature_views", salts.sql("SELECT * FROM feature_views"))
    return lake


@pytest.mark.parametrize("how", ["require", "drop", "mask"])
def test_who_has_no_rows_is_left_out_dropped_or_masked(how, gaps):
    data = assemble(gaps, definition(replace(GRAPH, missing=how), SOAP))
    lacks = lacking(data.blocks["graph"])
    if how == "require":
        assert data.left_out == {"graph: not in the lake": 13}
        assert not lacks.any()
        return
    assert lacks.sum() == 13
    assert len(data.members) == 63
    found = coverage(gaps, stored_dataset(gaps, data.manifest))
    assert dict(found.together) == {("crystal_graph", "soap_sites"): 50, ("soap_sites",): 13}
    read = data.reading(("graph",))
    assert len(read.members) == (50 if how == "drop" else 63)
    assert not set(read.blocks) - {"graph"}


@pytest.mark.parametrize("model", ["cgcnn", "message_passing"])
def test_a_graph_network_learns_structures_from_a_lake(model, salts):
    data = assemble(salts, definition(GRAPH))
    settings = {"epochs": 25, "batch": 8, "learning_rate": 1e-2, "width": 16, "cutoff": 4.0}
    result = fit_candidate(data, Candidate(model, ("graph",), settings), (0,), lambda _: None)
    test = result.repetitions[0].test.values["balanced_accuracy"]
    assert test > 0.8  # 8, 6 or 4 neighbours
    assert result.naive == pytest.approx(1 / 3, abs=0.01)
    assert result.nearest >= result.naive


def test_a_model_of_vectors_says_that_tables_are_none(salts):
    data = assemble(salts, definition(GRAPH))
    with pytest.raises(Unsupported, match=r"input 'graph'.*expected a block.*found a ragged table"):
        fit_candidate(data, Candidate("random_forest", ("graph",)), (0,), lambda _: None)


def test_a_block_of_nobody_is_as_wide_as_its_view(salts):
    nobody = read_block(salts, GRAPH, ["no such material"])
    assert isinstance(nobody.values, Ragged)
    assert nobody.values.values.shape == (0, 8)
    assert nobody.of(["a", "b"]).counts.tolist() == [0, 0]
