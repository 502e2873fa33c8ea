"""Plain calls for the command line: through Prefect where a server is configured, else direct."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ingest.files import IngestReport, ingest_files
from ingest.telling import tell_ingested
from registry.lake import Lake


def ingest(
    lake: Lake,
    paths: Sequence[Path],
    hints: dict[str, Any],
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> IngestReport:
    """Ingest files, as a Prefect flow run when ``PREFECT_API_URL`` names a server."""
    if "PREFECT_API_URL" not in os.environ:
        done = ingest_files(lake, paths, hints, progress, workers)
        tell_ingested(lake, done)
        return done
    from flows.ingest import ingest as ingest_flow
    from flows.reporting import reporting

    def listen(_step: str, done: int, total: int) -> None:
        if progress and total:
            progress(done, total)

    with reporting(listen):
        return ingest_flow(lake.uri, [str(p) for p in paths], hints, workers)
