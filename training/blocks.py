"""Input blocks: curves and feature vectors of many materials as one float32 matrix each.

A curve is resampled by its mean over each cell of the grid (the exact integral of the curve
joined by straight lines), so that a peak narrower than the grid's step is never lost between two
points, and scaled to a largest absolute value of 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput
from registry.lake import Lake
from registry.records import Floats
from training.definitions import FeatureInput, Input, SpectrumInput
from training.models import Block

SPECTRA_SQL = """
SELECT material_id AS entity_id, spectrum_id AS id, x, intensity AS values,
       retracted OR stale AS withdrawn FROM spectra
WHERE technique = $1 AND kind = $2 AND ($3 = '' OR recipe = $3) AND len(shape) = 1
  AND material_id IN (SELECT unnest($4::VARCHAR[]))
QUALIFY row_number() OVER (PARTITION BY material_id ORDER BY withdrawn, spectrum_id) = 1
ORDER BY material_id
"""
FEATURES_SQL = """
SELECT entity_id, view_id AS id, vector AS values,
       CASE WHEN stale THEN 'of a retracted material'
            WHEN refused IS NOT NULL THEN 'refused by the descriptor' END AS refused FROM features
WHERE view_id = $1 AND entity_id IN (SELECT unnest($2::VARCHAR[])) ORDER BY entity_id
"""


@dataclass(frozen=True)
class InputBlock:
    """Values of one input.

    Attributes:
        entities: Materials that have it, shape ``(n,)``.
        values: Their vectors, shape ``(n, width)``.
        ids: Spectrum or view id each was read from.
        refused: Reason by material, for those whose row cannot be used.
    """

    entities: list[str]
    values: Block
    ids: list[str]
    refused: dict[str, str]

    @property
    def rows(self) -> dict[str, int]:
        """Row of each material that has it."""
        return {entity: i for i, entity in enumerate(self.entities)}


def read_block(
    lake: Lake,
    source: Input,
    entities: Sequence[str],
    at: dict[str, int] | None = None,
    kind: str = "simulated",
) -> InputBlock:
    """Read one input of many materials with one query, in the order of their ids.

    What is retracted or stale at the snapshot is not read.

    Args:
        lake: The lake.
        source: What to read.
        entities: Material ids.
        at: Snapshot, the newest by default.
        kind: ``simulated`` curves of the input's recipe, or any ``experimental`` ones.
    """
    if isinstance(source, FeatureInput):
        return _read_features(lake, source, entities, at)
    recipe = source.identity() if kind == "simulated" else ""
    rows = lake.sql(SPECTRA_SQL, [source.technique, kind, recipe, list(entities)], at)
    ids, names = rows["id"].to_pylist(), rows["entity_id"].to_pylist()
    x, y = _ragged(rows["x"]), _ragged(rows["values"])
    values = np.zeros((len(ids), source.grid[2]), dtype=np.float32)
    # one that is withdrawn was chosen only where the material has no other
    refused = {
        name: f"{source.name}: only retracted or stale spectra"
        for name, withdrawn in zip(names, rows["withdrawn"].to_pylist(), strict=True)
        if withdrawn
    }
    for same in _alike(x):
        reason = axis_refusal(x[same[0]], source)
        if reason is None:
            curves = np.stack([y[i] for i in same])
            values[same] = resample(x[same[0]], curves, source.points())
        else:
            refused = {names[i]: reason for i in same} | refused
    peak = np.abs(values).max(axis=1, initial=0.0)
    for i in np.flatnonzero(~(peak > 0) | ~np.isfinite(peak)):
        refused.setdefault(names[i], f"{source.name}: no finite signal on the grid")
    keep = [i for i, name in enumerate(names) if name not in refused]
    return InputBlock(
        [names[i] for i in keep],
        values[keep] / peak[keep, None],
        [ids[i] for i in keep],
        refused,
    )


def curve_block(source: SpectrumInput, x: Floats, y: Floats) -> Block:
    """One curve of the user on the grid of an input, shape ``(1, points)``.

    Args:
        source: Input it stands for; ``x`` is in the canonical unit of its technique.
        x: Axis, ascending or descending, shape ``(n,)``.
        y: Intensity, shape ``(n,)``.

    Raises:
        BadInput: When the curve is not finite, does not cover the grid or has no signal.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        found = f"x of shape {x.shape}, y of shape {y.shape}, some values not finite or unequal"
        raise BadInput("curve", "finite x and y of one length", found)
    reason = axis_refusal(x, source)
    if reason is not None:
        raise BadInput("curve", f"x that covers {source.grid[0]} to {source.grid[1]}", reason)
    values = resample(x, y[None, :], source.points())
    peak = np.abs(values).max()
    if not peak > 0:
        raise BadInput("curve", "a signal on the grid of the model", "zero everywhere")
    return np.asarray(values / peak, dtype=np.float32)


def axis_refusal(x: Floats, source: SpectrumInput) -> str | None:
    """Why a curve on this axis cannot be brought onto the grid, or None when it can."""
    low, high, _ = source.grid
    steps = np.diff(x)
    if len(x) < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        return f"{source.name}: x neither ascends nor descends"
    if min(x[0], x[-1]) > low or max(x[0], x[-1]) < high:
        return f"{source.name}: does not cover the grid {low} to {high}"
    return None


def resample(x: Floats, y: Floats, grid: Floats) -> Floats:
    """Mean of curves over the cells of an even grid; the two end cells are half as wide.

    Args:
        x: Axis, strictly ascending or descending, covering the grid, shape ``(n,)``.
        y: Curves on it, shape ``(m, n)``.
        grid: Shape ``(points,)``.

    Returns:
        Shape ``(m, points)``.
    """
    if x[0] > x[-1]:
        x, y = x[::-1], y[:, ::-1]
    edges = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    step = np.diff(x)
    left = np.clip(np.searchsorted(x, edges, side="right") - 1, 0, len(x) - 2)
    t = edges - x[left]
    trapezoids = (y[:, 1:] + y[:, :-1]) / 2 * step
    area = np.concatenate([np.zeros((len(y), 1)), np.cumsum(trapezoids, axis=1)], axis=1)
    slope = (y[:, left + 1] - y[:, left]) / step[left]
    integral = area[:, left] + y[:, left] * t + slope * t**2 / 2
    return np.asarray(np.diff(integral, axis=1) / np.diff(edges))


def _read_features(
    lake: Lake, source: FeatureInput, entities: Sequence[str], at: dict[str, int] | None
) -> InputBlock:
    rows = lake.sql(FEATURES_SQL, [source.identity(), list(entities)], at)
    names, vectors = rows["entity_id"].to_pylist(), _ragged(rows["values"])
    reasons = zip(names, rows["refused"].to_pylist(), vectors, strict=True)
    # why a descriptor refused this very material is told in its row: here reasons are counted
    refused = {
        name: f"{source.name}: {reason or 'not finite'}"
        for name, reason, v in reasons
        if reason is not None or not len(v) or not np.isfinite(v).all()
    }
    keep = [i for i, name in enumerate(names) if name not in refused]
    values = np.stack([vectors[i] for i in keep]) if keep else np.zeros((0, 0))
    ids = rows["id"].to_pylist()
    return InputBlock(
        [names[i] for i in keep],
        np.asarray(values, dtype=np.float32),
        [ids[i] for i in keep],
        refused,
    )


def _ragged(column: Any) -> list[npt.NDArray[Any]]:
    """Rows of an Arrow list column as views into its values; null becomes empty."""
    rows = column.combine_chunks()
    values = rows.values.to_numpy(zero_copy_only=False)
    bounds = rows.offsets.to_numpy()
    return [values[a:b] for a, b in pairwise(bounds)]


def _alike(axes: list[npt.NDArray[Any]]) -> list[list[int]]:
    """Rows grouped by equal axis: curves of one recipe are resampled together."""
    found: dict[bytes, list[int]] = {}
    for i, x in enumerate(axes):
        found.setdefault(x.tobytes(), []).append(i)
    return list(found.values())
