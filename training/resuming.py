"""Long fits that a killed process left unfinished go on where they were.

Studies, retraining and transfer run inside :func:`resumable`; whatever maps fits over processes
sends :func:`as_here` along.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from registry.lake import Lake
from training.models import Fitted, Learnt, Model, Training
from training.models._run import Run, current, running

Work = TypeVar("Work")
Done = TypeVar("Done")


@contextmanager
def resumable(lake: Lake, study: str) -> Iterator[None]:
    """Fits inside write checkpoints, which go when all of them are done.

    They lie in ``checkpoints/STUDY`` of the lake's folder, unless the caller has named a folder of
    its own, which is left as it is.
    """
    here = current()
    if here.checkpoints is not None:
        yield
        return
    folder = lake.path / "checkpoints" / study
    with running(replace(here, checkpoints=folder)):
        yield
    # not the folder: another process may be writing there
    for path in folder.glob("*.ckpt"):
        path.unlink(missing_ok=True)


def as_here(work: Callable[[Work], Done]) -> Callable[[Work], Done]:
    """A function whose fits are run as those here, in whatever process it is called."""
    return partial(_as, work, replace(current(), on_epoch=None))


def _as(work: Callable[[Work], Done], run: Run, item: Work) -> Done:
    # who listens can only be told in its own process
    with running(replace(run, on_epoch=current().on_epoch)):
        return work(item)


def timed_fit(
    model: Model, training: Training, settings: Mapping[str, Any]
) -> tuple[Fitted, float]:
    """Fit, and tell how many seconds that took, those of processes that were killed among them."""
    begin = time.perf_counter()
    fitted = model.train(training, **settings)
    took = time.perf_counter() - begin
    return fitted, took + (fitted.earlier if isinstance(fitted, Learnt) else 0.0)
