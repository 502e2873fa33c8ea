"""The events that tell what became of a batch of files, and of the checks of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ingest.checks.validate import SuiteResult
from ingest.files import IngestReport
from registry.events import emit
from registry.lake import Lake

MOST_REASONS = 10


def reasons(report: IngestReport) -> dict[str, int]:
    """How often each reason for a refusal was met, the most frequent first."""
    found = Counter(f"{each.stage}: expected {each.expected}" for each in report.refused)
    return dict(found.most_common(MOST_REASONS))


def tell_ingested(lake: Lake, report: IngestReport, **where: Any) -> None:
    """Emit what was stored and refused; a warning when anything was refused.

    Args:
        lake: The lake.
        report: What became of the files.
        where: What else there is to say, such as the folder.
    """
    emit(
        "ingested",
        lake.uri,
        "warning" if report.refused else "info",
        **where,
        files=report.files,
        **report.stored,
        known_files=report.known_files,
        known_rows=report.known_rows,
        flagged=report.flagged,
        quarantined=len(report.refused),
        reasons=reasons(report),
    )


def tell_checked(lake: Lake, results: Iterable[SuiteResult]) -> None:
    """Emit the outcome of each suite; a warning when anything failed."""
    for each in results:
        level = "warning" if each.failed else "info"
        emit("checked", lake.uri, level, suite=each.suite, rows=each.entities, failed=each.failed)
