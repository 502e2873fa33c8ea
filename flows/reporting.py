"""How a flow tells the person who waits what it is doing, and where its events go.

Flow parameters must serialise, so a callback travels beside them in a context variable; with
nobody listening, a flow reports to its Prefect log. Events (:mod:`registry.events`) get the id of
the flow run they are told in, and then reach its log too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from registry.events import line, through

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


def _to_prefect(record: logging.LogRecord) -> None:
    """Name the flow run an event is told in, and tell it in the log of that run."""
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger
    from prefect.runtime import flow_run

    if flow_run.id is None:
        return
    record.run_id = str(flow_run.id)
    if _listener.get():
        return  # somebody waits at a terminal, where Prefect's log would be printed between
    try:
        logger = get_run_logger()
    except MissingContextError:  # in a hook, after the run: its id is known, its log is closed
        return
    logger.log(record.levelno, line(record))


through(_to_prefect)
