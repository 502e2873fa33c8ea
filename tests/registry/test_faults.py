"""Killed writers, full disks, damaged files: what was acknowledged stays, what broke is named."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.errors import LakeError, QueryError
from registry.lake import Lake
from registry.tables.maintenance import compact, vacuum
from registry.tables.verify import damages, set_aside

Curves = Callable[..., list[dict[str, Any]]]
HERE = Path(__file__).parent
SIZE = 10
BATCHES = f"""
select cast(spectrum_id[2:] as int) // {SIZE} * {SIZE} as first, count(*) as n
from spectra group by first
"""
SUMS = "select count(*) as n, sum(list_sum(intensity)) as total from spectra"


def killed(lake: Lake, script: str, first: int, delay: float) -> list[int]:
    """Start a script that writes, kill it so long after its first commit; returns what it said."""
    command = [sys.executable, str(HERE / script), lake.uri, str(first)]
    if script == "write_rows.py":
        command += ["1000", str(SIZE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = [process.stdout.readline()]
        time.sleep(delay)
        process.kill()
        said += process.stdout.read().splitlines()
    return [int(line.split()[0]) for line in said if line.strip()]


def assert_whole(lake: Lake, acknowledged: list[int]) -> None:
    """Every batch is there as a whole or not at all, and all that were acknowledged are."""
    found = {row["first"]: row["n"] for row in lake.sql(BATCHES).to_pylist()}
    assert set(found.values()) <= {SIZE}
    assert set(acknowledged) <= found.keys()


def on_disk(lake: Lake) -> set[str]:
    return {path.name for path in (lake.path / "tables" / "spectra").glob("*.parquet")}


def live(lake: Lake) -> set[str]:
    return {file.path for file in lake["spectra"].state().files}


@pytest.mark.parametrize(("script", "times"), [("write_rows.py", 50), ("keep_busy.py", 20)])
def test_killing_a_writer_or_a_merger_loses_nothing(lake: Lake, script: str, times: int) -> None:
    chance = random.Random(times)
    acknowledged: list[int] = []
    for n in range(times):
        acknowledged += killed(lake, script, 100_000 * n, chance.uniform(0, 0.25))
        assert_whole(Lake.existing(lake.path), acknowledged)
    # what the dead left behind goes when it is older than any writer alive
    vacuum(lake["spectra"], [], timedelta(0))
    assert on_disk(lake) == live(lake)
    assert_whole(lake, acknowledged)


def test_a_reader_during_merging_and_vacuum_sees_one_snapshot(lake: Lake, curves: Curves) -> None:
    for n in range(6):
        lake.append("spectra", curves(range(10 * n, 10 * n + 10)))
    expected = lake.sql(SUMS).to_pylist()
    at = lake.snapshot()
    stop = threading.Event()

    def upkeep() -> None:
        other = Lake.existing(lake.path)
        for n in range(1000, 10_000, 10):
            if stop.is_set():
                return
            other.append("spectra", curves(range(n, n + 10)))
            compact(other["spectra"], least=2)
            vacuum(other["spectra"], [at["spectra"]], timedelta(0))

    worker = threading.Thread(target=upkeep)
    worker.start()
    try:
        for _ in range(40):
            assert Lake.existing(lake.path).sql(SUMS, at=at).to_pylist() == expected
    finally:
        stop.set()
        worker.join()
    assert lake["spectra"].version() > at["spectra"] + 10


FULL = """
import resource, runpy, sys
from registry.errors import LakeError
from registry.lake import Lake
curves = runpy.run_path(sys.argv[2])["curves"]
lake = Lake.existing(sys.argv[1])
lake.append("spectra", curves(range(3)))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for limit in (200_000, 100, 0):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        lake.append("spectra", curves(range(1000, 1100), points=5000))
    except LakeError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert lake.sql("select count(*) as n from spectra")["n"][0].as_py() == 3
assert lake.append("spectra", curves(range(1000, 1100), points=5000)) == 100
"""


def test_a_full_disk_is_said_and_writing_goes_on_when_there_is_space(lake: Lake) -> None:
    command = [sys.executable, "-c", FULL, lake.uri, str(HERE / "write_rows.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not written") == 3
    assert on_disk(lake) == live(lake)


READ_ONLY = """
import os, runpy, sys
from registry.errors import LakeError
from registry.lake import Lake
curves = runpy.run_path(sys.argv[2])["curves"]
lake = Lake.existing(sys.argv[1])
lake.append("spectra", curves(range(3)))
lake.replace("models", [{"model": "m", "version": 1}])
# all modules are loaded before: another user may not read where they are
lake.sql("select count(*) as n from spectra")
if os.geteuid() == 0:
    os.seteuid(65534)
lake = Lake.existing(sys.argv[1])
assert lake.sql("select count(*) as n from spectra")["n"][0].as_py() == 3
for write in (
    lambda: lake.append("spectra", curves(range(9))),
    lambda: lake.replace("models", [{"model": "m", "version": 1}]),
):
    try:
        write()
    except LakeError as error:
        print(error)
assert lake.sql("select count(*) as n from spectra")["n"][0].as_py() == 3
"""


def test_a_read_only_lake_can_be_read_and_says_why_not_written() -> None:
    # not below pytest's folder, which is closed to others
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake.open(Path(folder) / "lake")
        command = [sys.executable, "-c", READ_ONLY, lake.uri, str(HERE / "write_rows.py")]
        lake.append("models", [{"model": "m", "version": 1}])
        for path in (Path(folder), *Path(folder).rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() != 0:
            pytest.skip("only root can become a user who may not write")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("not written") == 2


@pytest.fixture
def three_files(lake: Lake, curves: Curves) -> list[Path]:
    for n in range(3):
        lake.append("spectra", curves(range(10 * n, 10 * n + 10), points=500))
    return sorted(map(Path, lake["spectra"].files()))


@pytest.mark.parametrize("damage", ["truncated", "missing", "emptied", "overwritten"])
def test_a_damaged_file_is_named_and_the_others_stay_readable(
    lake: Lake, curves: Curves, three_files: list[Path], damage: str
) -> None:
    broken = three_files[1]
    content = broken.read_bytes()
    if damage == "missing":
        broken.unlink()
    else:
        kept = {"truncated": content[: len(content) // 2], "emptied": b""}
        broken.write_bytes(kept.get(damage, b"x" * len(content)))
    again = Lake.existing(lake.path)
    with pytest.raises(LakeError, match=broken.name):
        again.sql(SUMS)
    (found,) = damages(again["spectra"])
    assert found.file.path == broken.name
    set_aside(again["spectra"], [found])
    assert again.sql("select count(*) as n from spectra")["n"][0].as_py() == 20
    # ids are content: the same input brings back just what was lost
    assert again.append("spectra", curves(range(30), points=500)) == 10


def test_a_flipped_bit_is_found_or_changes_nothing(lake: Lake, three_files: list[Path]) -> None:
    file = three_files[0]
    content = file.read_bytes()
    expected = lake.sql("from spectra order by spectrum_id")
    chance = random.Random(0)
    found = 0
    for _ in range(150):
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        file.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        try:
            same = Lake.existing(lake.path).sql("from spectra order by spectrum_id") == expected
        except (LakeError, QueryError) as error:
            assert file.name in str(error)
            same = False
        named = [damage.file.path for damage in damages(lake["spectra"])]
        assert same or named == [file.name]
        found += bool(named)
    assert found > 100
    file.write_bytes(content)
    assert not damages(lake["spectra"])
