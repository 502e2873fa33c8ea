"""Great Expectations: verdicts over quality columns, and the Data Docs a person reads of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.checks import Check
from registry.lake import Lake

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd

FOLDER = "validation"
_DOCS = Path("gx/uncommitted/data_docs/local_site/index.html")


def data_docs(lake: Lake) -> Path:
    """First page of the Data Docs."""
    return lake.path / FOLDER / _DOCS


def context_of(lake: Lake) -> gx.data_context.FileDataContext:
    """The validation project in the lake's folder; made when it is missing."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    folder = lake.path / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def broken_by(
    context: Any, suite: str, checks: Sequence[Check], frame: pd.DataFrame
) -> dict[str, set[str]]:
    """Run a suite; returns, for each check, the entities that break it.

    Args:
        context: The validation project.
        suite: Name of the suite.
        checks: Its checks, each with a column in the frame.
        frame: ``entity_id`` and a column a check; NaN, which says that a check does not apply, is
            passed over.
    """
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
