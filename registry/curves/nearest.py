r"""The curves most similar to one curve, by the cosine of the angle between them.

:math:`s = q \cdot y / (|q| |y|)`, over the points of the query's grid. Curves on that grid (in
either direction) are compared whole: one matrix-vector product in float32 per block of the
memory map finds candidates, float64 decides between them, so the answer is that of computing
every similarity in float64. Products are taken row by row (``numpy.vecdot``) in two threads, which
is as fast as memory allows; the threads of BLAS wait for each other on a busy machine.

Curves on other grids are interpolated linearly onto the query's grid. Query points outside such
a curve are left out of both; *overlap* is the share of query points inside, and a curve with
less than the minimum is not compared. Interpolated curves are never made: with the linear map
:math:`A`, :math:`q \cdot A y = (A^T q) \cdot y`, and :math:`|A y|^2 = y^T (A^T A) y` with a
tridiagonal matrix. ``benchmarks/RESULTS.md`` says what it costs beside a comparison on one grid.

A curve that holds a value that is not finite, or nothing but zeros, is similar to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from registry.curves.interpolation import Interpolation, Numbers, is_axis
from registry.curves.query import Query
from registry.curves.sidecar import Block, Ids, Rows, Sidecar, as_ids
from registry.curves.take import locate
from registry.errors import WrongUse

MIN_OVERLAP = 0.8
"""Share of the query's points that a curve on another grid must cover."""
FEW = 8
"""Rows are gathered, instead of multiplied with the whole block, below 1 in so many."""
CHUNK_VALUES = 1 << 16
"""Values held in float64 at a time: small enough for a processor's cache."""
FOUND = pa.schema(
    [("spectrum_id", pa.string()), ("similarity", pa.float64()), ("overlap", pa.float64())]
)
_EPS = float(np.finfo(np.float32).eps)
_NOTHING = 1e-12
"""A squared norm below this share of its terms is their rounding."""


def nearest(
    sidecars: Sequence[Sidecar],
    query: Query,
    k: int = 10,
    among: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    min_overlap: float = MIN_OVERLAP,
) -> pa.Table:
    """The ``k`` curves of the query's technique that are most similar to it.

    Args:
        sidecars: Those of the data files of a snapshot.
        query: What to compare with.
        k: How many.
        among: Ids to choose from; all when None.
        exclude: Ids to leave out: the query itself, what was retracted.
        min_overlap: Smallest share of the query's points that a curve must cover.

    Returns:
        ``spectrum_id``, ``similarity`` and ``overlap``, the most similar first, ties by id.

    Raises:
        WrongUse: When ``k`` is below 1 or ``min_overlap`` not in 0 to 1.
    """
    if k < 1:
        raise WrongUse("k", "at least 1", str(k))
    if not 0 < min_overlap <= 1:
        raise WrongUse("minimum overlap", "above 0 and up to 1", str(min_overlap))
    best = _Best(k)
    for sidecar, allowed in zip(sidecars, _allowed(sidecars, among, exclude), strict=True):
        for block in sidecar.curves(query.technique):
            norms = sidecar.norms[block.first : block.first + len(block.values)]
            usable = norms > 0
            if allowed is not None:
                usable &= allowed[block.first : block.first + len(usable)]
            if usable.any():
                rows, similarity, overlap = _compare(query, block, norms, usable, best, min_overlap)
                best.offer(sidecar.names(rows + block.first), similarity, overlap)
    return best.table()


class _Best:
    """The k best seen so far."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.ids: Ids = as_ids([])
        self.similarity: Numbers = np.empty(0)
        self.overlap: Numbers = np.empty(0)

    def worth(self, scores: npt.NDArray[np.floating[Any]], margin: float = 0.0) -> Rows:
        """Which of the scores offered, known up to a margin, may be among the best."""
        known = self.similarity[-1] if len(self.similarity) == self.k else -1.0
        chosen = np.flatnonzero(scores >= known - margin)
        if len(chosen) > self.k:
            # among these alone k are better; both sides are uncertain now
            kth = np.partition(scores[chosen], -self.k)[-self.k]
            chosen = chosen[scores[chosen] >= kth - 2 * margin]
        return chosen

    def offer(self, ids: Ids, similarity: Numbers, overlap: float) -> None:
        """Take in what is better."""
        ids = np.concatenate([self.ids, ids])
        similarity = np.concatenate([self.similarity, similarity])
        overlaps = np.concatenate([self.overlap, np.full(len(ids) - len(self.ids), overlap)])
        order = np.lexsort((ids, -similarity))[: self.k]
        self.ids, self.similarity, self.overlap = ids[order], similarity[order], overlaps[order]

    def table(self) -> pa.Table:
        """What was found."""
        names = [each.decode() for each in self.ids.tolist()]
        return pa.table([names, self.similarity, self.overlap], schema=FOUND)


def _allowed(
    sidecars: Sequence[Sidecar], among: Iterable[str] | None, exclude: Iterable[str]
) -> list[npt.NDArray[np.bool_] | None]:
    """Per sidecar which rows may win, None for all."""
    excluded = as_ids(exclude)
    if among is None and not len(excluded):
        return [None] * len(sidecars)
    allowed = [np.full(len(sidecar), among is None) for sidecar in sidecars]
    for ids, value in ((as_ids(() if among is None else among), True), (excluded, False)):
        # sorted, so that neighbours in the search are neighbours in memory
        files, rows = locate(sidecars, np.sort(ids))
        for number, mask in enumerate(allowed):
            mask[rows[files == number]] = value
    return list(allowed)


Answer = tuple[Rows, Numbers, float]
"""Rows of a block, their similarities, their common overlap."""


def _compare(
    query: Query,
    block: Block,
    norms: npt.NDArray[np.float32],
    usable: npt.NDArray[np.bool_],
    best: _Best,
    min_overlap: float,
) -> Answer:
    """Rows of a block that may be among the best; others may be left out."""
    if np.array_equal(block.grid, query.x):
        return _on_grid(query.y, block, norms, usable, best)
    if np.array_equal(block.grid[::-1], query.x):
        return _on_grid(query.y[::-1], block, norms, usable, best)
    return _off_grid(query, block, usable, best, min_overlap)


def _on_grid(
    y: Numbers,
    block: Block,
    norms: npt.NDArray[np.float32],
    usable: npt.NDArray[np.bool_],
    best: _Best,
) -> Answer:
    rows = np.flatnonzero(usable)
    gather = len(rows) * FEW < len(usable)
    unit = y.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        if gather:
            scores = np.vecdot(block.values[rows], unit) / norms[rows]
        else:
            scores = _products(block.values, unit) / norms
            scores = scores if len(rows) == len(usable) else scores[rows]
    # a dot product of BLAS keeps at least eight partial sums, which bounds its rounding
    margin = 1e-6 + len(y) * _EPS / 8
    rows = rows[best.worth(scores, margin)]
    return rows, _similarities(y, block, rows), 1.0


def _products(
    curves: npt.NDArray[np.float32], unit: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Product of every row with a curve, one half in a thread of its own.

    NumPy lets go of its lock for it, and two threads read memory faster than one.
    """
    found = np.empty(len(curves), np.float32)
    half = len(curves) // 2

    def multiply(rows: slice) -> None:
        # what is to be ignored is told to every thread by itself
        with np.errstate(invalid="ignore", over="ignore"):
            np.vecdot(curves[rows], unit, out=found[rows])

    other = _beside().submit(multiply, slice(half, None))
    multiply(slice(None, half))
    other.result()
    return found


@cache
def _beside() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "nearest")


def _similarities(y: Numbers, block: Block, rows: Rows) -> Numbers:
    """Similarity of some rows in float64, shape ``(len(rows),)``."""
    found = np.empty(len(rows))
    step = max(CHUNK_VALUES // len(y), 1)
    for start in range(0, len(rows), step):
        curves = block.values[rows[start : start + step]].astype(np.float64)
        found[start : start + step] = np.vecdot(curves, y) / np.sqrt(np.vecdot(curves, curves))
    return np.clip(found, -1.0, 1.0)


def _off_grid(
    query: Query, block: Block, usable: npt.NDArray[np.bool_], best: _Best, min_overlap: float
) -> Answer:
    nothing = np.empty(0, np.int64), np.empty(0), 0.0
    if not is_axis(block.grid):
        return nothing
    onto = Interpolation.onto(query.x, block.grid)
    overlap = float(onto.inside.mean())
    y = query.y[onto.inside]
    if overlap < min_overlap or not y.any():
        return nothing
    rows = np.flatnonzero(usable)
    similarity = _interpolated(y / np.linalg.norm(y), onto, block, rows)
    chosen = best.worth(similarity)
    return rows[chosen], similarity[chosen], overlap


def _interpolated(unit: Numbers, onto: Interpolation, block: Block, rows: Rows) -> Numbers:
    """Similarity of rows interpolated onto the query's points inside; -inf without a signal."""
    product, diagonal, beside = onto.products(unit)
    found = np.full(len(rows), -np.inf)
    step = max(CHUNK_VALUES // len(block.grid), 1)
    for start in range(0, len(rows), step):
        curves = block.values[rows[start : start + step]].astype(np.float64)
        squares = np.vecdot(curves**2, diagonal)
        norms = squares + np.vecdot(curves[:, 1:] * curves[:, :-1], beside)
        alive = norms > _NOTHING * squares
        part = found[start : start + step]
        part[alive] = np.vecdot(curves[alive], product) / np.sqrt(norms[alive])
    np.minimum(found, 1.0, out=found)  # rounding may lead a little above
    return found
