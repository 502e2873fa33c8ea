"""How a network is run, as opposed to what it learns: nothing here changes the model.

Kept out of the settings, so that a folder of this machine never becomes a hyper-parameter::

    with running(Run(checkpoints=Path("checkpoints"))):
        models()["resnet1d"].train(training)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """How a fit is run.

    Attributes:
        checkpoints: Folder where fits note how far they came, or None. A fit that was killed goes
            on from there when it is asked for again with the same data, settings and seed, to the
            same model; one that was finished is read back.
        every: Seconds from one checkpoint to the next, and from the start to the first: a fit that
            is done sooner writes none. With 0 every epoch ends with one.
        progress: Whether a bar is shown; None for when standard error is a terminal.
        deterministic: Insist on it in every fit, also where its settings do not ask for it.
        mixed_precision: Whether fits whose settings allow bfloat16 may use it.
        on_epoch: Called with the epoch and its validation loss; may raise to end the fit.
    """

    checkpoints: Path | None = None
    every: float = 10.0
    progress: bool | None = None
    deterministic: bool = False
    mixed_precision: bool = True
    on_epoch: Callable[[int, float], None] | None = None


_CURRENT: ContextVar[Run] = ContextVar("run", default=Run())  # noqa: B039 - frozen


def current() -> Run:
    """How fits are run here."""
    return _CURRENT.get()


@contextmanager
def running(run: Run) -> Iterator[None]:
    """Run the fits inside like this."""
    token = _CURRENT.set(run)
    try:
        yield
    finally:
        _CURRENT.reset(token)
