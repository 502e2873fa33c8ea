"""Quality columns of spectra, vectorised over Arrow list offsets, and their limits.

Great Expectations cannot look inside arrays: each column here is one number per spectrum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.checks import Check

Values = npt.NDArray[np.floating[Any]]
Offsets = npt.NDArray[np.int64]

SCATTERING = ("xrd", "npd", "saxs", "sans", "xrr", "nr")
REFLECTIVITY_SLACK = 1.2

SPECTRUM_CHECKS = (
    Check("n_points", "number of points", lower=5),
    Check("length_mismatch", "points missing or too many for the axes", upper=0),
    Check("x_not_finite", "points whose axis is NaN or infinite", upper=0),
    Check("intensity_not_finite", "points whose intensity is NaN or infinite", upper=0),
    Check("masked_share", "share of a map that is masked (NaN)", upper=0.95),
    # where two detectors meet, measured files repeat a point or two: that is flagged, not refused
    Check("x_back_share", "share of steps against the direction of the axis, or zero", upper=0.05),
    Check(
        "x_back_steps",
        "steps of the axis against its direction, or of size zero",
        upper=0,
        severity="warning",
    ),
    Check(
        "intensity_range",
        "largest minus smallest intensity (a dead detector has none)",
        lower=1e-30,
    ),
    Check("uncertainty_min", "smallest uncertainty", lower=0),
    Check("q_min", "smallest Q", lower=0, techniques=SCATTERING),
    Check(
        "negative_share",
        "share of negative intensities",
        upper=0.2,
        severity="warning",
        techniques=SCATTERING,
    ),
    Check(
        "saturated_share",
        "share of points that sit at the very maximum",
        upper=0.2,
        severity="warning",
        techniques=("xrd", "npd", "saxs", "sans"),
    ),
    Check(
        "reflectivity_max",
        "largest reflectivity",
        upper=REFLECTIVITY_SLACK,
        severity="warning",
        techniques=("xrr", "nr"),
    ),
    Check(
        "uncertainty_zero_share",
        "share of points with zero uncertainty",
        upper=0.5,
        severity="warning",
    ),
)


def spectrum_quality(rows: pa.Table) -> dict[str, Values]:
    """Quality columns of rows of the ``spectra`` table, each of shape ``(n,)``.

    A column that does not apply to a row (no uncertainty given) holds the value that passes.
    """
    x, x_at = _flat(rows["x"])
    y, y_at = _flat(rows["intensity"])
    shape, shape_at = _flat(rows["shape"])
    lengths, counts = np.diff(x_at), np.diff(y_at)
    expected = _reduce(np.multiply, shape, shape_at, 0.0)
    first = shape[np.minimum(shape_at[:-1], max(len(shape) - 1, 0))] if len(shape) else shape
    maps = np.diff(shape_at) > 1
    back_steps = _back_steps(x, x_at)
    missing, infinite = _count(np.isnan(y), y_at), _count(np.isinf(y), y_at)
    maximum, minimum = _reduce(np.fmax, y, y_at, np.nan), _reduce(np.fmin, y, y_at, np.nan)
    return {
        "n_points": counts.astype(float),
        "length_mismatch": np.abs(expected - counts) + np.abs(first - lengths),
        "x_not_finite": _count(~np.isfinite(x), x_at),
        # NaN masks a pixel of a map (beam stop, gaps); in a curve it is a fault
        "intensity_not_finite": np.where(maps, 0.0, missing) + infinite,
        "masked_share": np.where(maps, missing / np.maximum(counts, 1), 0.0),
        "x_back_share": back_steps / np.maximum(lengths - 1, 1),
        "x_back_steps": back_steps,
        "intensity_range": maximum - minimum,
        **_uncertainty(rows["uncertainty"], counts),
        # the components of Q on a detector have signs
        "q_min": np.where(maps, 0.0, _reduce(np.fmin, x, x_at, np.nan)),
        "negative_share": _count(y < 0, y_at) / np.maximum(counts, 1),
        "saturated_share": _saturated(y, y_at, maximum) / np.maximum(counts, 1),
        "reflectivity_max": maximum,
    }


def _flat(column: pa.ChunkedArray) -> tuple[Values, Offsets]:
    """Values and offsets of a list column; a null list counts as an empty one."""
    lists = column.combine_chunks()
    lengths = np.asarray(lists.value_lengths().fill_null(0), dtype=np.int64)
    values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return values, np.concatenate([[0], np.cumsum(lengths)])


def _reduce(operation: np.ufunc, values: Values, at: Offsets, empty: float) -> Values:
    """Reduce each list with ``operation``; an empty list gives ``empty``."""
    result = np.full(len(at) - 1, empty)
    filled = np.diff(at) > 0
    if filled.any():
        result[filled] = operation.reduceat(values, at[:-1][filled])
    return result


def _count(flags: npt.NDArray[np.bool_], at: Offsets) -> Values:
    return _reduce(np.add, flags.astype(float), at, 0.0)


def _back_steps(x: Values, at: Offsets) -> Values:
    """Steps that do not go the way most steps of the curve go."""
    steps = np.diff(x, append=np.nan)
    last = at[1:][np.diff(at) > 0] - 1
    steps[last] = np.nan  # from one curve to the next is no step
    inside = np.bincount(
        np.repeat(np.arange(len(at) - 1), np.diff(at)), np.isfinite(steps), len(at) - 1
    )
    up, down = _count(steps > 0, at), _count(steps < 0, at)
    return np.asarray(inside - np.maximum(up, down), dtype=np.float64)


def _saturated(y: Values, at: Offsets, maximum: Values) -> Values:
    return _count(y == np.repeat(maximum, np.diff(at)), at)


def _uncertainty(column: pa.ChunkedArray, counts: Offsets) -> dict[str, Values]:
    sigma, at = _flat(column)
    given = np.diff(at) > 0
    # a NaN uncertainty is no uncertainty for that point; a negative one is an error
    smallest = np.where(given, _reduce(np.fmin, sigma, at, 0.0), 0.0)
    return {
        "uncertainty_min": np.nan_to_num(smallest),
        "uncertainty_zero_share": np.where(
            given, _count(sigma == 0, at) / np.maximum(counts, 1), 0.0
        ),
    }
