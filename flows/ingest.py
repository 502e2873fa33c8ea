"""Flow: files into the lake, then validate what is new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task

from flows.reporting import counter, report
from ingest.checks.validate import SuiteResult
from ingest.checks.validate import validate as validate_rows
from ingest.files import IngestReport, ingest_files
from registry.lake import Lake


@task(retries=2, retry_delay_seconds=5)
def ingest_paths(lake: str, paths: list[str], hints: dict[str, Any], workers: int) -> IngestReport:
    """Ingest files and folders; a repeat goes on where the last one stopped."""
    inputs = [Path(p) for p in paths]
    return ingest_files(Lake.open(lake), inputs, hints, counter("reading files"), workers)


@task(retries=1)
def validate(lake: str) -> list[SuiteResult]:
    """Check every row that was not checked yet."""
    return validate_rows(Lake.existing(lake), lambda suite: report(f"checking {suite}"))


@flow(name="ingest")
def ingest(
    lake: str, paths: list[str], hints: dict[str, Any] | None = None, workers: int = 1
) -> IngestReport:
    """Ingest files and folders into a lake and validate them."""
    outcome: IngestReport = ingest_paths(lake, paths, hints or {}, workers)
    validate(lake)
    return outcome
