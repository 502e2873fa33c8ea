"""Input blocks: curves and feature values of many members, float32 matrices or ragged tables.

A curve is resampled by its mean over each cell of the grid (the exact integral of the curve
joined by straight lines), so that a peak narrower than the grid's step is never lost between two
points, and scaled to a largest absolute value of 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from registry.errors import BadInput, Unsupported
from registry.lake import Lake
from registry.records import Floats
from registry.vocabulary import Kind
from training.entities import KEY, Entity, material_of
from training.input_block import InputBlock
from training.inputs import FeatureInput, Input, SpectrumInput
from training.models import Block, Ragged

CHOSEN_SQL = """
SELECT {key} AS entity_id, spectrum_id AS id, shape[1] AS points, retracted OR stale AS withdrawn
FROM spectra
WHERE technique = $1 AND kind = $2 AND ($3 = '' OR recipe = $3) AND len(shape) = 1
  AND {key} IN (SELECT unnest($4::VARCHAR[])) AND ({where})
QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY withdrawn, spectrum_id) = 1
ORDER BY entity_id
"""
CURVES_SQL = """
SELECT spectrum_id AS id, x, intensity AS values FROM spectra
WHERE spectrum_id IN (SELECT unnest($1::VARCHAR[]))
"""
FEATURES_SQL = """
SELECT entity_id, vector AS values,
       CASE WHEN stale THEN 'of a retracted {describes}'
            WHEN refused IS NOT NULL THEN 'refused by the descriptor' END AS refused FROM features
WHERE view_id = $1 AND entity_id IN (SELECT unnest($2::VARCHAR[])) ORDER BY entity_id
"""
READ, RESAMPLED = 2**25, 2**22
"""Points of curves that are read at a time, and that are resampled together: bounds the memory."""


def matrix(values: Block | Ragged) -> Block:
    """Values that are one row per member, as those of curves are.

    Raises:
        Unsupported: When they are a ragged table.
    """
    if isinstance(values, Ragged):
        raise Unsupported("input", "a block of shape (n, width)", "a ragged table")
    return values


def read_block(
    lake: Lake,
    source: Input,
    entities: Sequence[str],
    at: dict[str, int] | None = None,
    kind: Kind | None = None,
    entity: Entity = "material",
) -> InputBlock:
    """Read one input of many members, in the order of their ids.

    What is retracted or stale at the snapshot is not read. Of several curves that a member has,
    the first by id is.

    Args:
        lake: The lake.
        source: What to read.
        entities: Ids of the members.
        at: Snapshot, the newest by default.
        kind: Kind of curves; the one that the input reads by default. Of materials, simulated ones
            are of the input's recipe.
        entity: What the members are.

    Raises:
        Unsupported: When members of this kind have no such value.
    """
    if isinstance(source, FeatureInput):
        return _read_features(lake, source, entities, at, entity)
    wanted = kind or source.curves
    recipe = source.identity() if wanted == "simulated" and entity == "material" else ""
    query = CHOSEN_SQL.format(key=KEY[entity], where=source.where)
    rows = lake.sql(query, [source.technique, wanted, recipe, list(entities)], at)
    names, ids = rows["entity_id"].to_pylist(), rows["id"].to_pylist()
    # one that is withdrawn was chosen only where the member has no other
    refused = {
        name: f"{source.name}: only retracted or stale spectra"
        for name, withdrawn in zip(names, rows["withdrawn"].to_pylist(), strict=True)
        if withdrawn
    }
    row = {spectrum: i for i, spectrum in enumerate(ids)}
    values = np.zeros((len(ids), source.grid[2]), dtype=np.float32)
    errors = np.zeros(len(ids))
    for some in _batches(ids, rows["points"].to_numpy()):
        read = lake.sql(CURVES_SQL, [some], at)
        places = [row[spectrum] for spectrum in read["id"].to_pylist()]
        x, y = _ragged(read["x"]), _ragged(read["values"])
        for same in _alike(x):
            own = [places[i] for i in same]
            reason = axis_refusal(x[same[0]], source)
            if reason is not None:
                refused = dict.fromkeys((names[i] for i in own), reason) | refused
                continue
            curves = np.stack([y[i] for i in same])
            values[own] = resample(x[same[0]], curves, source.points())
            errors[own] = resampling_error(x[same[0]], curves, source.points(), values[own])
    peak = np.abs(values).max(axis=1, initial=0.0)
    for i in np.flatnonzero(~(peak > 0) | ~np.isfinite(peak)):
        refused.setdefault(names[i], f"{source.name}: no finite signal on the grid")
    keep = [i for i, name in enumerate(names) if name not in refused]
    return InputBlock(
        [names[i] for i in keep],
        values[keep] / peak[keep, None],
        [ids[i] for i in keep],
        refused,
        is_curve=True,
        errors=errors[keep],
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


def resampling_error(x: Floats, y: Floats, grid: Floats, resampled: Floats) -> Floats:
    """What resampling lost: curves against their resampled form joined by straight lines.

    The root mean square difference over the curves' own points on the grid, relative to the
    largest absolute value of each there. It has the noise in it that resampling averages out.

    Args:
        x: Axis, strictly ascending or descending, covering the grid, shape ``(n,)``.
        y: Curves on it, shape ``(m, n)``.
        grid: Even, shape ``(points,)``.
        resampled: Shape ``(m, points)``.

    Returns:
        Shape ``(m,)``; 0 where no point lies on the grid, not finite where a curve is not.
    """
    on = (x >= grid[0]) & (x <= grid[-1])
    if not on.any():
        return np.zeros(len(y))
    place = np.clip(np.searchsorted(grid, x[on], side="right") - 1, 0, len(grid) - 2)
    t = (x[on] - grid[place]) / (grid[place + 1] - grid[place])
    back = resampled[:, place] * (1 - t) + resampled[:, place + 1] * t
    peak = np.abs(y[:, on]).max(axis=1)
    rms = np.sqrt(np.mean((y[:, on] - back) ** 2, axis=1))
    return np.asarray(np.divide(rms, peak, out=np.zeros(len(y)), where=peak > 0))


def _read_features(
    lake: Lake,
    source: FeatureInput,
    entities: Sequence[str],
    at: dict[str, int] | None,
    entity: Entity,
) -> InputBlock:
    source.refuse_entity(entity)
    describes, view = source.describes(), source.identity()
    owner = {e: e for e in entities}
    if describes != entity:
        owner = material_of(lake, entity, entities, at)
    query = FEATURES_SQL.format(describes=describes)
    rows = lake.sql(query, [view, sorted(set(owner.values()))], at)
    vectors = dict(zip(rows["entity_id"].to_pylist(), _ragged(rows["values"]), strict=True))
    told = dict(zip(vectors, rows["refused"].to_pylist(), strict=True))
    # why a descriptor refused this very material is told in its row: here reasons are counted
    wrong = {
        name: f"{source.name}: {told[name] or 'not finite'}"
        for name, v in vectors.items()
        if told[name] is not None or not len(v) or not np.isfinite(v).all()
    }
    have = sorted(e for e, name in owner.items() if name in vectors and name not in wrong)
    values = _values(lake, source, [vectors[owner[e]] for e in have])
    refused = {e: wrong[name] for e, name in owner.items() if name in wrong}
    return InputBlock(have, values, [view] * len(have), refused)


def _values(lake: Lake, source: FeatureInput, vectors: list[Block]) -> Block | Ragged:
    """Vectors as a matrix, or as a ragged table where the view has a row for each site or edge."""
    width = source.width(lake) if source.is_ragged() or not vectors else len(vectors[0])
    flat = np.concatenate([np.zeros(0, np.float32), *vectors]).astype(np.float32)
    if not source.is_ragged():
        return flat.reshape(len(vectors), width)
    counts = [len(v) // width for v in vectors]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Ragged(flat.reshape(-1, width), offsets)


def _ragged(column: Any) -> list[npt.NDArray[Any]]:
    """Rows of an Arrow list column as views into its values; null becomes empty."""
    rows = column.combine_chunks()
    values = rows.values.to_numpy(zero_copy_only=False)
    bounds = rows.offsets.to_numpy()
    return [values[a:b] for a, b in pairwise(bounds)]


def _batches(ids: list[str], points: npt.NDArray[Any]) -> list[list[str]]:
    """Spectra of so many points in all at a time."""
    number = np.cumsum(points) // READ
    ends = [0, *np.flatnonzero(np.diff(number)) + 1, len(ids)]
    return [ids[a:b] for a, b in pairwise(ends) if a < b]


def _alike(axes: list[npt.NDArray[Any]]) -> list[list[int]]:
    """Rows grouped by equal axis, not too many at once: they are resampled together."""
    found: dict[bytes, list[int]] = {}
    for i, x in enumerate(axes):
        found.setdefault(x.tobytes(), []).append(i)
    return [
        same[n : n + most]
        for same in found.values()
        for most in [max(1, RESAMPLED // max(1, len(axes[same[0]])))]
        for n in range(0, len(same), most)
    ]
