"""Great Expectations: verdicts over quality columns, and the Data Docs a person reads of them.

Expectations are judged in memory, so any number of processes may check one lake at once. Only the
pages are files they share; a lock lets one process after another write them.
"""

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
PAGES, RESULTS = "pages", "results"
SITE = "lake"


def data_docs(lake: Lake) -> Path:
    """First page of the Data Docs."""
    return lake.path / FOLDER / PAGES / "index.html"


class Judge:
    """Judges suites by Great Expectations; what it finds is published once, at the end."""

    def __init__(self) -> None:
        self._context = _context()
        self._found: dict[Any, Any] = {}

    def broken_by(
        self, suite: str, checks: Sequence[Check], frame: pd.DataFrame
    ) -> dict[str, set[str]]:
        """Run a suite; returns, for each check, the entities that break it.

        Args:
            suite: Name of the suite.
            checks: Its checks, each with a column in the frame.
            frame: ``entity_id`` and a column a check; NaN, which says that a check does not apply,
                is passed over.
        """
        outcome = self._checkpoint(suite, checks).run(batch_parameters={"dataframe": frame})
        ((key, validation),) = outcome.run_results.items()
        self._found[key] = validation
        return {
            result.expectation_config.kwargs["column"]: {
                row["entity_id"] for row in result.result.get("unexpected_index_list") or []
            }
            for result in validation.results
        }

    def publish(self, lake: Lake) -> None:
        """Add what was found since the last time to the Data Docs of a lake."""
        if not self._found:
            return
        from filelock import FileLock
        from great_expectations.data_context.types.resource_identifiers import (
            ExpectationSuiteIdentifier,
        )

        folder = lake.path / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            site = _context(folder)
            suites = [site.suites.add_or_update(suite) for suite in self._context.suites.all()]
            for key, validation in self._found.items():
                site.validation_results_store.add(key, validation)
            told = [ExpectationSuiteIdentifier(name=suite.name) for suite in suites]
            site.build_data_docs(resource_identifiers=[*told, *self._found])
        self._found = {}

    def _checkpoint(self, suite: str, checks: Sequence[Check]) -> gx.Checkpoint:
        import great_expectations as gx

        asset = self._context.data_sources.add_or_update_pandas(SITE).add_dataframe_asset(suite)
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
        definition = self._context.validation_definitions.add_or_update(
            gx.ValidationDefinition(
                name=suite,
                data=asset.add_batch_definition_whole_dataframe("rows"),
                suite=self._context.suites.add_or_update(
                    gx.ExpectationSuite(name=suite, expectations=expectations)
                ),
            )
        )
        return self._context.checkpoints.add_or_update(
            gx.Checkpoint(
                name=suite,
                validation_definitions=[definition],
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": ["entity_id"],
                },
            )
        )


def _context(folder: Path | None = None) -> gx.data_context.EphemeralDataContext:
    """A validation project in memory; with a folder, its suites, results and pages are there."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
    )

    stores = InMemoryStoreBackendDefaults()
    if folder is not None:
        stores.stores[stores.expectations_store_name]["store_backend"] = _files(folder / "suites")
        stores.stores[stores.validation_results_store_name]["store_backend"] = _files(
            folder / RESULTS
        )
        stores.data_docs_sites = {
            SITE: {
                "class_name": "SiteBuilder",
                "store_backend": _files(folder / PAGES),
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "show_how_to_buttons": False,
            }
        }
    quiet = {"globally": False, "metric_calculations": False}
    config = DataContextConfig(store_backend_defaults=stores, progress_bars=quiet)
    return gx.get_context(mode="ephemeral", project_config=config)


def _files(folder: Path) -> dict[str, str]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
