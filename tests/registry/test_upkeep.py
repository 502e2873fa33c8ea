"""Maintaining, verifying and rebuilding a lake."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.errors import LakeError
from registry.lake import Lake
from registry.tables.maintenance import CHECKPOINT_AFTER, TARGET_BYTES, batches, checkpoint
from registry.tables.parquet import File
from registry.tables.storage import Storage
from registry.upkeep import maintain, rebuild, verify

Curves = Callable[..., list[dict[str, Any]]]
COUNT = "select count(*) as n from spectra"
LONG = timedelta(days=30)


@pytest.fixture
def lake(place: str) -> Lake:
    return Lake.open(place)


@pytest.fixture
def folder(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


def age(lake: Lake, days: float) -> None:
    """Let the data files of a lake in a folder, and what its log says of them, be so old."""
    then = time.time() - days * 86400
    for path in (lake.path / "tables" / "spectra").rglob("*"):
        if path.suffix == ".json":
            said = path.read_text()
            for line in said.splitlines():
                removed = json.loads(line).get("remove")
                if removed:
                    stamp = str(removed["deletionTimestamp"])
                    said = said.replace(stamp, str(int(then * 1000)))
            path.write_text(said)
        os.utime(path, (then, then))


def test_maintaining_changes_no_answer(lake: Lake, curves: Curves) -> None:
    for n in range(12):
        lake.append("spectra", curves(range(n, n + 1)))
    before = lake.sql("from spectra order by spectrum_id")
    done = maintain(lake, "spectra")
    assert (done.merged, done.into, done.deleted, done.damaged) == (12, 1, 0, {})
    assert lake.sql("from spectra order by spectrum_id").equals(before)
    assert lake["spectra"].storage.read("_delta_log/_last_checkpoint")
    assert verify(lake) == []


def test_old_versions_go_after_the_retention_except_those_a_dataset_was_read_at(
    folder: Lake, curves: Curves
) -> None:
    folder.append("spectra", curves(range(2)))
    folder.append("spectra", curves(range(2, 4)))
    pinned = folder.snapshot()
    folder.append("datasets", [{"manifest": "d", "snapshot": json.dumps(pinned)}])
    folder.append("spectra", curves(range(4, 6)))
    loose = folder.snapshot()
    maintain(folder, "spectra")
    for n in (6, 8):
        folder.append("spectra", curves(range(n, n + 2)))
    assert folder.sql(COUNT, at=loose).to_pylist() == [{"n": 6}]
    age(folder, 40)
    again = Lake.existing(folder.path)
    assert maintain(again, "spectra").deleted == 1
    assert again.sql(COUNT, at=pinned).to_pylist() == [{"n": 4}]
    assert again.sql(COUNT).to_pylist() == [{"n": 10}]
    with pytest.raises(LakeError, match="missing"):
        again.sql(COUNT, at=loose)


def test_a_retention_shorter_than_a_commit_may_take_is_refused(folder: Lake) -> None:
    with pytest.raises(LakeError, match="at least 1:00:00"):
        maintain(folder, "spectra", timedelta(minutes=1))


def test_what_a_dead_writer_left_goes_when_it_is_old(folder: Lake, curves: Curves) -> None:
    folder.append("spectra", curves(range(2)))
    table = folder["spectra"]
    orphan = (
        folder.path / "tables" / "spectra" / table.write([table.schema.arrow.empty_table()]).path
    )
    assert maintain(folder, "spectra").deleted == 0
    assert orphan.exists()
    age(folder, 31)
    assert maintain(folder, "spectra").deleted == 1
    assert not orphan.exists()
    assert folder.sql(COUNT).to_pylist() == [{"n": 2}]


def test_a_damaged_file_is_not_merged_into_others(folder: Lake, curves: Curves) -> None:
    for n in range(4):
        folder.append("spectra", curves(range(10 * n, 10 * n + 10)))
    broken = Path(folder["spectra"].files()[0])
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(content)
    done = maintain(folder, "spectra")
    assert list(done.damaged) == [broken.name]
    assert done.merged == 3
    (found,) = verify(folder, aside=True)
    assert found.address == str(broken)
    assert (broken.parent / "_damaged" / broken.name).exists()
    assert folder.sql(COUNT).to_pylist() == [{"n": 30}]


def test_a_checkpoint_shortens_what_a_reader_must_read(folder: Lake, curves: Curves) -> None:
    for n in range(CHECKPOINT_AFTER + 1):
        folder.append("spectra", curves(range(n, n + 1)))
    checkpoint(folder["spectra"])
    said = folder["spectra"].storage.read("_delta_log/_last_checkpoint")
    assert said
    assert json.loads(said)["version"] == folder["spectra"].version()


def test_a_row_is_merged_again_only_when_enough_came_since() -> None:
    def files(*sizes: int) -> list[File]:
        return [File(str(n), size, 1) for n, size in enumerate(sizes)]

    def sizes(found: list[list[File]]) -> list[list[int]]:
        return [[file.size for file in batch] for batch in found]

    assert sizes(batches(files(5, 5, 5, 1000), 2)) == [[5, 5, 5]]
    assert sizes(batches(files(5, 5, 5, 40), 2)) == [[5, 5, 5, 40]]
    assert batches(files(5), 2) == []
    assert batches(files(5, 5, 5), 4) == []
    third = TARGET_BYTES // 3
    assert sizes(batches(files(*[third] * 4), 2)) == [[third] * 3]
    assert batches(files(TARGET_BYTES, TARGET_BYTES), 2) == []


def test_a_lake_without_its_logs_is_rebuilt_from_its_files(
    folder: Lake, curves: Curves, tmp_path: Path
) -> None:
    for n in range(3):
        folder.append("spectra", curves(range(10 * n, 10 * n + 10)))
    maintain(folder, "spectra")
    folder.append("spectra", curves(range(30, 40)))
    for alias in (None, "challenger", "champion"):
        folder.replace("models", [{"model": "m", "version": 1, "alias": alias}])
    for log in folder.path.glob("tables/*/_delta_log"):
        shutil.rmtree(log)
    broken = max((folder.path / "tables" / "spectra").glob("*.parquet"), key=os.path.getmtime)
    broken.write_bytes(broken.read_bytes()[:-9])
    new = Lake.open(tmp_path / "new")
    report = rebuild(Storage.of(folder.path), new)
    assert report.rows == {**dict.fromkeys(new.tables, 0), "spectra": 30, "models": 3}
    assert len(report.unreadable) == 1
    assert broken.name in report.unreadable[0]
    assert new.sql("select alias from models").to_pylist() == [{"alias": "champion"}]
    assert new.append("spectra", curves(range(40))) == 10
