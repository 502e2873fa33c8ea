"""Results of checks as rows of ``checks``."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ingest.checks import Check
from registry.lake import now
from registry.records import Floats
from registry.schemas import SCHEMAS


def result_rows(
    check: Check,
    entity_kind: str,
    entities: Sequence[str],
    values: Floats,
    passed: Sequence[bool | None],
    suite: str,
) -> pa.Table:
    """One row for each entity; values have shape ``(n,)``.

    NaN says that the check does not apply: it becomes a null value, with None for ``passed``.
    """
    n = len(entities)
    rows = {
        "entity_id": entities,
        "entity_kind": [entity_kind] * n,
        "check_name": [check.name] * n,
        "value": pa.array(values, pa.float64(), from_pandas=True),
        "lower": pa.array([check.lower] * n, pa.float64()),
        "upper": pa.array([check.upper] * n, pa.float64()),
        "severity": [check.severity] * n,
        "passed": passed,
        "suite": [suite] * n,
        "checked_at": pa.array([now()] * n, pa.timestamp("us", "UTC")),
    }
    schema = SCHEMAS["checks"].arrow
    return pa.table([pa.array(rows[f.name], type=f.type) for f in schema], schema=schema)
