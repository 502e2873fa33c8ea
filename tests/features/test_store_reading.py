"""What was computed is read back: a matrix, tables with rows, one value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import features.store
from features.descriptor import descriptors
from features.store import FeatureStore
from registry.errors import LakeError, WrongUse
from registry.lake import Lake
from registry.structures import structure_from_row
from registry.tables.maintenance import maintain


def sites(crystal):
    """A row per site: where it lies along the first axis, its charge."""
    return np.column_stack([crystal.positions[:, 0], crystal.charges])


@pytest.fixture
def chains(tmp_path, row) -> Lake:
    """Crystals of 1 to 4 sites, named by their number."""
    lake = Lake.open(tmp_path / "chains")
    for n in range(1, 5):
        at = [[k / n + k * k / 100, 0, 0] for k in range(n)]
        cell = Structure(Lattice.tetragonal(5, 3), ["Fe", "Co", "Ni", "Cu"][:n], at)
        lake.append("materials", [row(cell, str(n))])
    return lake


def by_name(lake: Lake) -> dict[str, str]:
    rows = lake.sql("SELECT name, material_id FROM materials").to_pylist()
    return {r["name"]: r["material_id"] for r in rows}


def test_the_matrix_comes_in_the_order_asked_for(store, metals, ids):
    view = store.compute("soap").view_id
    asked = [ids["Pt"], "unknown", ids["Cu"], ids["alloy"], ids["Pt"]]
    matrix, missing = store.matrix(view, asked)
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    assert missing.tolist() == [False, True, False, True, False]
    assert np.isnan(matrix[missing]).all()
    descriptor = descriptors()["soap"]
    rows = {r["material_id"]: r for r in metals.sql("SELECT * FROM materials").to_pylist()}
    for n in np.flatnonzero(~missing):
        expected = descriptor.run(structure_from_row(rows[asked[n]]), descriptor.settings())
        np.testing.assert_allclose(matrix[n], expected, rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(store.vector(view, asked[n]), matrix[n])


def test_a_matrix_spans_many_files_and_views_and_may_be_empty(store, metals, ids):
    other = store.compute("rdc", {"alpha": 20.0}, batch=4).view_id
    view = store.compute("rdc", batch=1).view_id
    every = sorted(ids.values(), reverse=True)
    before, _ = store.matrix(view, every)
    assert len(np.unique(before, axis=0)) == 6
    # merged into one file, both views in one row group
    assert maintain(metals["features"]).merged > 1
    for each in (view, other):
        matrix, missing = store.matrix(each, every)
        assert not missing.any()
        for n, entity in enumerate(every):
            np.testing.assert_array_equal(store.vector(each, entity), matrix[n])
    np.testing.assert_array_equal(store.matrix(view, every)[0], before)
    nothing, none = store.matrix(view, [])
    assert nothing.shape == (0, 80)
    assert none.shape == (0,)


def test_an_older_snapshot_has_the_older_features(store, metals, ids):
    view = store.compute("rdc", where="name = 'Cu'").view_id
    before = metals.snapshot()
    store.compute("rdc")
    asked = [ids["Cu"], ids["Ni"]]
    assert store.matrix(view, asked, before)[1].tolist() == [False, True]
    assert store.matrix(view, asked)[1].tolist() == [False, False]
    assert store.tables(view, asked, before).missing.tolist() == [False, True]


def test_tensors_share_the_memory_of_the_matrix(store, ids, monkeypatch):
    view = store.compute("rdc").view_id
    read, arrays = features.store.matrix, []

    def watched(*arguments):
        arrays.append(read(*arguments))
        return arrays[-1]

    monkeypatch.setattr(features.store, "matrix", watched)
    values, missing = store.matrix(view, list(ids.values()), to="torch")
    assert values.shape == (6, 80)
    assert values.data_ptr() == arrays[0][0].ctypes.data
    assert missing.data_ptr() == arrays[0][1].ctypes.data


def test_tables_are_given_end_to_end(chains, made_up):
    made_up(rows="site", compute=sites)
    store = FeatureStore(chains)
    view = store.compute("made_up", batch=3).view_id
    name = by_name(chains)
    asked = [name["3"], "unknown", name["1"], name["4"], name["3"]]
    tables = store.tables(view, asked)
    assert tables.offsets.tolist() == [0, 3, 3, 4, 8, 11]
    assert tables.values.shape == (11, 2)
    assert tables.values.dtype == np.float32
    assert tables.missing.tolist() == [False, True, False, False, False]
    rows = {r["name"]: r for r in chains.sql("SELECT * FROM materials").to_pylist()}
    for place, n in ((0, "3"), (2, "1"), (3, "4"), (4, "3")):
        structure = structure_from_row(rows[n])
        np.testing.assert_allclose(tables[place][:, 0], structure.frac_coords[:, 0], rtol=1e-6)
        assert tables[place][:, 1].tolist() == [site.specie.Z for site in structure]
        np.testing.assert_array_equal(store.vector(view, name[n]), tables[place])
    assert len(tables) == 5
    assert store.tables(view, []).values.shape == (0, 2)


def test_tables_of_vectors_have_one_row_each(store, ids):
    view = store.compute("rdc").view_id
    asked = [ids["Cu"], ids["Pt"]]
    np.testing.assert_array_equal(store.tables(view, asked).values, store.matrix(view, asked)[0])


def test_a_view_with_rows_makes_no_matrix(chains, made_up):
    made_up(rows="site", compute=sites)
    store = FeatureStore(chains)
    view = store.compute("made_up").view_id
    with pytest.raises(WrongUse, match=r"a row for each site: read it by tables\(\)"):
        store.matrix(view, list(by_name(chains).values()))


def test_a_damaged_file_is_named(store, metals, ids):
    view = store.compute("rdc").view_id
    (file,) = metals["features"].files()
    content = bytearray(Path(file).read_bytes())
    content[len(content) // 3] ^= 0xFF
    Path(file).write_bytes(content)
    with pytest.raises(LakeError, match=file):
        store.matrix(view, list(ids.values()))


def test_a_lake_in_a_bucket_is_described_and_read(bucket, row):
    lake = Lake.open(bucket)
    cells = [Structure(Lattice.cubic(3 + n / 10), ["Cu"], [[0, 0, 0]]) for n in range(3)]
    lake.append("materials", [row(cell, str(n)) for n, cell in enumerate(cells)])
    store = FeatureStore(lake)
    view = store.compute("rdc").view_id
    asked = list(by_name(lake).values())
    matrix, missing = store.matrix(view, asked)
    assert not missing.any()
    np.testing.assert_array_equal(store.vector(view, asked[1]), matrix[1])


def test_labels_join_by_sql(store, metals, ids):
    """The example of docs/descriptors.md: one query names the members, one call their vectors."""
    view = store.compute("soap").view_id
    members = metals.sql(
        """
        SELECT material_id, density FROM materials
        JOIN features ON entity_id = material_id
        WHERE view_id = $1 AND vector IS NOT NULL AND NOT stale ORDER BY material_id
        """,
        [view],
    )
    x, missing = store.matrix(view, members["material_id"].to_pylist())
    y = members["density"].to_numpy()
    assert x.shape == (5, 1260)
    assert len(y) == 5
    assert not missing.any()
