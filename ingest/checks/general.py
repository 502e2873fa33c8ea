"""What every spectrum must be: numbers on an axis that goes one way. Breaking these refuses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ingest.checks import Check, CheckSet
from ingest.checks._curves import FEWEST, Curves, count, flat, reduce
from registry.records import Floats


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``; these have no NaN: they apply to every row."""
    y_at, x_at = curves.y_at, curves.x_at
    lengths, counts = np.diff(x_at), np.diff(y_at)
    shape, shape_at = flat(curves.rows["shape"])
    expected = reduce(np.multiply, shape.astype(np.float64), shape_at, 0.0)
    first = np.zeros(len(curves))
    declared = np.diff(shape_at) > 0
    first[declared] = shape[shape_at[:-1][declared]]
    maps = curves.dimensions > 1
    missing, infinite = _not_finite(curves)
    return {
        "n_points": counts.astype(np.float64),
        "length_mismatch": np.abs(expected - counts) + np.abs(first - lengths),
        "x_not_finite": _x_not_finite(curves),
        # NaN masks a pixel of a map (beam stop, gaps); in a curve it is a fault
        "intensity_not_finite": np.where(maps, 0.0, missing) + infinite,
        "masked_share": np.where(maps, missing / np.maximum(counts, 1), 0.0),
        "x_back_share": curves.steps_back / np.maximum(lengths - 1, 1),
        "intensity_range": _range(curves, missing + infinite > 0),
        "uncertainty_min": _uncertainty_min(curves),
    }


def _not_finite(curves: Curves) -> tuple[Floats, Floats]:
    """NaN and infinite intensities of each row; only suspects are looked through."""
    if np.isfinite(curves.lowest).all() and np.isfinite(curves.highest).all():
        return np.zeros(len(curves)), np.zeros(len(curves))
    y, y_at = curves.y, curves.y_at
    return count(np.isnan(y), y_at), count(np.isinf(y), y_at)


def _x_not_finite(curves: Curves) -> Floats:
    # a sum is finite only when every term is, and quicker than asking each
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(curves.x.sum()):
            return np.zeros(len(curves))
    return count(~np.isfinite(curves.x), curves.x_at)


def _range(curves: Curves, suspects: npt.NDArray[np.bool_]) -> Floats:
    """Largest minus smallest finite intensity; 0 where there is none."""
    if not suspects.any() and np.diff(curves.y_at).all():
        return curves.highest - curves.lowest
    finite = np.isfinite(curves.y)
    high = reduce(np.maximum, np.where(finite, curves.y, -np.inf), curves.y_at, -np.inf)
    low = reduce(np.minimum, np.where(finite, curves.y, np.inf), curves.y_at, np.inf)
    return np.where(high >= low, high - low, 0.0)


def _uncertainty_min(curves: Curves) -> Floats:
    """Smallest uncertainty; a NaN is no uncertainty for its point, a negative one is a fault."""
    sigma, at = flat(curves.rows["uncertainty"])
    return np.nan_to_num(reduce(np.fmin, sigma, at, 0.0))


CHECKS = CheckSet(
    "general",
    (
        Check("n_points", "number of points", lower=FEWEST),
        Check("length_mismatch", "points missing or too many for the axes", upper=0, always=True),
        Check("x_not_finite", "points whose axis is NaN or infinite", upper=0),
        Check("intensity_not_finite", "points whose intensity is NaN or infinite", upper=0),
        Check("masked_share", "share of a map that is masked (NaN)", upper=0.95),
        # where two detectors meet, measured files repeat a point or two: that is only flagged
        Check(
            "x_back_share", "share of steps against the direction of the axis, or zero", upper=0.05
        ),
        Check(
            "intensity_range",
            "largest minus smallest intensity (a dead detector has none)",
            lower=1e-30,
        ),
        Check("uncertainty_min", "smallest uncertainty", lower=0),
    ),
    measure,
)
