"""A query reads what the lake holds, within its limits, and touches nothing else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from registry.errors import QueryError
from registry.lake import Lake
from registry.query.sql import Limits
from registry.tables.parquet import write_parquet

COUNT = "select count(*) as n from spectra"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(tmp_path / "lake")
    x = np.arange(5.0)
    lake.append(
        "spectra",
        [{"spectrum_id": name, "x": x, "intensity": np.float32(x)} for name in ("one", "two")],
    )
    return lake


@pytest.mark.parametrize(
    "attempt",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "select * from read_blob('/proc/self/environ')",
        "select * from read_parquet('{outside}')",
        "select * from parquet_metadata('{outside}')",
        "select * from sniff_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "select * from duckdb_secrets()",
        "select * from a_frame_of_the_caller",
        "select getenv('HOME')",
        "copy spectra to '/tmp/stolen.parquet'",
        "copy spectra to '{file}'",
        "explain analyze copy (select 1) to '{file}'",
        "EXPLAIN (ANALYZE, FORMAT JSON) copy (select 1) to '{file}'",
        "/* explain select */ explain analyze copy (select 1) to '{file}'",
        "select * from query('copy (select 1) to ''{file}'' ')",
        "export database '/tmp/stolen'",
        "create table t as select 1",
        "insert into spectra select * from spectra",
        "with gone as (delete from spectra returning *) select * from gone",
        "delete from spectra",
        "drop view spectra",
        "select 1; drop view spectra",
        "attach '/tmp/other.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set memory_limit = '1TB'",
        "reset memory_limit",
        "pragma memory_limit='1GB'",
        "call pragma_version()",
        "use memory",
        "prepare p as select 1",
        "begin",
        "",
    ],
)
def test_a_query_can_neither_write_nor_leave_the_lake(
    lake: Lake, attempt: str, tmp_path: Path
) -> None:
    a_frame_of_the_caller = pa.table({"secret": [1]})
    outside = tmp_path / "outside.parquet"
    write_parquet(a_frame_of_the_caller, str(outside))
    (file,) = lake["spectra"].files()
    before = Path(file).read_bytes()
    with pytest.raises(QueryError):
        lake.sql(attempt.format(file=file, outside=outside))
    assert Path(file).read_bytes() == before
    assert lake.sql(COUNT).to_pylist() == [{"n": 2}]


def test_an_explanation_may_be_asked_for(lake: Lake) -> None:
    assert lake.sql("explain select * from spectra").num_rows
    assert lake.sql("explain analyze select * from spectra").num_rows


def test_a_wrong_column_names_the_likely_ones(lake: Lake) -> None:
    with pytest.raises(QueryError, match="temperature"):
        lake.sql("select temperatur from spectra")


def test_a_wrong_table_names_the_likely_one(lake: Lake) -> None:
    with pytest.raises(QueryError, match=r"no table 'spectrum'; did you mean 'spectra'\?"):
        lake.sql("from spectrum")


def test_a_query_is_stopped_at_its_time_limit_and_the_next_one_answers(lake: Lake) -> None:
    impatient = Lake.existing(lake.path, limits=Limits(seconds=0.3))
    begin = time.perf_counter()
    with pytest.raises(QueryError, match=r"longer than 0\.3 s"):
        impatient.sql("select sum(a.x[1] * r.range) from spectra a, range(100000000000) r")
    assert time.perf_counter() - begin < 20
    assert impatient.sql("from spectra").num_rows == 2


def test_a_query_stays_within_its_memory(lake: Lake) -> None:
    modest = Lake.existing(lake.path, limits=Limits(memory="100MB"))
    with pytest.raises(QueryError, match="more than 100MB of memory"):
        modest.sql("select list(range) as v from range(100000000) group by range % 2")
    assert modest.sql("from spectra").num_rows == 2


def test_parameters_by_position_and_by_name(lake: Lake) -> None:
    assert lake.sql(f"{COUNT} where spectrum_id = $1", ["one"]).to_pylist() == [{"n": 1}]
    by_name = lake.sql(f"{COUNT} where spectrum_id = $name", {"name": "nobody"})
    assert by_name.to_pylist() == [{"n": 0}]


def test_a_moment_names_a_snapshot(lake: Lake) -> None:
    before = datetime.now(UTC)
    time.sleep(0.01)
    lake.append("spectra", [{"spectrum_id": "later"}])
    assert lake.sql(COUNT, at=before).to_pylist() == [{"n": 2}]
    assert lake.sql(COUNT, at=before.isoformat()).to_pylist() == [{"n": 2}]
    assert lake.sql(COUNT, at=datetime.now(UTC)).to_pylist() == [{"n": 3}]
    with pytest.raises(QueryError, match="expected a moment"):
        lake.sql(COUNT, at="yesterday")


def test_many_threads_may_ask_one_lake(lake: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: lake.sql("select $1 as n from spectra", [n]), range(40)))
    assert [answer["n"].to_pylist() for answer in answers] == [[n, n] for n in range(40)]
