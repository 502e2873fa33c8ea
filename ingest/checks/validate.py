"""Validation of stored rows with Great Expectations: a suite per technique, one for structures.

Results are kept twice: as rows in ``checks`` (one per entity and check, so that SQL can join
them) and as Data Docs, pages a person reads in a browser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ingest.checks import Check
from ingest.checks.materials import MATERIAL_CHECKS, material_quality
from ingest.checks.spectra import SPECTRUM_CHECKS, spectrum_quality
from registry.lake import Lake, now
from registry.records import Floats

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd

FOLDER = "validation"
BATCH = 20_000
_DOCS = Path("gx/uncommitted/data_docs/local_site/index.html")


@dataclass(frozen=True)
class SuiteResult:
    """Outcome of one suite: how many entities, checks, and what failed by check."""

    suite: str
    entities: int
    checks: int
    failed: dict[str, int]


def data_docs(lake: Lake) -> Path:
    """First page of the Data Docs."""
    return lake.path / FOLDER / _DOCS


def validate(lake: Lake, progress: Callable[[str], None] | None = None) -> list[SuiteResult]:
    """Check every stored spectrum and structure that has not been checked yet.

    Returns:
        One result per suite that had something to check; none when all is checked.
    """
    results = []
    context = None
    for suite, table, where in _suites(lake):
        rows = _unchecked(lake, table, where)
        if rows.num_rows == 0:
            continue
        context = context or _context(lake.path / FOLDER)
        results.append(_run_suite(lake, context, suite, table, rows))
        if progress:
            progress(suite)
    if context:
        context.build_data_docs()
    return results


def _suites(lake: Lake) -> list[tuple[str, str, str]]:
    """(suite, table, condition) for every kind of row in the lake."""
    found = lake.sql("SELECT DISTINCT technique FROM spectra ORDER BY technique").to_pylist()
    spectra = [(r["technique"], "spectra", f"technique = '{r['technique']}'") for r in found]
    return [("structures", "materials", "true"), *spectra]


_COLUMNS = {
    "materials": "material_id AS entity_id, * EXCLUDE material_id",
    "spectra": "spectrum_id AS entity_id, technique, x, intensity, uncertainty, shape",
}
_KEY = {"materials": "material_id", "spectra": "spectrum_id"}


def _unchecked(lake: Lake, table: str, where: str) -> pa.Table:
    return lake.sql(
        f"SELECT {_COLUMNS[table]} FROM {table} ANTI JOIN checks ON entity_id = {_KEY[table]} "
        f"WHERE {where} ORDER BY 1"
    )


def _run_suite(
    lake: Lake, context: gx.data_context.FileDataContext, suite: str, table: str, rows: pa.Table
) -> SuiteResult:
    checks, quality = _checks(table, suite)
    failed: dict[str, int] = {check.name: 0 for check in checks}
    for start in range(0, rows.num_rows, BATCH):
        frame = _frame(rows.slice(start, BATCH), checks, quality)
        broken = _expectations_broken(context, suite, checks, frame)
        for name, entities in broken.items():
            failed[name] += len(entities)
        lake.append("checks", _check_rows(lake, table, suite, checks, frame, broken))
    return SuiteResult(
        suite, rows.num_rows, len(checks), {name: n for name, n in failed.items() if n}
    )


def _checks(
    table: str, suite: str
) -> tuple[Sequence[Check], Callable[[pa.Table], dict[str, Floats]]]:
    if table == "materials":
        return MATERIAL_CHECKS, material_quality
    return [c for c in SPECTRUM_CHECKS if c.applies_to(suite)], spectrum_quality


def _frame(
    rows: pa.Table, checks: Sequence[Check], quality: Callable[[pa.Table], dict[str, Floats]]
) -> pd.DataFrame:
    import pandas as pd

    columns = quality(rows)
    # Great Expectations passes over NaN; a value that could not be measured must fail
    values = {
        c.name: np.nan_to_num(columns[c.name], nan=np.inf if c.lower is None else -np.inf)
        for c in checks
    }
    return pd.DataFrame({"entity_id": rows["entity_id"].to_pylist(), **values})


def _context(folder: Path) -> gx.data_context.FileDataContext:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    folder.mkdir(exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _expectations_broken(
    context: Any, suite: str, checks: Sequence[Check], frame: pd.DataFrame
) -> dict[str, set[str]]:
    """Run the suite; returns, for each check, the entities that break it."""
    import great_expectations as gx

    asset = context.data_sources.add_or_update_pandas("lake").add_dataframe_asset(suite)
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=check.name,
            min_value=check.lower,
            max_value=check.upper,
            severity="critical" if check.severity == "error" else "warning",
            description=f"{check.meaning}: {check.limits()}",
        )
        for check in checks
    ]
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(
            name=suite,
            data=asset.add_batch_definition_whole_dataframe("rows"),
            suite=context.suites.add_or_update(
                gx.ExpectationSuite(name=suite, expectations=expectations)
            ),
        )
    )
    checkpoint = context.checkpoints.add_or_update(
        gx.Checkpoint(
            name=suite,
            validation_definitions=[definition],
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["entity_id"],
            },
        )
    )
    outcome = checkpoint.run(batch_parameters={"dataframe": frame})
    (validation,) = outcome.run_results.values()
    return {
        result.expectation_config.kwargs["column"]: {
            row["entity_id"] for row in result.result.get("unexpected_index_list") or []
        }
        for result in validation.results
    }


def _check_rows(
    lake: Lake,
    table: str,
    suite: str,
    checks: Sequence[Check],
    frame: pd.DataFrame,
    broken: dict[str, set[str]],
) -> pa.Table:
    entities = frame["entity_id"].tolist()
    parts = [
        pa.table(
            {
                "entity_id": entities,
                "entity_kind": ["spectrum" if table == "spectra" else "material"] * len(entities),
                "check_name": [check.name] * len(entities),
                "value": frame[check.name].to_numpy(),
                "lower": pa.array([check.lower] * len(entities), pa.float64()),
                "upper": pa.array([check.upper] * len(entities), pa.float64()),
                "severity": [check.severity] * len(entities),
                "passed": [entity not in broken[check.name] for entity in entities],
                "suite": [suite] * len(entities),
                "checked_at": pa.array([now()] * len(entities), pa.timestamp("us", "UTC")),
            }
        )
        for check in checks
    ]
    return pa.concat_tables(parts).cast(lake["checks"].schema.arrow)
