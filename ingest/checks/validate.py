"""Validation of stored rows with Great Expectations: a suite per technique, one for structures,
one for spectra beside the structures they belong to.

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
import pyarrow.compute as pc

from ingest.checks import Check
from ingest.checks.materials import MATERIAL_CHECKS, material_quality
from ingest.checks.pairs import PAIR_CHECKS, PAIRS, pair_quality
from ingest.checks.results import result_rows
from ingest.checks.spectra import spectrum_checks, spectrum_quality
from registry.lake import Lake
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
    for suite in _suites(lake):
        rows = suite.unchecked(lake)
        if rows.num_rows == 0:
            continue
        context = context or _context(lake.path / FOLDER)
        results.append(_run_suite(lake, context, suite, rows))
        if progress:
            progress(suite.name)
    if context:
        context.build_data_docs()
    return results


@dataclass(frozen=True)
class _Suite:
    """Checks of one kind of row.

    Attributes:
        name: Its name: a technique, ``structures`` or ``pairs``.
        entity_kind: What its entities are.
        rows: Relation in SQL with a column ``entity_id``.
        checks: The checks.
        quality: Measures their columns.
    """

    name: str
    entity_kind: str
    rows: str
    checks: Sequence[Check]
    quality: Callable[[pa.Table], dict[str, Floats]]

    def unchecked(self, lake: Lake) -> pa.Table:
        """Rows without a result of this suite."""
        rows = lake.sql(
            f"SELECT r.* FROM ({self.rows}) r ANTI JOIN "
            f"(SELECT entity_id FROM checks WHERE suite = '{self.name}') c "
            "ON c.entity_id = r.entity_id ORDER BY 1"
        )
        return _whole(lake, rows) if "intensity" in rows.column_names else rows


_STRUCTURES = "SELECT material_id AS entity_id, * EXCLUDE material_id FROM materials"
_SPECTRA = (
    "SELECT spectrum_id AS entity_id, technique, absorber, edge, x, shape, intensity, uncertainty, "
    "wavelength, incident_energy, temperature FROM spectra WHERE technique = '{technique}'"
)


def _suites(lake: Lake) -> list[_Suite]:
    """A suite for every kind of row in the lake."""
    found = lake.sql("SELECT DISTINCT technique FROM spectra ORDER BY technique").to_pylist()
    spectra = [
        _Suite(
            name,
            "spectrum",
            _SPECTRA.format(technique=name),
            spectrum_checks(name),
            spectrum_quality,
        )
        for name in (row["technique"] for row in found)
    ]
    structures = _Suite("structures", "material", _STRUCTURES, MATERIAL_CHECKS, material_quality)
    pairs = _Suite("pairs", "spectrum", PAIRS, PAIR_CHECKS, pair_quality)
    return [structures, *spectra, pairs]


def _whole(lake: Lake, rows: pa.Table) -> pa.Table:
    """Rows with the arrays that are kept in pieces put back."""
    missing = pc.is_null(rows["intensity"])
    if not pc.any(missing).as_py():
        return rows
    whole = []
    for row in rows.filter(missing).to_pylist():
        spectrum = lake.spectrum(row["entity_id"])
        sigma = spectrum.uncertainty
        row["intensity"] = np.ravel(spectrum.intensity)
        row["uncertainty"] = None if sigma is None else np.ravel(sigma)
        whole.append(row)
    joined = pa.Table.from_pylist(whole, schema=rows.schema)
    return pa.concat_tables([rows.filter(pc.invert(missing)), joined])


def _run_suite(
    lake: Lake, context: gx.data_context.FileDataContext, suite: _Suite, rows: pa.Table
) -> SuiteResult:
    failed: dict[str, int] = {check.name: 0 for check in suite.checks}
    for start in range(0, rows.num_rows, BATCH):
        frame = _frame(rows.slice(start, BATCH), suite)
        broken = _expectations_broken(context, suite, frame)
        for name, entities in broken.items():
            failed[name] += len(entities)
        lake.append("checks", _check_rows(suite, frame, broken))
    return SuiteResult(
        suite.name, rows.num_rows, len(suite.checks), {name: n for name, n in failed.items() if n}
    )


def _frame(rows: pa.Table, suite: _Suite) -> pd.DataFrame:
    """One column a check; Great Expectations passes over NaN, which is: does not apply."""
    import pandas as pd

    columns = suite.quality(rows)
    values = {check.name: columns[check.name] for check in suite.checks}
    return pd.DataFrame({"entity_id": rows["entity_id"].to_pylist(), **values})


def _context(folder: Path) -> gx.data_context.FileDataContext:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    folder.mkdir(exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _expectations_broken(context: Any, suite: _Suite, frame: pd.DataFrame) -> dict[str, set[str]]:
    """Run the suite; returns, for each check, the entities that break it."""
    import great_expectations as gx

    asset = context.data_sources.add_or_update_pandas("lake").add_dataframe_asset(suite.name)
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=check.name,
            min_value=check.lower,
            max_value=check.upper,
            severity="critical" if check.severity == "error" else "warning",
            description=f"{check.meaning}: {check.limits()}",
        )
        for check in suite.checks
    ]
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(
            name=suite.name,
            data=asset.add_batch_definition_whole_dataframe("rows"),
            suite=context.suites.add_or_update(
                gx.ExpectationSuite(name=suite.name, expectations=expectations)
            ),
        )
    )
    checkpoint = context.checkpoints.add_or_update(
        gx.Checkpoint(
            name=suite.name,
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


def _check_rows(suite: _Suite, frame: pd.DataFrame, broken: dict[str, set[str]]) -> pa.Table:
    entities = frame["entity_id"].to_numpy()
    parts = []
    for check in suite.checks:
        values = frame[check.name].to_numpy()
        told = ~np.isnan(values)
        passed = [entity not in broken[check.name] for entity in entities[told]]
        parts.append(
            result_rows(
                check, suite.entity_kind, list(entities[told]), values[told], passed, suite.name
            )
        )
    return pa.concat_tables(parts)
