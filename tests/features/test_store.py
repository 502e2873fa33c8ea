"""Features are computed once, for what is there and fit, and kept with their refusals."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pymatgen.core import Lattice, Structure

import features.compute
from features._tasks import FIRST_ROWS, Pace, tasks
from features.descriptor import descriptors
from features.store import FeatureStore
from registry.errors import BadInput, NotFound, QueryError, Unsupported, WrongUse
from registry.lake import Lake


def counts(report) -> tuple[int, int, int]:
    return report.computed, report.refused, report.already_there


def test_every_material_is_described_once(store, metals):
    assert counts(store.compute("rdc")) == (6, 0, 0)
    assert counts(store.compute("rdc")) == (0, 0, 6)
    assert metals.sql("SELECT count(*) AS n FROM features")["n"][0].as_py() == 6


def test_a_second_run_commits_nothing(store, metals):
    store.compute("rdc")
    before = metals.snapshot()
    store.compute("rdc")
    assert metals.snapshot() == before


def test_other_parameters_are_another_view(store):
    first = store.compute("rdc")
    second = store.compute("rdc", {"alpha": 20.0})
    assert first.view_id != second.view_id
    assert counts(second) == (6, 0, 0)


def test_new_materials_are_added_to_a_view(store, metals, row):
    store.compute("rdc")
    metals.append("materials", [row(Structure(Lattice.cubic(3.5), ["Fe"], [[0, 0, 0]]), "Fe")])
    assert counts(store.compute("rdc")) == (1, 0, 6)


def test_a_condition_chooses_materials(store):
    assert counts(store.compute("rdc", where="list_contains(elements, 'Cu')")) == (2, 0, 0)
    assert counts(store.compute("rdc", where="name = 'Cu' OR name = 'Ni'")) == (1, 0, 1)
    assert counts(store.compute("rdc")) == (3, 0, 3)
    with pytest.raises(QueryError):
        store.compute("rdc", where="no_such_column = 1")
    with pytest.raises(QueryError):
        store.compute("rdc", where="true; DROP VIEW materials")


def test_a_refusal_is_kept_with_its_reason_and_not_tried_again(store, metals, ids):
    report = store.compute("soap")
    assert counts(report) == (5, 1, 0)
    assert counts(store.compute("soap")) == (0, 0, 6)
    kept = metals.sql("SELECT * FROM features WHERE vector IS NULL").to_pylist()
    assert [r["entity_id"] for r in kept] == [ids["alloy"]]
    assert kept[0]["n_rows"] is None
    assert "one species at full occupancy" in kept[0]["refused"]
    with pytest.raises(Unsupported, match="one species at full occupancy"):
        store.vector(report.view_id, ids["alloy"])


def test_it_is_noted_what_is_described_and_how_long_it_took(store, metals):
    report = store.compute("rdc")
    (view,) = metals.sql("SELECT entity, rows, width FROM feature_views").to_pylist()
    assert view == {"entity": "material", "rows": "", "width": 80}
    (taken,) = metals.sql("SELECT sum(seconds) AS s, sum(n_rows) AS n FROM features").to_pylist()
    assert 0 < taken["s"] < report.seconds
    assert taken["n"] == 6


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


KILLED = """
import sys
from features.store import FeatureStore
from registry.lake import Lake

FeatureStore(Lake.existing(sys.argv[1])).compute(
    "rdc", batch=1, progress=lambda done, total: print(done, flush=True)
)
"""


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, row) -> None:
    lake = Lake.open(tmp_path / "lake")
    cells = [Structure(Lattice.cubic(3 + n / 50), ["Cu"], [[0, 0, 0]]) for n in range(60)]
    lake.append("materials", [row(cell, f"cell {n}") for n, cell in enumerate(cells)])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, lake.uri], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    with process.stdout as said:
        for line in said:
            if int(line) == 5:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.wait() == -signal.SIGKILL
    report = FeatureStore(lake).compute("rdc")
    assert 5 <= report.already_there < 60
    assert report.computed + report.already_there == 60
    (kept,) = lake.sql(
        "SELECT count(*) AS n, count(DISTINCT entity_id) AS d FROM features"
    ).to_pylist()
    assert kept == {"n": 60, "d": 60}


def test_small_files_of_the_lake_become_large_tasks(store, metals, row, monkeypatch):
    for n in range(12):
        cell = Structure(Lattice.cubic(4 + n / 10), ["Fe"], [[0, 0, 0]])
        metals.append("materials", [row(cell, f"Fe {n}")])
    sizes = []
    described = features.compute.describe

    def watched(name, settings, rows):
        sizes.append(rows.num_rows)
        return described(name, settings, rows)

    monkeypatch.setattr(features.compute, "describe", watched)
    before = metals["features"].version()
    assert counts(store.compute("rdc")) == (18, 0, 0)
    assert sum(sizes) == 18
    assert sizes[0] == FIRST_ROWS
    assert metals["features"].version() == before + 1


def test_a_task_takes_only_its_own_rows_to_another_process():
    rows = pa.table({"text": ["x" * 100] * 10_000})
    first, *others = tasks(iter([rows]), Pace(rows.num_rows, 2, 5000))
    assert (first.num_rows, [other.num_rows for other in others]) == (5000, [5000])
    first = next(tasks(iter([rows]), Pace(rows.num_rows, 2, None)))
    assert first.num_rows == FIRST_ROWS
    assert len(pickle.dumps(first)) < 5000


def test_several_processes_give_the_same_numbers_and_refusals(store, metals, ids):
    first = store.compute("soap", where="name IN ('Cu', 'Ni')")
    report = store.compute("soap", workers=2, batch=3)
    assert counts(report) == (3, 1, 2)
    with pytest.raises(Unsupported, match="one species at full occupancy"):
        store.vector(report.view_id, ids["alloy"])
    descriptor = descriptors()["soap"]
    platinum = Structure(Lattice.cubic(3.4), ["Pt"], [[0, 0, 0]])
    np.testing.assert_allclose(
        store.vector(first.view_id, ids["Pt"]),
        descriptor.run(platinum, descriptor.settings()),
        rtol=1e-5,
        atol=1e-6,
    )


def test_several_views_share_their_processes(store, metals):
    calls = []
    reports = store.compute_all(
        {"rdc": {"alpha": 20.0}, "soap": {}},
        where="name IN ('Cu', 'alloy')",
        progress=lambda *at: calls.append(at),
    )
    assert [counts(report) for report in reports] == [(2, 0, 0), (1, 1, 0)]
    assert calls[-1] == ("soap", 2, 2)
    assert [counts(report) for report in store.compute_all(["rdc"], workers=2)] == [(6, 0, 0)]


@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra cluster is not installed"
)
def test_ray_gives_the_same_values(store, metals, tmp_path, ids):
    plain = Lake.open(tmp_path / "plain")
    plain.append("materials", metals.sql("SELECT * EXCLUDE retracted FROM materials"))
    asked = list(ids.values())
    for name in ("rdc", "soap"):
        here = FeatureStore(plain).compute(name)
        there = store.compute(name, workers=2, on="ray", batch=2)
        assert counts(there) == counts(here)
        np.testing.assert_array_equal(
            store.matrix(there.view_id, asked)[0],
            FeatureStore(plain).matrix(here.view_id, asked)[0],
        )


def test_what_does_not_exist_is_told_with_what_does(store, ids):
    with pytest.raises(NotFound, match=r"coulomb_matrix, .*prdf, .*soap"):
        store.compute("sopa")
    with pytest.raises(BadInput, match="one of r_max, dr, alpha"):
        store.compute("rdc", {"beta": 1})
    with pytest.raises(BadInput, match="dr"):
        store.compute("rdc", {"dr": 0.0})
    with pytest.raises(BadInput, match="alpha"):
        store.compute("rdc", {"alpha": -1.0})
    for value in ("ten", None, True, [1.0]):
        with pytest.raises(BadInput, match="alpha: expected a value of type float"):
            store.compute("rdc", {"alpha": value})
    with pytest.raises(WrongUse, match="ray://host:port"):
        store.compute("rdc", on="the moon")
    view = store.compute("rdc", where="name = 'Cu'").view_id
    with pytest.raises(NotFound, match=ids["Ni"]):
        store.vector(view, ids["Ni"])
    with pytest.raises(NotFound, match=view):
        store.matrix("nothing", [])
    with pytest.raises(NotFound, match=view):
        store.vector("nothing", ids["Cu"])


def test_a_newer_version_of_the_code_is_another_view(store, metals, made_up):
    old = made_up()
    first = store.compute("made_up").view_id
    made_up(version="2", compute=lambda entity: np.array([len(entity), 2.0]))
    second = store.compute("made_up").view_id
    assert first == old.view_id({}) != second
    kept = metals.sql("SELECT view_id, version, parameters FROM feature_views ORDER BY version")
    assert kept.to_pylist() == [
        {"view_id": first, "version": "1", "parameters": json.dumps({})},
        {"view_id": second, "version": "2", "parameters": json.dumps({})},
    ]
    assert replace(old, version="2").view_id({}) == second
