"""``scatterlake watch`` as a user runs it: a line a batch, stopped by Ctrl-C or SIGTERM."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.lake import Lake

WATCH = "from scatterlake.cli import main; main()"
CURVE = "# SAXS; Q in 1/angstrom\nQ,I\n" + "".join(f"{0.01 * n},{100 / n}\n" for n in range(1, 31))


class Running:
    """A watch in its own process; its lines as they come."""

    def __init__(self, folder: Path) -> None:
        options = ["watch", "in", "--settle", "0.2", "--every", "0.05"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", WATCH, *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self) -> str:
        return self._lines.get(timeout=60).strip()

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(60)
        assert self.process.stderr is not None
        with self.process.stderr as complaints:
            return code, complaints.read()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(60)
        self._reader.join(60)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Running]]:
    (tmp_path / "in").mkdir()
    begun: list[Running] = []

    def start() -> Running:
        begun.append(Running(tmp_path))
        return begun[-1]

    yield start
    for running in begun:
        running.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well_and_a_line_tells_of_each_batch(
    tmp_path: Path, begin: Callable[[], Running], number: int
) -> None:
    (tmp_path / "in" / "good.csv").write_text(CURVE)
    running = begin()
    assert running.line().startswith("watching in")
    assert running.line().endswith("1 files, 1 new spectra")
    (tmp_path / "in" / "bad.csv").write_text(CURVE.replace("0.05,20.0", "0.05,nan"))
    assert running.line().endswith("1 files, 1 refused")
    assert running.line().startswith("refused bad.csv: expected")
    code, complaints = running.end(number)
    assert (code, complaints) == (0, "")
    assert running.line().startswith("stopped")
    rows = Lake.existing(tmp_path / "lake").sql("select count(*) as n from spectra").to_pylist()
    assert rows == [{"n": 1}]


def test_started_again_it_says_what_is_there_already(
    tmp_path: Path, begin: Callable[[], Running]
) -> None:
    (tmp_path / "in" / "good.csv").write_text(CURVE)
    first = begin()
    first.line()
    first.line()
    first.end(signal.SIGINT)
    second = begin()
    second.line()
    assert second.line().endswith("1 files, 1 files already there")
    second.end(signal.SIGINT)
