"""How a flow tells the person who waits what it is doing.

Flow parameters must serialise, so a callback travels beside them in a context variable; with
nobody listening, a flow reports to its Prefect log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def reporting(listener: Listener | None) -> Iterator[None]:
    """Send what the flows inside report to ``listener(step, done, total)``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(step: str, done: int = 0, total: int = 0) -> None:
    """Report that a step began (``total`` 0) or how far it is."""
    listener = _listener.get()
    if listener:
        listener(step, done, total)
        return
    from prefect.logging import get_run_logger

    get_run_logger().info("%s: %d of %d", step, done, total)


def counter(step: str) -> Callable[[int, int], None]:
    """A (done, total) callback that reports under the name of a step."""
    return lambda done, total: report(step, done, total)
