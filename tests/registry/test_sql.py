"""SQL: curves can be asked, nothing can be changed, nothing outside can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from registry.errors import QueryError
from registry.lake import Lake
from registry.schemas import SCHEMAS

X = np.array([0.0, 0.5, 1.0, 2.0, 3.0])
Y = np.array([1.0, 4.0, 2.0, 2.0, 0.0], dtype=np.float32)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(tmp_path / "lake")
    about = {"technique": "xrd", "kind": "experimental", "shape": [5]}
    up = {**about, "spectrum_id": "up", "x": X, "intensity": Y}
    down = {**about, "spectrum_id": "down", "x": X[::-1].copy(), "intensity": Y[::-1].copy()}
    lake.append("spectra", [up, down])
    return lake


@pytest.mark.parametrize(
    "attempt",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "copy spectra to '/tmp/stolen.parquet'",
        "create table t as select 1",
        "attach '/tmp/other.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma memory_limit='1GB'",
        "drop view spectra",
        "select 1; drop view spectra",
        "delete from spectra",
        "",
    ],
)
def test_a_query_can_neither_write_nor_leave_the_lake(lake: Lake, attempt: str) -> None:
    with pytest.raises(QueryError):
        lake.sql(attempt)
    assert lake.sql("select count(*) as n from spectra").to_pylist() == [{"n": 2}]


def test_a_wrong_column_names_the_likely_ones(lake: Lake) -> None:
    with pytest.raises(QueryError, match="temperature"):
        lake.sql("select temperatur from spectra")


def test_every_column_of_every_table_is_explained(lake: Lake) -> None:
    rows = lake.sql('select "table", "column", meaning from columns').to_pylist()
    assert {row["table"] for row in rows} == set(SCHEMAS)
    assert all(row["meaning"] for row in rows)
    assert len(rows) == sum(len(s.columns) + len(s.derived) for s in SCHEMAS.values())


def test_an_empty_lake_answers_with_no_rows(tmp_path: Path) -> None:
    empty = Lake.open(tmp_path / "empty")
    for name in SCHEMAS:
        assert empty.sql(f"select * from {name}").num_rows == 0
