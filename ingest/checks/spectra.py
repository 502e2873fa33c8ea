"""Quality columns of spectra: one number per spectrum and check, vectorised over Arrow offsets.

Great Expectations cannot look inside arrays: it reads these columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from ingest.checks import Check, CheckSet, check_sets
from ingest.checks._curves import Curves, Offsets
from registry.records import Floats

BLOCK = 512
"""Rows measured at once: their arrays stay in the processor's cache."""


def spectrum_checks(technique: str | None = None) -> tuple[Check, ...]:
    """All checks of spectra, or those that apply to one technique."""
    return tuple(
        check
        for each in check_sets().values()
        for check in each.checks
        if technique is None or check.applies_to(technique)
    )


def spectrum_quality(rows: pa.Table, sets: Iterable[CheckSet] | None = None) -> dict[str, Floats]:
    """Quality columns of rows of the ``spectra`` table, each of shape ``(n,)``.

    Args:
        rows: Rows with the columns of the schema.
        sets: What to measure; all sets by default.

    Returns:
        A column for every check; NaN where it does not apply to a row (another technique, no
        uncertainty given, no absorber known).
    """
    chosen = list(check_sets().values()) if sets is None else list(sets)
    columns = {
        check.name: np.full(rows.num_rows, np.nan) for each in chosen for check in each.checks
    }
    alone = [each for each in chosen if not each.together]
    for start in range(0, rows.num_rows, BLOCK):
        _measure(rows.slice(start, BLOCK), alone, columns, start)
    _measure(rows, [each for each in chosen if each.together], columns, 0)
    return columns


def _measure(
    rows: pa.Table, sets: Sequence[CheckSet], columns: dict[str, Floats], start: int
) -> None:
    """Write what is measured on ``rows``, which begin at ``start``, into the columns."""
    curves = Curves(rows)
    parts: dict[tuple[str, ...], tuple[Curves, Offsets]] = {}
    for each in sets:
        if each.techniques and curves.present.isdisjoint(each.techniques):
            continue
        if each.techniques not in parts:
            parts[each.techniques] = curves.of(each.techniques)
        part, places = parts[each.techniques]
        for name, values in each.measure(part).items():
            columns[name][start + places] = values
