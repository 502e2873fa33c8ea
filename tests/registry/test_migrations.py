"""A lake written by an older release opens as one of today, and nothing in it is lost."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from registry.errors import LakeError
from registry.lake import MARKER, Lake
from registry.schemas import SCHEMA_VERSION, SCHEMAS
from registry.tables.migrations import STEPS
from registry.upkeep import maintain, verify

LAKES = Path(__file__).parent / "lakes"


@pytest.fixture(params=sorted(LAKES.glob("v*.tar.gz")), ids=lambda path: path.name[:2])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "lake"


def test_a_lake_of_every_released_schema_is_kept_for_tests() -> None:
    kept = {int(path.name[1:].split(".")[0]) for path in LAKES.glob("v*.tar.gz")}
    assert kept == set(range(1, SCHEMA_VERSION))
    assert set(STEPS) == kept


def test_an_older_lake_is_read_and_written_like_a_new_one(old: Path) -> None:
    lake = Lake.existing(old)
    assert json.loads((old / MARKER).read_text())["schema_version"] == SCHEMA_VERSION
    assert set(lake.snapshot()) == set(SCHEMAS)
    rows = lake.sql("select * from spectra order by spectrum_id").to_pylist()
    assert [len(row["intensity"]) for row in rows] == [5, 6, 7, 8, 9]
    assert [set(row["intensity"]) for row in rows] == [{0.0}, {1.0}, {2.0}, {3.0}, {4.0}]
    assert not any(row["retracted"] or row["stale"] for row in rows)
    models = lake.sql("select version, score_simulated, stale from models order by version")
    assert models.to_pylist() == [
        {"version": 1, "score_simulated": 0.6, "stale": False},
        {"version": 2, "score_simulated": 0.7, "stale": False},
    ]
    lake.replace("models", [{"model": "crystal_system", "version": 3}])
    assert lake.sql("from models").num_rows == 3


def test_features_of_schema_2_are_vectors_of_materials(tmp_path: Path) -> None:
    with tarfile.open(LAKES / "v2.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    lake = Lake.existing(tmp_path / "lake")
    views = lake.sql("select view_id, entity, rows, width from feature_views").to_pylist()
    assert views == [{"view_id": "w0", "entity": "material", "rows": "", "width": 2}]
    kept = lake.sql("select entity_id, vector, n_rows, seconds, refused from features order by 1")
    assert [list(row.values()) for row in kept.to_pylist()] == [
        ["m0", [1.0, 2.0], None, None, None],
        ["m1", None, None, None, "too large"],
    ]
    added = {"entity_id": "m2", "view_id": "w0", "vector": [3.0, 4.0], "n_rows": 1}
    assert lake.append("features", [added]) == 1
    assert lake.sql("from features").num_rows == 3


def test_answers_of_schema_3_do_not_say_how_sure_they_are(tmp_path: Path) -> None:
    with tarfile.open(LAKES / "v3.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    lake = Lake.existing(tmp_path / "lake")
    new = {"likely": ["cubic"], "level": 0.9, "similarity": 0.8, "out_of_domain": False}
    added = {"model": "crystal_system", "version": 2, "entity_id": "m1", "value": "cubic", **new}
    assert lake.append("predictions", [added]) == 1
    rows = lake.sql("from predictions order by entity_id").to_pylist()
    assert [row["value"] for row in rows] == ["cubic", "cubic"]
    assert rows[0]["probability"] == 0.75
    assert all(rows[0][name] is None for name in (*new, "low", "high"))
    assert {name: rows[1][name] for name in new} == new
    assert lake.append("predictions", [added]) == 0


def test_files_from_before_checksums_had_a_place_are_not_taken_for_damaged(old: Path) -> None:
    lake = Lake.existing(old)
    assert verify(lake) == []
    assert maintain(lake, "spectra").damaged == {}
    assert verify(lake, aside=True) == []
    assert lake.sql("from spectra").num_rows == 5


def test_its_older_snapshots_stay_readable(old: Path) -> None:
    lake = Lake.existing(old)
    at = {**lake.snapshot(), "models": 1, "spectra": 1}
    assert lake.sql("select version, stale from models", at=at).to_pylist() == [
        {"version": 1, "stale": False}
    ]
    assert lake.sql("from spectra", at=at).num_rows == 3


def test_an_interrupted_migration_is_finished_by_the_next_opening(old: Path) -> None:
    marker = (old / MARKER).read_text()
    Lake.existing(old)
    (old / MARKER).write_text(marker)
    before = Lake.existing(old).snapshot()
    (old / MARKER).write_text(marker)
    assert Lake.existing(old).snapshot() == before


def test_a_damaged_older_lake_is_not_half_migrated(old: Path) -> None:
    (old / MARKER).write_text((old / MARKER).read_text())
    shutil.rmtree(old / "tables" / "predictions" / "_delta_log")
    with pytest.raises(LakeError, match="predictions"):
        Lake.existing(old)
    assert json.loads((old / MARKER).read_text())["schema_version"] < SCHEMA_VERSION
