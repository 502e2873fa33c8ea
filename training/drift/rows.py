"""Rows that detectors of drift compare: summaries of curves, or values of a feature view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from registry.lake import Lake
from registry.records import Floats
from training.blocks import axis_refusal, resample
from training.drift.summaries import summaries
from training.inputs import SpectrumInput

GROUP_SQL = {
    "sample": "coalesce(sample_id, material_id, spectrum_id)",
    "material": "coalesce(material_id, sample_id, spectrum_id)",
    "none": "spectrum_id",
}
"""What rows belong to, by the name of the choice."""
IDS_SQL = """
SELECT spectrum_id AS row_id, {group} AS "group", coalesce(material_id, sample_id) AS material
FROM spectra
WHERE technique = $1 AND kind = $2 AND len(shape) = 1 AND NOT retracted AND NOT stale AND ({where})
ORDER BY ingested_at, spectrum_id
"""
CURVES_SQL = """
SELECT spectrum_id, x, intensity FROM spectra WHERE spectrum_id IN (SELECT unnest($1::VARCHAR[]))
ORDER BY spectrum_id
"""
VECTORS_SQL = """
SELECT entity_id AS row_id, entity_id AS "group", vector FROM features
WHERE view_id = $1 AND refused IS NULL AND NOT stale ORDER BY computed_at, entity_id
"""
COMPONENTS = 16
"""Principal components that longer vectors are looked at in."""


@dataclass(frozen=True)
class Rows:
    """Rows of one side.

    Attributes:
        values: Shape ``(n, k)``.
        groups: What each belongs to.
        left_out: Curves that could not be read on the axis.
        spectra: Whose curves they are, where they are curves.
    """

    values: Floats
    groups: tuple[str, ...]
    left_out: int = 0
    spectra: tuple[str, ...] = ()


def curves(
    lake: Lake,
    source: SpectrumInput,
    chosen: Sequence[tuple[str, str]],
    at: dict[str, int],
) -> Rows:
    """Curves on the grid of an input, unscaled: a gain that changes is a drift, too.

    Args:
        lake: The lake.
        source: Whose technique and grid they are read in.
        chosen: Spectrum and its group.
        at: Snapshot.

    Returns:
        Curves in the order in which they were chosen.
    """
    read = lake.sql(CURVES_SQL, [[name for name, _ in chosen]], at)
    grid = source.points()
    found: dict[str, Floats] = {}
    for name, x, y in zip(read["spectrum_id"].to_pylist(), *_arrays(read), strict=True):
        if axis_refusal(x, source) is None and np.isfinite(y).all():
            found[name] = resample(x, y[None, :], grid)[0]
    kept = [(name, group) for name, group in chosen if name in found]
    values = np.stack([found[name] for name, _ in kept]) if kept else np.zeros((0, len(grid)))
    names, groups = tuple(n for n, _ in kept), tuple(g for _, g in kept)
    return Rows(values, groups, len(chosen) - len(kept), names)


def summed(read: Rows, source: SpectrumInput) -> Rows:
    """Curves of :func:`curves` summed up by a few numbers each."""
    return replace(read, values=summaries(source.points(), read.values))


def components(reference: Rows, recent: Rows) -> tuple[Rows, Rows]:
    """Long vectors in the principal components of the reference, constant columns left out."""
    if reference.values.shape[1] <= COMPONENTS:
        return reference, recent
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    count = min(COMPONENTS, len(reference.values) - 1)
    turned = make_pipeline(StandardScaler(), PCA(count, random_state=0)).fit(reference.values)
    one, other = (Rows(turned.transform(r.values), r.groups) for r in (reference, recent))
    return one, other


def _arrays(read: Any) -> list[list[Floats]]:
    return [
        [np.asarray(row, dtype=np.float64) for row in read[name].to_pylist()]
        for name in ("x", "intensity")
    ]
