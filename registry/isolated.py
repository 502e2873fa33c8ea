"""Work on items that may crash, hang or swell: in processes of their own, within limits.

An item whose process ends, or goes beyond its time, gives :class:`Lost`; a new process takes the
next one and nothing else is touched. The processes are fresh interpreters that import nothing of
the caller's script, so that a script needs no ``__name__ == "__main__"`` guard.
"""

from __future__ import annotations

import math
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import LifoQueue
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WALL = 4
"""Seconds on the clock per second of computing: other work may have the cores."""
_STARTING_SECONDS = 120.0
_START = "import sys; sys.path[:] = {path!r}; from registry.isolated import serve; serve({end})"


@dataclass(frozen=True)
class Lost:
    """What stands in place of a result: why there is none."""

    reason: str


class Isolated(Generic[Item, Result]):
    """A function of one item, run in processes of their own.

    Args:
        function: Importable by its name; items and results are pickled.
        workers: Most processes at a time; each starts when there is work for it.
        seconds: Computing time (s) an item may take; ``WALL`` times as much may pass on the clock.
        memory: Bytes a process may allocate; beyond, ``MemoryError`` is raised in ``function``.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        workers: int,
        seconds: Callable[[Item], float],
        memory: int,
    ) -> None:
        self._seconds = seconds
        self._workers = [_Worker(function, memory) for _ in range(workers)]
        # the one used last comes first: few items start few processes
        self._idle: LifoQueue[_Worker] = LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def run(self, item: Item) -> Result | Lost:
        """Result of one item, or why there is none; may be called from several threads."""
        worker = self._idle.get()
        try:
            result: Result | Lost = worker.run(item, self._seconds(item))
            return result
        finally:
            self._idle.put(worker)

    def map(self, items: Sequence[Item]) -> Iterator[Result | Lost]:
        """Results in the order of the items."""
        with ThreadPoolExecutor(len(self._workers)) as threads:
            yield from threads.map(self.run, items)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.end()


class _Worker:
    """One process at a time: started when needed, and anew when it has ended."""

    def __init__(self, function: Callable[[Any], Any], memory: int) -> None:
        self._setup = (function, memory)
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection

    def run(self, item: Any, seconds: float) -> Any:
        process = self._process or self._start()
        try:
            self._pipe.send((item, seconds))
            if self._pipe.poll(WALL * seconds):
                return self._pipe.recv()
            reason = f"no answer within {WALL * seconds:g} s"
        except (EOFError, ConnectionError):
            reason = _how_it_ended(process.wait(), seconds)
        self.end()
        return Lost(reason)

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._pipe.close()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        """Start a process; the clock of an item does not count this.

        Raises:
            RuntimeError: When the process does not come up.
        """
        self._pipe, end = Pipe()
        command = _START.format(path=sys.path, end=end.fileno())
        with end:
            self._process = subprocess.Popen(
                # -P: a folder of the user that is called like a room is not imported
                [sys.executable, "-P", "-c", command],
                pass_fds=[end.fileno()],
                stdin=subprocess.DEVNULL,
            )
        try:
            self._pipe.send(self._setup)
            if self._pipe.poll(_STARTING_SECONDS):
                self._pipe.recv()
                return self._process
        except (EOFError, ConnectionError) as error:
            self.end()
            raise RuntimeError("a process to work in ended while it started") from error
        self.end()
        raise RuntimeError(f"no process to work in within {_STARTING_SECONDS:g} s")


def serve(end: int) -> None:
    """Work off items in this process until the other end of the pipe is closed.

    Args:
        end: File descriptor of this end.
    """
    pipe = Connection(end)
    function, memory = pipe.recv()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller, interrupted, ends this process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    most_cpu = resource.getrlimit(resource.RLIMIT_CPU)[1]
    pipe.send("ready")
    while True:
        try:
            item, seconds = pipe.recv()
        except EOFError:
            return
        # the kernel counts, because code in C that never returns sees no Python signal
        limit = math.ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, most_cpu))
        pipe.send(function(item))


def _how_it_ended(code: int, seconds: float) -> str:
    if code == -signal.SIGXCPU:
        return f"more than {seconds:g} s of computing"
    if code < 0:
        return f"its process ended by {signal.Signals(-code).name}"
    return f"its process ended with exit status {code}"
