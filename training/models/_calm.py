"""Calling scikit-learn: threads as many as pay, and no warning that a fit stopped early."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from training.models._threads import threads


@contextmanager
def calm(rows: int) -> Iterator[None]:
    """Limit the threads of numerical libraries for a while; put everything back afterwards.

    A fit that stopped at its limit of iterations is a result all the same: how good it is shows
    in its scores.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(threads(rows)), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
