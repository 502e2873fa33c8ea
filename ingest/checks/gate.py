"""The gate: which rows may not enter the lake, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.checks import Check, check_sets
from ingest.checks.materials import MATERIAL_CHECKS, material_quality
from ingest.checks.policy import Policy
from ingest.checks.results import result_rows
from ingest.checks.spectra import spectrum_quality
from registry.errors import BadInput
from registry.records import Floats
from registry.schemas import SCHEMAS

KEYS = {"materials": ("material_id", "material"), "spectra": ("spectrum_id", "spectrum")}
GATE = "gate"
"""Suite of the results that are written when a row is stored in spite of them."""
Quality = Callable[[pa.Table], dict[str, Floats]]


@dataclass(frozen=True)
class Fault:
    """An error check that a row breaks, with the value found."""

    check: Check
    value: float


def faults(rows: pa.Table, table: str) -> list[list[Fault]]:
    """For each row of ``table`` the error checks it breaks; only what can refuse is measured."""
    if table == "materials":
        return _faults(rows, MATERIAL_CHECKS, material_quality, np.full(rows.num_rows, ""))
    sets = [each for each in check_sets().values() if each.refuses()]
    checks = [check for each in sets for check in each.checks]
    techniques = np.asarray(rows["technique"].to_pylist(), dtype=str)
    return _faults(rows, checks, lambda given: spectrum_quality(given, sets), techniques)


def refusals(rows: pa.Table, table: str, policy: Policy = "strict") -> list[BadInput | None]:
    """For each row of ``table`` why it may not enter, or None when it may."""
    return [complaint(found, policy) for found in faults(rows, table)]


def complaint(found: Sequence[Fault], policy: Policy = "strict") -> BadInput | None:
    """Why a row with these faults may not enter, or None when it may."""
    refused = [fault for fault in found if policy == "strict" or fault.check.always]
    if not refused:
        return None
    return BadInput(
        ", ".join(fault.check.name for fault in refused),
        "; ".join(f"{fault.check.meaning}: {fault.check.limits()}" for fault in refused),
        "; ".join(f"{fault.value:g}" for fault in refused),
    )


def flags(rows: pa.Table, table: str, found: Sequence[Sequence[Fault]]) -> pa.Table:
    """Rows of ``checks`` for the faults of rows that a lenient lake stores all the same."""
    key, kind = KEYS[table]
    entities = rows[key].to_pylist()
    parts = [
        result_rows(fault.check, kind, [entity], np.array([fault.value]), [False], GATE)
        for entity, faults_found in zip(entities, found, strict=True)
        for fault in faults_found
    ]
    return pa.concat_tables(parts) if parts else SCHEMAS["checks"].arrow.empty_table()


def _faults(
    rows: pa.Table, checks: Sequence[Check], quality: Quality, techniques: npt.NDArray[np.str_]
) -> list[list[Fault]]:
    found: list[list[Fault]] = [[] for _ in range(rows.num_rows)]
    columns = quality(rows) if rows.num_rows else {}
    for check in checks if columns else ():
        if check.severity == "warning":
            continue
        broken = check.broken_by(columns[check.name])
        if check.techniques:
            broken &= np.isin(techniques, check.techniques)
        for n in np.flatnonzero(broken):
            found[n].append(Fault(check, float(columns[check.name][n])))
    return found
