"""Upkeep and buckets, as a user types it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.errors import LakeError
from registry.lake import Lake
from training.tracking import tracking_uri

Run = Callable[..., subprocess.CompletedProcess[str]]


def curve(folder: Path, number: int) -> Path:
    path = folder / f"curve{number}.csv"
    lines = "".join(f"{0.01 * n},{100 / (n + number)}\n" for n in range(1, 30))
    path.write_text(f"# SAXS of a test; Q in 1/angstrom\nQ,I\n{lines}")
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run ``scatterlake`` in an empty folder."""

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from scatterlake.cli import main; main()", *args]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return call


def test_a_lake_is_maintained_verified_repaired_and_rebuilt(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for n in range(3):
        file = curve(tmp_path / "data", n)
        assert run("ingest", str(file), "--technique", "saxs").returncode == 0
    done = run("maintain")
    assert done.returncode == 0, done.stderr
    assert "spectra" in done.stdout
    assert "as they were written" in run("verify").stdout

    (file,) = map(Path, Lake.existing(tmp_path / "lake")["spectra"].files())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)
    found = run("verify")
    assert found.returncode == 1
    assert file.name in found.stderr
    assert run("verify", "--set-aside").returncode == 1
    assert run("sql", "select count(*) as n from spectra", "--format", "csv").stdout == "n\n0\n"
    assert run("ingest", "data", "--technique", "saxs").returncode == 0
    assert run("sql", "select count(*) as n from spectra", "--format", "csv").stdout == "n\n3\n"

    for log in (tmp_path / "lake").glob("tables/*/_delta_log"):
        shutil.rmtree(log)
    assert run("status").returncode == 2
    rebuilt = run("rebuild", "lake", "again")
    assert rebuilt.returncode == 0, rebuilt.stderr
    counted = run("sql", "select count(*) as n from spectra", "--lake", "again", "--format", "csv")
    assert counted.stdout == "n\n3\n"


def test_a_lake_in_a_bucket_is_used_like_one_in_a_folder(
    run: Run, tmp_path: Path, bucket: str
) -> None:
    (tmp_path / "data").mkdir()
    for n in range(3):
        curve(tmp_path / "data", n)
    done = run("ingest", "data", "--technique", "saxs", "--lake", bucket)
    assert done.returncode == 0, done.stderr
    query = "select technique, count(*) as n from spectra group by technique"
    asked = run("sql", query, "--lake", bucket, "--format", "csv")
    assert asked.stdout == "technique,n\nsaxs,3\n"
    for command in (["status"], ["maintain"], ["verify"], ["lineage", "data/curve0.csv"]):
        done = run(*command, "--lake", bucket)
        assert done.returncode == 0, (command, done.stderr)
    near = run("nearest", "data/curve1.csv", "--technique", "saxs", "--lake", bucket)
    assert near.returncode == 0, near.stderr
    assert not (tmp_path / "lake").exists()


def test_models_of_a_lake_in_a_bucket_need_a_server(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake.open(bucket)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(LakeError, match="set MLFLOW_TRACKING_URI"):
        tracking_uri(lake)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert tracking_uri(lake) == "http://127.0.0.1:5000"
