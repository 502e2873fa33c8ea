"""Tables: nothing lost, nothing twice, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from deltalake import DeltaTable

from registry.lake import Lake
from registry.tables import COMPACT_ABOVE

Curves = Callable[..., list[dict[str, Any]]]


def test_the_same_rows_twice_are_one_row_each(lake: Lake, curves: Curves) -> None:
    assert lake.append("spectra", curves(range(5))) == 5
    assert lake.append("spectra", curves(range(3, 8))) == 3
    assert lake.sql("select count(*) as n from spectra").to_pylist() == [{"n": 8}]


def test_a_duplicate_within_one_batch_is_one_row(lake: Lake, curves: Curves) -> None:
    assert lake.append("spectra", curves(range(3)) + curves(range(3))) == 3


def test_four_processes_writing_the_same_rows_leave_one_each(
    lake: Lake, write_at_once: Callable[[list[int]], int]
) -> None:
    assert write_at_once([0, 0, 0, 0]) == 50
    counted = lake.sql("select count(*) as n, count(distinct spectrum_id) as d from spectra")
    assert counted.to_pylist() == [{"n": 50, "d": 50}]


def test_four_processes_writing_different_rows_lose_none(
    lake: Lake, write_at_once: Callable[[list[int]], int]
) -> None:
    assert write_at_once([0, 100, 200, 300]) == 200
    counted = lake.sql("select count(*) as n, count(distinct spectrum_id) as d from spectra")
    assert counted.to_pylist() == [{"n": 200, "d": 200}]


def test_replace_takes_the_place_of_the_old_row(lake: Lake) -> None:
    lake.append("models", [{"model": "m", "version": 1, "alias": None}])
    lake.replace("models", [{"model": "m", "version": 1, "alias": "champion"}])
    lake.replace("models", [{"model": "m", "version": 2, "alias": None}])
    rows = lake.sql("select version, alias from models order by version").to_pylist()
    assert rows == [{"version": 1, "alias": "champion"}, {"version": 2, "alias": None}]


def test_an_older_snapshot_stays_readable(lake: Lake, curves: Curves) -> None:
    lake.append("spectra", curves(range(2)))
    before = lake.snapshot()
    lake.append("spectra", curves(range(2, 9)))
    count = "select count(*) as n from spectra"
    assert lake.sql(count, at=before).to_pylist() == [{"n": 2}]
    assert lake.sql(count).to_pylist() == [{"n": 9}]


def test_maps_nulls_and_uncertainties_come_back_bit_for_bit(lake: Lake) -> None:
    rng = np.random.default_rng(1)
    row = {
        "spectrum_id": "map",
        "technique": "ins",
        "kind": "experimental",
        "x": rng.random(7)[::-1].copy(),
        "axes": [{"quantity": "Q", "unit": "1/angstrom", "values": rng.random(3)}],
        "shape": [7, 3],
        "intensity": rng.random(21).astype(np.float32),
        "uncertainty": None,
    }
    lake.append("spectra", [row])
    (back,) = lake.sql("from spectra").to_pylist()
    assert np.array_equal(back["x"], row["x"])
    assert np.array_equal(np.float32(back["intensity"]), row["intensity"])
    assert np.array_equal(back["axes"][0]["values"], row["axes"][0]["values"])  # type: ignore[index]
    assert back["uncertainty"] is None


def test_small_files_are_compacted_and_nothing_changes(lake: Lake, curves: Curves) -> None:
    for n in range(COMPACT_ABOVE + 1):
        lake.append("spectra", curves(range(n, n + 1), points=5))
    lake["spectra"].maintain()
    assert len(lake["spectra"].files()) < COMPACT_ABOVE
    assert lake.sql("select count(distinct spectrum_id) as n from spectra").to_pylist() == [
        {"n": COMPACT_ABOVE + 1}
    ]


def test_files_are_written_for_other_engines_too(lake: Lake, curves: Curves) -> None:
    lake.append("spectra", curves(range(4)))
    (path,) = lake["spectra"].files()
    group = pq.ParquetFile(path).metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert columns["intensity.list.element"].compression == "ZSTD"
    assert "BYTE_STREAM_SPLIT" in columns["intensity.list.element"].encodings
    actions = DeltaTable(str(lake.path / "tables" / "spectra")).get_add_actions(flatten=True)
    row = {name: actions[name][0].as_py() for name in ("num_records", "min.spectrum_id")}
    assert row == {"num_records": 4, "min.spectrum_id": "s0"}
