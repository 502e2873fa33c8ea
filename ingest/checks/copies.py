"""Copies: curves of one shape under another scale, another axis or other conditions.

Equal spectra are one row in the lake. Rows that share the shape of their intensities and differ in
what stands beside them are most often one measurement with two descriptions, and one is wrong.

The shape is boiled down to a mark of 64 bits: the curve is cut into ``PIECES``, and the logarithm
of each piece's share in the sum of all |y| is rounded to ``STEP``. A factor on the intensities (its
sign too) leaves the mark alone, but for a share in some hundreds of copies that rounding leads over
an edge; the axis has no part in it. Curves that differ by less than a thousandth in every piece are
taken for copies. Marks of stored curves are rows of ``properties``; arrays so large that they are
kept in pieces have none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ingest.checks import Check, CheckSet
from ingest.checks._batches import SIZE, batches
from ingest.checks._curves import FEWEST, Curves
from registry.lake import Lake
from registry.records import Floats

NAME, PROPERTY, METHOD = "near_copies", "shape_mark", "copies 1"
PIECES, STEP = 32, 1e-3
EMPTY = -1000.0
"""Stands for the logarithm of a piece that is zero throughout."""
BLOCK = 512
"""Curves marked at once: their arrays stay in the processor's cache."""
# odd numbers of 64 random bits: a multilinear hash, the same in every process
_FACTORS = np.random.PCG64(0).random_raw(PIECES + 1) | np.uint64(1)

Marks = npt.NDArray[np.uint64]

_MARKED = f"(SELECT entity_id, text FROM properties WHERE property = '{PROPERTY}')"
COUNTED = f"SELECT entity_id, count(*) OVER (PARTITION BY text) - 1 AS others FROM {_MARKED} "
COUNTED += "WHERE text IS NOT NULL"
"""Query of every marked curve: how many others of the lake have its mark."""
COPIED_SINCE = f"""
SELECT entity_id FROM checks JOIN ({COUNTED}) AS counted USING (entity_id)
WHERE check_name = '{NAME}' AND value IS DISTINCT FROM others
"""
"""Query of curves that have other copies now than when they were checked."""


def measure(curves: Curves) -> dict[str, Floats]:
    """How many other rows of the batch have the same shape, shape ``(n,)``."""
    found = marks(curves)
    told = found != 0
    _, same, sizes = np.unique(found[told], return_inverse=True, return_counts=True)
    column = np.full(len(curves), np.nan)
    column[told] = sizes[same] - 1
    return {NAME: column}


def marks(curves: Curves) -> Marks:
    """Mark of each curve, shape ``(n,)``; 0 for one that is too short, flat or not finite."""
    parts = [_marks(curves, first) for first in range(0, len(curves), BLOCK)]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def _marks(curves: Curves, first: int) -> Marks:
    block = slice(first, first + BLOCK)
    at = curves.y_at[first : first + BLOCK + 1]
    lengths = np.diff(at)
    with np.errstate(invalid="ignore"):
        spread = curves.highest[block] - curves.lowest[block]
    told = (lengths >= FEWEST) & (spread > 0) & np.isfinite(spread)
    # beyond the last curve there is a zero for empty pieces to begin at
    size = np.append(np.abs(curves.y[at[0] : at[-1]]), np.float32(0))
    cuts = at[:-1, None] - at[0] + lengths[:, None] * np.arange(PIECES) // PIECES
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sums = np.add.reduceat(size, cuts.ravel()).reshape(-1, PIECES)
        shares = np.log(sums / sums.sum(axis=1, keepdims=True))
        told &= np.isfinite(sums.sum(axis=1))
    steps = np.rint(np.where(np.isfinite(shares), shares, EMPTY) / STEP).astype(np.int64)
    # integers of 64 bits that run over are the arithmetic that is meant
    found = steps.view(np.uint64) @ _FACTORS[:-1] + lengths.astype(np.uint64) * _FACTORS[-1]
    return np.where(told, found, np.uint64(0))


def note_marks(lake: Lake) -> int:
    """Keep the mark of every stored curve that has none yet; returns how many those were."""
    missing = lake.sql(
        f"SELECT spectrum_id AS entity_id, {SIZE} AS points FROM spectra WHERE spectrum_id "
        f"NOT IN (SELECT entity_id FROM {_MARKED}) ORDER BY ingested_at, spectrum_id"
    )
    for ids in batches(missing):
        _note(lake, ids)
    return int(missing.num_rows)


def _note(lake: Lake, ids: Sequence[str]) -> None:
    rows = lake.sql(
        "SELECT spectrum_id, x, shape, intensity FROM spectra "
        "WHERE spectrum_id IN (SELECT unnest($1::VARCHAR[]))",
        [list(ids)],
    )
    found = marks(Curves(rows)).tolist()
    noted = [
        {"entity_id": entity, "property": PROPERTY, "method": METHOD, "text": _text(mark)}
        for entity, mark in zip(rows["spectrum_id"].to_pylist(), found, strict=True)
    ]
    lake.append("properties", noted)


def _text(mark: int) -> str | None:
    return f"{mark:016x}" if mark else None


def in_lake(lake: Lake, ids: Sequence[str]) -> Floats:
    """How many other spectra of the lake have the shape of each of these, shape ``(n,)``.

    NaN for those that have no mark.
    """
    rows = lake.sql(
        f"SELECT entity_id, others FROM ({COUNTED}) WHERE entity_id IN "
        "(SELECT unnest($1::VARCHAR[]))",
        [list(ids)],
    )
    others = dict(zip(rows["entity_id"].to_pylist(), rows["others"].to_pylist(), strict=True))
    return np.array([others.get(entity, np.nan) for entity in ids], dtype=np.float64)


CHECKS = CheckSet(
    "copies",
    (
        Check(
            NAME,
            "other spectra with intensities of the same shape, whatever their scale and axis",
            upper=0,
            severity="warning",
        ),
    ),
    measure,
    together=True,
)
