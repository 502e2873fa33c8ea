"""Tables: nothing lost, nothing twice, whoever writes, in a folder as in a bucket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from registry.errors import BadInput, LakeError
from registry.lake import Lake
from registry.tables.maintenance import COMPACT_ABOVE, compact
from registry.tables.parquet import read_groups
from registry.tables.storage import Storage
from registry.tables.table import Table

Curves = Callable[..., list[dict[str, Any]]]
COUNT = "select count(*) as n, count(distinct spectrum_id) as d from spectra"


@pytest.fixture
def lake(place: str) -> Lake:
    return Lake.open(place)


def counted(lake: Lake) -> tuple[int, int]:
    (row,) = lake.sql(COUNT).to_pylist()
    return row["n"], row["d"]


def test_the_same_rows_twice_are_one_row_each(lake: Lake, curves: Curves) -> None:
    assert lake.append("spectra", curves(range(5))) == 5
    assert lake.append("spectra", curves(range(3, 8))) == 3
    assert counted(lake) == (8, 8)


def test_a_lake_opened_anew_knows_what_it_holds(lake: Lake, curves: Curves) -> None:
    lake.append("spectra", curves(range(5)))
    assert Lake.existing(lake.uri).append("spectra", curves(range(6))) == 1


def test_a_duplicate_within_one_batch_is_one_row(lake: Lake, curves: Curves) -> None:
    assert lake.append("spectra", curves(range(3)) + curves(range(3))) == 3


def test_four_processes_of_25_commits_of_the_same_rows_leave_one_each(
    lake: Lake, write_at_once: Callable[..., int]
) -> None:
    assert write_at_once(lake, [0, 0, 0, 0], commits=25) == 250
    assert counted(lake) == (250, 250)


def test_four_processes_of_25_commits_of_different_rows_lose_none(
    lake: Lake, write_at_once: Callable[..., int]
) -> None:
    assert write_at_once(lake, [0, 1000, 2000, 3000], commits=25) == 1000
    assert counted(lake) == (1000, 1000)


OPEN = """
import runpy, sys
from registry.lake import Lake
curves = runpy.run_path(sys.argv[2])["curves"]
Lake.open(sys.argv[1]).append("spectra", curves(range(5)))
"""


def test_four_processes_may_make_the_same_lake_at_once(place: str) -> None:
    rows = str(Path(__file__).with_name("write_rows.py"))
    command = [sys.executable, "-c", OPEN, place, rows]
    makers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [maker.communicate()[1] for maker in makers]
    assert [maker.returncode for maker in makers] == [0] * 4, said
    assert counted(Lake.existing(place)) == (5, 5)


def test_replace_takes_the_place_of_the_old_row(lake: Lake) -> None:
    lake.append("models", [{"model": "m", "version": 1, "alias": None}])
    lake.replace("models", [{"model": "m", "version": 1, "alias": "champion"}])
    lake.replace("models", [{"model": "m", "version": 2, "alias": None}])
    rows = lake.sql("select version, alias from models order by version").to_pylist()
    assert rows == [{"version": 1, "alias": "champion"}, {"version": 2, "alias": None}]


REPLACE = """
import sys
from registry.lake import Lake
lake = Lake.existing(sys.argv[1])
for n in range(8):
    rows = [{"model": "m", "version": v, "alias": f"{sys.argv[2]}-{n}"} for v in range(n, n + 3)]
    lake.replace("models", rows)
"""


def test_four_processes_replacing_the_same_rows_leave_one_each(lake: Lake) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", REPLACE, lake.uri, str(n)]) for n in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    rows = lake.sql("select version, alias from models order by version").to_pylist()
    assert [row["version"] for row in rows] == list(range(10))
    # the last three were written together, by whoever came last
    assert {row["alias"].split("-")[1] for row in rows[-3:]} == {"7"}
    assert len({row["alias"] for row in rows[-3:]}) == 1


def test_an_older_snapshot_stays_readable(lake: Lake, curves: Curves) -> None:
    lake.append("spectra", curves(range(2)))
    before = lake.snapshot()
    lake.append("spectra", curves(range(2, 9)))
    count = "select count(*) as n from spectra"
    assert lake.sql(count, at=before).to_pylist() == [{"n": 2}]
    assert lake.sql(count).to_pylist() == [{"n": 9}]


def test_a_snapshot_that_never_was_is_refused(lake: Lake) -> None:
    with pytest.raises(LakeError, match="'spectra' at 99"):
        lake.sql("from spectra", at={"spectra": 99})


def test_maps_nulls_and_uncertainties_come_back_bit_for_bit(lake: Lake) -> None:
    rng = np.random.default_rng(1)
    row = {
        "spectrum_id": "map",
        "technique": "ins",
        "kind": "experimental",
        "x": rng.random(7)[::-1].copy(),
        "axes": [
            {"quantity": "Q", "unit": "1/angstrom", "values": rng.random(3)},
            {"quantity": "delay", "unit": "ps", "values": rng.random(2)},
        ],
        "shape": [7, 3, 2],
        "intensity": rng.random(42).astype(np.float32),
        "uncertainty": None,
    }
    lake.append("spectra", [row])
    (back,) = lake.sql("from spectra").to_pylist()
    assert np.array_equal(back["x"], row["x"])
    assert np.array_equal(np.float32(back["intensity"]), row["intensity"])
    axes = zip(back["axes"], row["axes"], strict=True)  # type: ignore[call-overload]
    assert all(np.array_equal(b["values"], a["values"]) for b, a in axes)
    assert back["uncertainty"] is None


def test_a_column_that_does_not_exist_is_refused(lake: Lake) -> None:
    rows = lake["models"].schema.arrow.empty_table().append_column("colour", [[]])
    with pytest.raises(BadInput, match="colour"):
        lake.append("models", rows)


def test_small_files_are_merged_and_nothing_changes(lake: Lake, curves: Curves) -> None:
    for n in range(COMPACT_ABOVE + 2):
        lake.append("spectra", curves(range(n, n + 1), points=5))
    assert len(lake["spectra"].files()) < COMPACT_ABOVE
    assert counted(lake) == (COMPACT_ABOVE + 2, COMPACT_ABOVE + 2)


def test_merged_rows_are_sorted_by_the_common_filters(lake: Lake, curves: Curves) -> None:
    techniques = ["xrd", "saxs", "npd", "xas"]
    for n in range(8):
        rows = [{**row, "technique": techniques[n % 4]} for row in curves(range(3 * n, 3 * n + 3))]
        lake.append("spectra", rows)
    before = lake.sql("from spectra order by spectrum_id")
    assert compact(lake["spectra"], least=2) == (8, 1)
    table = lake["spectra"]
    (file,) = table.state().files
    stored = [
        name.as_py()
        for group in read_groups(file.path, ["technique"], table.storage.files)
        for name in group["technique"]
    ]
    assert stored == sorted(stored)
    assert lake.sql("from spectra order by spectrum_id").equals(before)


def test_files_are_written_for_other_engines_too(lake: Lake, curves: Curves) -> None:
    import pyarrow.parquet as pq

    lake.append("spectra", curves(range(4)))
    table = lake["spectra"]
    (file,) = table.state().files
    group = pq.ParquetFile(file.path, filesystem=table.storage.files).metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert columns["intensity.list.element"].compression == "ZSTD"
    assert "BYTE_STREAM_SPLIT" in columns["intensity.list.element"].encodings
    actions = table.delta().get_add_actions(flatten=True)
    row = {name: actions[name][0].as_py() for name in ("num_records", "min.spectrum_id")}
    assert row == {"num_records": 4, "min.spectrum_id": "s0"}


def test_another_delta_reader_sees_the_same_rows(lake: Lake, curves: Curves) -> None:
    """The log entries of our compaction are read by delta-rs's own query engine."""
    from deltalake import QueryBuilder

    for n in range(4):
        lake.append("spectra", curves(range(n, n + 1)))
    compact(lake["spectra"], least=2)
    lake.append("spectra", curves(range(4, 6)))
    delta = lake["spectra"].delta()
    rows = QueryBuilder().register("t", delta).execute("select spectrum_id from t").read_all()
    assert sorted(rows["spectrum_id"].to_pylist()) == [f"s{n}" for n in range(6)]


def test_a_commit_that_succeeded_unheard_is_not_undone(
    lake: Lake, curves: Curves, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client whose answer was lost asks again and is told that the version exists."""
    real = Storage.create

    def unheard(self: Storage, path: str, content: bytes) -> bool:
        real(self, path, content)
        return False

    monkeypatch.setattr(Storage, "create", unheard)
    assert lake.append("spectra", curves(range(3))) == 3
    assert counted(lake) == (3, 3)


ROWS = st.lists(
    st.tuples(
        hnp.arrays(np.float32, st.integers(0, 300), elements=st.floats(width=32)),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@given(ROWS)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_floats_ragged_and_null_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, bool]]
) -> None:
    lake = Lake.open(tmp_path_factory.mktemp("any"))
    lake.append(
        "spectra",
        [
            {
                "spectrum_id": f"{n}",
                "x": np.arange(len(y)) / 3,
                "intensity": y,
                "uncertainty": y if sure else None,
            }
            for n, (y, sure) in enumerate(rows)
        ],
    )
    back = lake.sql("from spectra order by spectrum_id")
    for n, (y, sure) in enumerate(rows):
        stored = back["intensity"][n].values.to_numpy(zero_copy_only=False)
        assert stored.tobytes() == y.tobytes()
        assert back["uncertainty"][n].is_valid == sure


def test_statistics_leave_out_what_json_cannot_say() -> None:
    import pyarrow as pa

    from registry.tables.parquet import statistics

    rows = pa.table({"a": [1.0, float("-inf")], "b": ["a", "x" * 40], "c": [None, 2]})
    found = json.loads(statistics(rows))
    assert found["minValues"] == {"c": 2}
    assert found["nullCount"] == {"a": 0, "b": 0, "c": 1}


def test_keys_of_several_columns_are_told_apart(lake: Lake) -> None:
    table: Table = lake["properties"]
    rows = [
        {"entity_id": "a", "property": "b'c", "method": "d"},
        {"entity_id": "a'b", "property": "c", "method": "d"},
        {"entity_id": "a", "property": "b", "method": "'c d"},
    ]
    assert lake.append("properties", rows + rows) == 3
    assert table.state().files[0].rows == 3
