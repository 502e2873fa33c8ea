"""Recent spectra beside what the lake knows of their samples: rows for the paired detectors."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from registry.lake import Lake
from registry.records import Floats
from training.drift.detectors import Evidence
from training.drift.monitor import FEWEST
from training.drift.paired import OFFSETS, differences, lines, paired
from training.drift.rows import Rows

OFFSETS_SQL = """
SELECT entity_id, check_name, arg_max(value, checked_at) AS value FROM checks
WHERE entity_kind = 'spectrum' AND check_name IN (SELECT unnest($1::VARCHAR[]))
  AND entity_id IN (SELECT unnest($2::VARCHAR[]))
GROUP BY entity_id, check_name
"""


def against_structures(
    lake: Lake, reference: pa.Table, recent: pa.Table, at: dict[str, int]
) -> Evidence | None:
    """Offsets from the structures, as the checks of the lake measured them.

    Args:
        lake: The lake.
        reference: Spectra (``row_id``) and their groups.
        recent: Spectra that came since.
        at: Snapshot of the checks.

    Returns:
        None where fewer than :data:`FEWEST` spectra on a side have an offset: they have no
        structure or are not checked.
    """
    measured: dict[str, dict[str, float]] = {}
    asked = [*reference["row_id"].to_pylist(), *recent["row_id"].to_pylist()]
    for row in lake.sql(OFFSETS_SQL, [list(OFFSETS), asked], at).to_pylist():
        if row["value"] is not None:
            measured.setdefault(row["entity_id"], {})[row["check_name"]] = row["value"]
    sides, groups = [], []
    for side in (reference, recent):
        known = [row for row in side.to_pylist() if row["row_id"] in measured]
        if len(known) < FEWEST:
            return None
        own = [measured[row["row_id"]] for row in known]
        sides.append(np.array([[one.get(name, np.nan) for name in OFFSETS] for one in own]))
        groups += [row["group"] for row in known]
    return lines(sides[0], sides[1], groups)


def against_earlier(
    grid: Floats, reference: Rows, recent: Rows, material: dict[str, str | None]
) -> Evidence | None:
    """The first recent curve of each material against the newest earlier one.

    One pair for each material: two curves of a material are not independent.

    Args:
        grid: Axis of the curves.
        reference: Curves, oldest first.
        recent: Curves that came since.
        material: Material of each spectrum, or its sample where it names none.

    Returns:
        None where fewer than :data:`FEWEST` materials are on both sides.
    """
    earlier = {material[name]: row for row, name in enumerate(reference.spectra)}
    newer = {material[name]: row for row, name in reversed(list(enumerate(recent.spectra)))}
    both = [name for name in newer if name is not None and name in earlier]
    if len(both) < FEWEST:
        return None
    old = reference.values[[earlier[name] for name in both]]
    new = recent.values[[newer[name] for name in both]]
    moved = differences(grid, old, new)
    moved = moved[np.isfinite(moved).all(axis=1)]
    return None if len(moved) < FEWEST else paired(moved)
