"""Describe rows of the lake: the part of the feature store that other processes run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from features.crystal import COLUMNS as OF_MATERIALS
from features.crystal import Crystals, crystals
from features.curve import COLUMNS as OF_SPECTRA
from features.curve import curves
from features.descriptor import Descriptor, Entity, Outcome, Parameters, descriptors
from registry.errors import ScatterlakeError, Unsupported
from registry.records import Floats


@dataclass(frozen=True)
class Source:
    """Where a kind of entity is read from.

    Attributes:
        table: Table.
        key: Its column with the id.
        columns: Columns that entities are made of.
        entities: Makes them of rows; one that cannot be made gives the refusal.
        unfit: SQL condition for rows that nothing is computed from.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    entities: Callable[[pa.Table], Sequence[Any]]
    unfit: str


SOURCES: dict[Entity, Source] = {
    "material": Source("materials", "material_id", OF_MATERIALS, crystals, "retracted"),
    "spectrum": Source("spectra", "spectrum_id", OF_SPECTRA, curves, "retracted OR stale"),
}


def describe(name: str, settings: Parameters, rows: pa.Table) -> pa.Table:
    """Describe rows of ``materials`` or of ``spectra``, in their order.

    A refusal is a result, kept with its reason; so are values that are not finite in single
    precision.

    Args:
        name: Descriptor.
        settings: Its complete parameters.
        rows: Key and columns of its :class:`Source`.

    Returns:
        Columns of ``features``: ``entity_id``, ``vector``, ``n_rows``, ``seconds``, ``refused``.

    Raises:
        ScatterlakeError: When the descriptor gives another shape than it promised.
    """
    start = time.perf_counter()
    descriptor: Descriptor = descriptors()[name]
    source = SOURCES[descriptor.entity]
    entities = source.entities(rows)
    outcomes = _outcomes(descriptor, entities, settings)
    reasons = [str(o) if isinstance(o, Unsupported) else None for o in outcomes]
    values = [o for o in outcomes if not isinstance(o, Unsupported)]
    counts = _n_rows(descriptor, descriptor.width(settings), values)
    columns = _columns(reasons, counts, _end_to_end(values), descriptor.width(settings))
    seconds = (time.perf_counter() - start) / max(1, len(entities))
    return pa.table(
        {
            "entity_id": rows[source.key],
            **columns,
            "seconds": pa.repeat(pa.scalar(seconds, pa.float64()), len(entities)),
        }
    )


def _outcomes(
    descriptor: Descriptor, entities: Sequence[Any], settings: Parameters
) -> list[Outcome]:
    if isinstance(entities, Crystals) and not entities.refused:
        # stay end to end: to cut them out takes longer than some descriptors do
        return descriptor.run_all(entities, settings)
    each = list(entities)
    made = iter(descriptor.run_all([e for e in each if not isinstance(e, Unsupported)], settings))
    return [e if isinstance(e, Unsupported) else next(made) for e in each]


def _n_rows(descriptor: Descriptor, width: int, values: Sequence[Floats]) -> list[int]:
    """Number of rows of each value."""
    shapes = [value.shape for value in values]
    promised = f"(n, {width})" if descriptor.rows else f"({width},)"
    for place, shape in enumerate(shapes):
        fits = len(shape) == 2 if descriptor.rows else len(shape) == 1
        if not fits or shape[-1] != width:
            raise ScatterlakeError(
                f"descriptor {descriptor.name!r} promised {promised}, gave shape {shape} "
                f"for value {place}"
            )
    return [shape[0] if descriptor.rows else 1 for shape in shapes]


def _end_to_end(values: Sequence[Floats]) -> np.ndarray:
    # what is too large for single precision becomes infinite, and is refused
    with np.errstate(over="ignore"):
        flat = [np.ravel(value) for value in values]
        return np.concatenate([np.empty(0, np.float32), *flat], dtype=np.float32, casting="unsafe")


def _columns(
    reasons: list[str | None], counts: list[int], flat: np.ndarray, width: int
) -> dict[str, pa.Array]:
    """The values of a batch as they lie, cut into vectors; what is not finite is taken out."""
    n_rows = np.zeros(len(reasons), np.int64)
    n_rows[[reason is None for reason in reasons]] = counts
    ends = np.cumsum(n_rows) * width
    finite = np.isfinite(flat)
    if not finite.all():
        wrong = np.unique(np.searchsorted(ends, np.flatnonzero(~finite), side="right"))
        flat = flat[~np.repeat(np.isin(np.arange(len(n_rows)), wrong), n_rows * width)]
        n_rows[wrong] = 0
        ends = np.cumsum(n_rows) * width
        for place in wrong:
            reasons[place] = "values: expected finite ones in single precision, found others"
    refused = pa.array([reason is not None for reason in reasons])
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return {
        "vector": pa.ListArray.from_arrays(offsets, pa.array(flat), mask=refused),
        "n_rows": pa.array(n_rows, mask=refused.to_numpy(zero_copy_only=False)),
        "refused": pa.array(reasons, pa.string()),
    }
