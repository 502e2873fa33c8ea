"""A sidecar holds what its data file holds, or is built again."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from registry.curves.sidecar import HEADER, Sidecar, Sidecars, as_ids, stem
from registry.curves.take import one
from registry.errors import LakeError
from registry.lake import Lake
from registry.tables.parquet import read_groups

Rows = list[dict[str, Any]]
Q = np.linspace(0.5, 6, 40)

OPEN = """
import sys
from pathlib import Path
from registry.tables.parquet import read_groups
from registry.curves.sidecar import Sidecars, as_ids
(side,) = Sidecars(Path(sys.argv[1]), read_groups).open([sys.argv[2]])
print(len(side), side.names(side.find(as_ids(["s7"])))[0].decode())
"""


def row(name: str, x: Any, y: Any, technique: str = "xrd", **more: Any) -> dict[str, Any]:
    shape = None if y is None else [len(y)]
    given = {"spectrum_id": name, "technique": technique, "x": x, "intensity": y, "shape": shape}
    return {**given, **more}


@pytest.fixture
def mixed() -> Rows:
    """Two techniques; a shared grid, its reverse, ragged ones, a map, curves without values."""
    rng = np.random.default_rng(0)
    rows = [row(f"a{n}", Q, rng.random(len(Q))) for n in range(7)]
    rows += [row(f"down{n}", Q[::-1], rng.random(len(Q))) for n in range(3)]
    rows += [row(f"other{n}", Q, rng.random(len(Q)), technique="npd") for n in range(3)]
    rows += [row(f"ragged{n}", Q[:n], rng.random(n)) for n in range(2, 9)]
    rows += [row("map", Q[:3], rng.random(12), shape=[3, 4]), row("none", None, None)]
    rows += [row("empty", [], []), row("uneven", Q[:5], rng.random(4))]
    return [rows[n] for n in rng.permutation(len(rows))]


@pytest.fixture
def sidecars(tmp_path: Path) -> Sidecars:
    return Sidecars(tmp_path / "sidecars", read_groups)


def values_by_id(opened: Sequence[Sidecar], lake: Lake) -> dict[str, tuple[str, list[float]]]:
    ids = lake.sql("select spectrum_id from spectra")["spectrum_id"].to_pylist()
    found = ((each, *one(opened, each)) for each in ids)
    return {each: (block.technique, block.values[n].tolist()) for each, block, n in found}


def stored(lake: Lake) -> dict[str, tuple[str, list[float]]]:
    rows = lake.sql("select spectrum_id, technique, intensity from spectra").to_pylist()
    return {r["spectrum_id"]: (r["technique"], r["intensity"] or []) for r in rows}


def test_every_row_is_found_by_its_id_with_its_own_values(
    lake: Lake, mixed: Rows, sidecars: Sidecars
) -> None:
    lake.append("spectra", mixed)
    opened = sidecars.open(lake["spectra"].files())
    assert values_by_id(opened, lake) == stored(lake)
    (side,) = opened
    assert side.find(as_ids(["nobody", "a0" * 40, ""])).tolist() == [-1, -1, -1]
    assert sorted(side.names(np.arange(len(side))).tolist()) == side.ids.tolist()


def test_curves_of_a_technique_and_grid_are_one_view_without_a_copy(
    lake: Lake, mixed: Rows, sidecars: Sidecars
) -> None:
    lake.append("spectra", mixed)
    (side,) = sidecars.open(lake["spectra"].files())
    shapes = sorted(block.values.shape for block in side.curves("xrd"))
    assert shapes == sorted([(7, 40), (3, 40), *((1, n) for n in range(2, 9))])
    for block in side.curves("xrd"):
        assert not block.values.flags.owndata
        assert not block.values.flags.writeable
        assert block.grid.dtype == np.float64
    assert [block.values.shape for block in side.curves("npd")] == [(3, 40)]
    assert not list(side.curves("saxs"))


def test_a_version_is_the_sidecars_of_its_files_also_after_compaction(
    lake: Lake, mixed: Rows, sidecars: Sidecars, tmp_path: Path
) -> None:
    for rows in (mixed[:9], mixed[9:]):
        lake.append("spectra", rows)
    before = lake["spectra"].files()
    sidecars.open(before)
    DeltaTable(str(lake.path / "tables" / "spectra")).optimize.compact()
    after = lake["spectra"].files()
    assert set(after).isdisjoint(before)
    assert values_by_id(sidecars.open(after), lake) == stored(lake)
    assert sidecars.forget([*after, before[0]]) == 1
    names = {path.name for path in (tmp_path / "sidecars").iterdir()}
    assert names == {stem(file) for file in (*after, before[0])}


def test_a_sidecar_is_built_once(lake: Lake, mixed: Rows, tmp_path: Path) -> None:
    lake.append("spectra", mixed)
    asked: list[str] = []

    def read(file: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        asked.append(file)
        return read_groups(file, columns)

    for _ in range(2):
        Sidecars(tmp_path / "sidecars", read).open(lake["spectra"].files())
    assert asked == lake["spectra"].files()


def newer(folder: Path) -> None:
    header = json.loads((folder / HEADER).read_text())
    (folder / HEADER).write_text(json.dumps({**header, "version": header["version"] + 1}))


def cut(folder: Path) -> None:
    os.truncate(folder / "values.npy", 200)


def pickled(folder: Path) -> None:
    """A pickle of the right size in place of an array."""
    size = (folder / "grids.npy").stat().st_size
    (folder / "grids.npy").write_bytes(pickle.dumps({"grids": 1}).ljust(size, b"."))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "another version": newer,
    "a cut array": cut,
    "a pickle": pickled,
    "a missing array": lambda folder: (folder / "blocks.npy").unlink(),
    "no header": lambda folder: (folder / HEADER).unlink(),
    "a half-written header": lambda folder: os.truncate(folder / HEADER, 30),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_sidecar_is_built_again(
    lake: Lake, mixed: Rows, tmp_path: Path, damage: str
) -> None:
    lake.append("spectra", mixed)
    files = lake["spectra"].files()
    Sidecars(tmp_path / "sidecars", read_groups).open(files)
    DAMAGES[damage](tmp_path / "sidecars" / stem(files[0]))
    opened = Sidecars(tmp_path / "sidecars", read_groups).open(files)
    assert values_by_id(opened, lake) == stored(lake)
    assert [path.name for path in (tmp_path / "sidecars").iterdir()] == [stem(files[0])]


def test_what_stops_half_way_leaves_nothing(lake: Lake, mixed: Rows, tmp_path: Path) -> None:
    lake.append("spectra", mixed)

    def read(file: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        yield from read_groups(file, columns)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Sidecars(tmp_path / "sidecars", read).open(lake["spectra"].files())
    assert not list((tmp_path / "sidecars").iterdir())


def test_what_a_killed_builder_left_is_cleared_once_it_is_old(
    sidecars: Sidecars, tmp_path: Path
) -> None:
    for name, age in {"killed": 7200, "running": 0}.items():
        folder = tmp_path / "sidecars" / f".{name}.0.partial"
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age,) * 2)
    assert sidecars.forget([]) == 0
    assert [path.name for path in (tmp_path / "sidecars").iterdir()] == [".running.0.partial"]


def test_processes_that_build_at_once_agree(
    lake: Lake, curves: Callable[[range], Rows], tmp_path: Path
) -> None:
    lake.append("spectra", curves(range(300)))
    (file,) = lake["spectra"].files()
    command = [sys.executable, "-c", OPEN, str(tmp_path / "sidecars"), file]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0] for process in running] == ["300 s7\n"] * 3
    assert [path.name for path in (tmp_path / "sidecars").iterdir()] == [stem(file)]


def test_a_data_file_that_cannot_be_read_is_named(
    lake: Lake, mixed: Rows, sidecars: Sidecars
) -> None:
    lake.append("spectra", mixed)
    (file,) = lake["spectra"].files()
    os.truncate(file, Path(file).stat().st_size // 2)
    for broken in (file, "nowhere.parquet"):
        with pytest.raises(LakeError, match=stem(broken)):
            sidecars.open([broken])


def test_a_file_without_rows_has_a_sidecar_without_rows(tmp_path: Path) -> None:
    types = {"spectrum_id": pa.string(), "technique": pa.string(), "shape": pa.list_(pa.int32())}
    lists = {"x": pa.list_(pa.float64()), "intensity": pa.list_(pa.float32())}
    empty = pa.Table.from_pylist([], schema=pa.schema({**types, **lists}))
    files = {"no group.parquet": [], "no row.parquet": [empty]}
    for side in Sidecars(tmp_path, lambda file, _: files[file]).open(list(files)):
        assert len(side) == 0
        assert side.find(as_ids(["a"])).tolist() == [-1]


def test_progress_counts_the_files(lake: Lake, mixed: Rows, sidecars: Sidecars) -> None:
    for rows in (mixed[:5], mixed[5:]):
        lake.append("spectra", rows)
    told: list[tuple[int, int]] = []
    sidecars.open(lake["spectra"].files(), lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
