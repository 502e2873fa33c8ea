"""A lake to write to, in a folder and in a bucket, and rows to write."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.lake import Lake

Curves = Callable[..., list[dict[str, Any]]]
WRITER = Path(__file__).with_name("write_rows.py")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address for a new lake, on every kind of storage."""
    if request.param == "folder":
        return str(tmp_path / "lake")
    return str(request.getfixturevalue("bucket"))


@pytest.fixture(scope="session")
def curves() -> Curves:
    made: Curves = runpy.run_path(str(WRITER))["curves"]
    return made


@pytest.fixture
def write_at_once() -> Callable[..., int]:
    """Start one process per first row, each some commits of rows; returns rows acknowledged."""

    def run(lake: Lake, firsts: list[int], commits: int = 5, size: int = 10) -> int:
        commands = [
            [sys.executable, str(WRITER), lake.uri, str(first), str(commits), str(size)]
            for first in firsts
        ]
        running = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True) for c in commands]
        outputs = [process.communicate()[0] for process in running]
        return sum(int(line.split()[1]) for text in outputs for line in text.splitlines())

    return run
