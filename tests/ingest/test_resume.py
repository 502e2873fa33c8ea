"""An ingest that is killed goes on where it was: nothing double, nothing lost."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.errors import LakeError
from registry.lake import Lake

FILES = 1000
# The real command; only its batches are small and slow, so that it is killed before it is done.
INGEST = """
import time
import ingest.files
from registry.lake import Lake
ingest.files.BATCH = 20
append = Lake.append
def slowly(self, table, rows):
    time.sleep(0.1)
    return append(self, table, rows)
Lake.append = slowly
from scatterlake.cli import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Many curves, each of its own content, and two that must be refused."""
    folder = tmp_path / "beamtime"
    folder.mkdir()
    for n in range(FILES):
        points = "".join(f"{0.01 * q},{(n + 1) / q}\n" for q in range(1, 25))
        (folder / f"scan{n:04}.csv").write_text("# SAXS; Q in 1/angstrom\nQ,I\n" + points)
    (folder / "scan0003.odd").write_bytes(b"\x89\x00\x01garbage")
    (folder / "scan0900.empty").touch()
    return folder


def begin(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", INGEST, "ingest", folder.name],
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stored(place: Path) -> int:
    """Rows in the lake; none while there is no lake yet."""
    try:
        rows = Lake.existing(place / "lake").sql("select count(*) as n from spectra")
    except LakeError:
        return 0
    return int(rows.to_pylist()[0]["n"])


def stop_after_more(folder: Path, number: int) -> tuple[int, str]:
    """Begin an ingest, send it a signal once it has stored more; its exit code and complaints."""
    before = stored(folder.parent)
    process = begin(folder)
    end = time.monotonic() + 60
    while stored(folder.parent) < before + 100:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
    process.send_signal(number)
    _, complaints = process.communicate(timeout=60)
    return process.returncode, complaints


def test_stopped_and_killed_it_goes_on_and_all_is_there_once(folder: Path) -> None:
    code, complaints = stop_after_more(folder, signal.SIGINT)
    assert code == 130
    assert "Traceback" not in complaints
    for _ in range(2):
        code, _ = stop_after_more(folder, signal.SIGKILL)
        assert code == -signal.SIGKILL
    there = stored(folder.parent)
    assert 300 <= there < FILES

    process = begin(folder)
    said, complaints = process.communicate(timeout=120)
    assert process.returncode == 1, complaints
    counts = {what.strip(): int(n) for what, n in re.findall(r"│ ([a-z() ]+?) +│ +(\d+) │", said)}
    assert counts["files looked at"] == FILES + 2
    assert counts["files already there"] == there
    assert counts["new spectra"] == FILES - there

    lake = Lake.existing(folder.parent / "lake")
    (rows,) = lake.sql(
        "select count(*) as n, count(distinct spectrum_id) as ids, "
        "count(distinct file_name) as files from spectra"
    ).to_pylist()
    assert rows == {"n": FILES, "ids": FILES, "files": FILES}
    assert lake.sql("select count(*) as n from quarantine").to_pylist() == [{"n": 2}]
