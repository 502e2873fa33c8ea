"""Which Prefect and MLflow a command uses: what must be set before they are first imported."""

from __future__ import annotations

import os
from pathlib import Path

from flows.stack.running import running
from flows.stack.services import environment_of


def use_prefect(lake: Path) -> None:
    """Prepare Prefect for this process: a server named by ``PREFECT_API_URL``, else a stack of the
    lake that is up, else the in-process server, which keeps its runs inside the lake.

    Analytics are off: what a facility measures is nobody's business.
    """
    use_stack(lake)
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(lake / "prefect"))
        os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")


def use_stack(lake: Path) -> None:
    """Work over the stack of a lake where one is up; what the environment names goes first."""
    urls = {service.name: service.url for service in running(lake)}
    if {"prefect", "mlflow"} <= urls.keys() and "PREFECT_API_URL" not in os.environ:
        for name, value in environment_of(lake, urls["prefect"], urls["mlflow"]).items():
            os.environ.setdefault(name, value)
