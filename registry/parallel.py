"""Work over many items on several processes, in order, with progress.

Processes are started by ``forkserver``: delta-rs does not survive ``fork``. Workers get plain
arguments and open no table; what they return is written by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def mapper(
    workers: int,
) -> Iterator[Callable[[Callable[[Item], Result], Sequence[Item]], Iterator[Result]]]:
    """Yield a ``map(function, items)`` that keeps the order; one worker stays in this process.

    Args:
        workers: Number of processes; functions and items must be picklable when above one.
    """
    if workers <= 1:
        yield lambda function, items: map(function, items)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        yield lambda function, items: pool.map(
            function, items, chunksize=max(1, len(items) // (workers * 8))
        )
