"""Prefect without a server: what must be set before prefect is first imported."""

from __future__ import annotations

import os
from pathlib import Path


def use_prefect(lake: Path) -> None:
    """Prepare Prefect for this process; a server named by ``PREFECT_API_URL`` is respected.

    Without one, Prefect's in-process server keeps its runs inside the lake. Analytics are off:
    what a facility measures is nobody's business.
    """
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(lake / "prefect"))
        os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
