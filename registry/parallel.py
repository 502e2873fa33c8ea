"""Work over many items on several processes or machines, in order, with progress.

Processes are started by ``forkserver``: delta-rs does not survive ``fork``. Workers get plain
arguments and open no table; what they return is written by the caller. The machines of a Ray
cluster need scatterlake installed as here.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

from registry.errors import WrongUse

Item = TypeVar("Item")
Result = TypeVar("Result")
CLUSTER = "ray"
ADDRESS = "ray://"
AHEAD = 2
"""Tasks in the queue for each worker: one at work, one ready when it is done."""
RUNS = 8
"""Tasks for each worker that a sequence is divided into."""


class Map(Protocol):
    """``map(function, items)`` whose results come in the order of the items.

    A sequence is handed out in runs of several; an iterator item by item, a few ahead of the
    results, so that it may follow how the work goes.
    """

    def __call__(
        self, function: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterator[Result]:
        """Apply the function to every item."""


class _Pool(Protocol):
    """Something that works on tasks apart from this process."""

    def submit(self, function: Callable[[Any], Any], item: Any) -> Any:
        """Begin a task."""

    def result(self, task: Any) -> Any:
        """Wait for a task; raises what it raised."""

    def cancel(self, task: Any) -> None:
        """Forget a task that is no longer wanted."""


@contextmanager
def mapper(workers: int, on: str | None = None, preload: Sequence[str] = ()) -> Iterator[Map]:
    """Yield a :class:`Map`; one worker stays in this process, others start with the first item.

    Args:
        workers: Number of processes; functions and items must be picklable when above one.
        on: Where: processes of this machine (None), a Ray of this machine with ``workers``
            (``ray``), or a Ray cluster (``ray://host:port``), of which ``workers`` are kept busy;
            see :func:`on_ray`.
        preload: Modules that the processes import once for all; only the first call counts.

    Raises:
        WrongUse: When ``on`` is something else, or the extra ``cluster`` is not installed.
    """
    if on is None and workers <= 1:
        yield lambda function, items: map(function, items)
        return
    if on is not None:
        _found_ray(on)
    with ExitStack() as stack:

        @cache
        def pool() -> _Pool:
            if on is None:
                return stack.enter_context(_processes(workers, preload))
            return _Cluster(stack.enter_context(on_ray(on, workers)))

        yield partial(_in_order, pool, workers)


@contextmanager
def on_ray(on: str, workers: int) -> Iterator[Any]:
    """Yield ``ray``, started or connected to, and left when done.

    A Ray that this process is in already is used as it is, and stays.

    Raises:
        WrongUse: As :func:`mapper`.
    """
    ray = _found_ray(on)
    if ray.is_initialized():
        yield ray
        return
    if on == CLUSTER:
        quiet = {"include_dashboard": False, "log_to_driver": False}
        ray.init(address="local", num_cpus=max(1, workers), **quiet)
    else:
        ray.init(address=on)
    try:
        yield ray
    finally:
        ray.shutdown()


def _in_order(
    pool: Callable[[], _Pool],
    workers: int,
    function: Callable[[Item], Result],
    items: Iterable[Item],
) -> Iterator[Result]:
    size = max(1, len(items) // (workers * RUNS)) if isinstance(items, Sequence) else 1
    left = iter(items)
    waiting: deque[Any] = deque()
    try:
        while run := list(islice(left, size)):
            waiting.append(pool().submit(partial(_each, function), run))
            if len(waiting) >= AHEAD * workers:
                yield from pool().result(waiting.popleft())
        while waiting:
            yield from pool().result(waiting.popleft())
    finally:
        for task in waiting:
            pool().cancel(task)


def _each(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [function(item) for item in items]


@dataclass(frozen=True)
class _Processes:
    """Processes of this machine."""

    pool: ProcessPoolExecutor

    def submit(self, function: Callable[[Any], Any], item: Any) -> Future[Any]:
        return self.pool.submit(function, item)

    def result(self, task: Future[Any]) -> Any:
        return task.result()

    def cancel(self, task: Future[Any]) -> None:
        task.cancel()


@dataclass(frozen=True)
class _Cluster:
    """Workers of a Ray."""

    ray: Any

    def submit(self, function: Callable[[Any], Any], item: Any) -> Any:
        return self.ray.remote(_call).remote(function, item)

    def result(self, task: Any) -> Any:
        try:
            return self.ray.get(task)
        except self.ray.exceptions.RayTaskError as error:
            # Ray's own wraps the text of a traceback around it
            raise error.cause from error

    def cancel(self, task: Any) -> None:
        self.ray.cancel(task)


def _call(function: Callable[[Item], Result], item: Item) -> Result:
    return function(item)


@contextmanager
def _processes(workers: int, preload: Sequence[str]) -> Iterator[_Pool]:
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", *preload])
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield _Processes(pool)


def _found_ray(on: str) -> Any:
    if on != CLUSTER and not on.startswith(ADDRESS):
        raise WrongUse("on", f"{CLUSTER}, or {ADDRESS}host:port", repr(on))
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        expected = "the extra cluster: pip install 'scatterlake[cluster]'"
        raise WrongUse(f"on {on}", expected, "no Ray") from error
