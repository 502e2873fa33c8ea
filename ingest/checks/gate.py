"""The gate: which rows may not enter the lake, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from ingest.checks import Check
from ingest.checks.materials import MATERIAL_CHECKS, material_quality
from ingest.checks.spectra import SPECTRUM_CHECKS, spectrum_quality
from registry.errors import BadInput
from registry.records import Floats

Quality = Callable[[pa.Table], dict[str, Floats]]


def refusals(rows: pa.Table, table: str) -> list[BadInput | None]:
    """For each row of ``table`` the first failed error check, or None when it may enter."""
    if table == "spectra":
        return _refusals(rows, SPECTRUM_CHECKS, spectrum_quality, rows["technique"].to_pylist())
    return _refusals(rows, MATERIAL_CHECKS, material_quality, [""] * rows.num_rows)


def _refusals(
    rows: pa.Table, checks: Sequence[Check], quality: Quality, techniques: list[str]
) -> list[BadInput | None]:
    columns = quality(rows) if rows.num_rows else {}
    errors = [check for check in checks if check.severity == "error"]
    return [
        _complaint(
            [
                (check, float(columns[check.name][n]))
                for check in errors
                if check.applies_to(technique) and not check.passes(float(columns[check.name][n]))
            ]
        )
        for n, technique in enumerate(techniques)
    ]


def _complaint(failed: list[tuple[Check, float]]) -> BadInput | None:
    if not failed:
        return None
    expected = "; ".join(f"{check.meaning}: {check.limits()}" for check, _ in failed)
    found = "; ".join(f"{value:g}" for _, value in failed)
    return BadInput(", ".join(check.name for check, _ in failed), expected, found)
