"""Flow: files into the lake, then validate what is new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, task

from flows.artifacts import keep_ingested
from flows.reporting import counter, report
from flows.steps import AGAIN, HOUR, lake_and_code
from ingest.checks.validate import SuiteResult
from ingest.checks.validate import validate as validate_rows
from ingest.files import IngestReport, ingest_files
from ingest.telling import tell_checked, tell_ingested
from registry.lake import Lake


@task(timeout_seconds=12 * HOUR, **AGAIN)
def ingest_paths(lake: str, paths: list[str], hints: dict[str, Any], workers: int) -> IngestReport:
    """Ingest files and folders; a repeat goes on where the last one stopped."""
    opened, inputs = Lake.open(lake), [Path(p) for p in paths]
    done = ingest_files(opened, inputs, hints, counter("reading files"), workers)
    tell_ingested(opened, done)
    keep_ingested(lake, done)
    return done


@task(timeout_seconds=12 * HOUR, cache_key_fn=lake_and_code, persist_result=True, **AGAIN)
def validate(lake: str) -> list[SuiteResult]:
    """Check every row that was not checked yet."""
    opened = Lake.existing(lake)
    results = validate_rows(opened, lambda suite: report(f"checking {suite}"))
    tell_checked(opened, results)
    return results


@flow(name="ingest")
def ingest(
    lake: str, paths: list[str], hints: dict[str, Any] | None = None, workers: int = 1
) -> IngestReport:
    """Ingest files and folders into a lake and validate them."""
    outcome: IngestReport = ingest_paths(lake, paths, hints or {}, workers)
    validate(lake)
    return outcome
