"""A lake to write to and rows to write."""

from __future__ import annotations

import runpy
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


@pytest.fixture(scope="session")
def curves() -> Curves:
    made: Curves = runpy.run_path(str(WRITER))["curves"]
    return made


@pytest.fixture
def write_at_once(lake: Lake) -> Callable[[list[int]], int]:
    """Start one process per first row, each 5 commits of 10 rows; returns rows acknowledged."""
    import subprocess
    import sys

    def run(firsts: list[int]) -> int:
        commands = [
            [sys.executable, str(WRITER), str(lake.path), str(n), "5", "10"] for n in firsts
        ]
        running = [subprocess.Popen(c, stdout=subprocess.PIPE, text=True) for c in commands]
        outputs = [process.communicate()[0] for process in running]
        return sum(int(text) for text in outputs)

    return run
