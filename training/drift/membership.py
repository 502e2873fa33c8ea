"""Random divisions of pooled rows into reference and recent: what p-values are counted over.

Rows of one group (a sample measured many times) go to one side together: they are not independent,
and permuting them singly would call every new sample a drift. A permutation test is exact however
few rows there are (Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput

Divisions = npt.NDArray[np.bool_]


def divisions(
    n_reference: int, groups: Sequence[str] | None, n: int, count: int, seed: int
) -> Divisions:
    """Which rows count as recent: as it was, then at random.

    Args:
        n_reference: Rows of the reference, which come first.
        groups: Group of each row, None when each row is one.
        n: Rows in all.
        count: Random divisions.
        seed: Of the random numbers.

    Returns:
        Shape ``(count + 1, n)``; the first row is the true division.

    Raises:
        BadInput: When a side is empty, or a group has rows on both: it is not new then.
    """
    if not 0 < n_reference < n:
        raise BadInput("drift", "rows of the reference and recent ones", f"{n_reference} of {n}")
    true = np.arange(n) >= n_reference
    if groups is None:
        order = np.random.default_rng(seed).permuted(np.tile(true, (count, 1)), axis=1)
        return np.concatenate([true[None], order])
    names, of_row = np.unique(np.asarray(groups), return_inverse=True)
    both = set(of_row[true]) & set(of_row[~true])
    if both:
        shared = str(names[min(both)])
        raise BadInput("drift: groups", "groups of one side each", f"{shared!r} on both")
    recent = np.zeros(len(names), dtype=bool)
    recent[of_row[true]] = True
    shuffled = np.random.default_rng(seed).permuted(np.tile(recent, (count, 1)), axis=1)
    return np.concatenate([true[None], shuffled[:, of_row]])


def p_value(statistics: npt.NDArray[np.floating]) -> float:
    """Share of divisions at least as extreme as the true one, itself included.

    Args:
        statistics: Of every division, the true one first, shape ``(count + 1,)``.
    """
    # a rounding difference between equal divisions must not make one more extreme
    limit = statistics[0] - 1e-9 * max(1.0, abs(float(statistics[0])))
    return float((statistics >= limit).mean())
