"""The services of a stack: what is started, in which order, and when each is ready."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
POOL = "scatterlake"
AT_ONCE = 2
"""Flow runs of one worker at a time: each is a process that loads large libraries."""


@dataclass(frozen=True)
class Service:
    """One process of the stack.

    Attributes:
        name: Name of its log.
        command: What is started.
        environment: What it needs beyond the environment of the caller.
        url: Where a person finds it; empty where nothing listens.
        ready: Address that answers when it is ready, or what tells; empty where being alive is
            enough.
        first: Done before it starts, when those before it are ready; gives what more the
            environment needs.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    ready: str | Callable[[], bool] = ""
    first: Callable[[], Mapping[str, str]] | None = None


def services(
    lake: Path, prefect_port: int, mlflow_port: int, metrics_port: int | None = None
) -> tuple[Service, ...]:
    """The services of a lake in the order they start; the worker needs those before it.

    Args:
        lake: Folder of the lake.
        prefect_port: Where the Prefect server listens.
        mlflow_port: Where MLflow listens.
        metrics_port: Where figures are answered for Prometheus; without it, they are not.
    """
    prefect, mlflow = f"http://{HOST}:{prefect_port}", f"http://{HOST}:{mlflow_port}"
    shared = environment_of(lake, prefect, mlflow)
    figures = () if metrics_port is None else (_metrics(lake, metrics_port, shared),)
    return (
        Service(
            "prefect",
            script("prefect", "server", "start", "--host", HOST, "--port", str(prefect_port)),
            {**shared, "PREFECT_UI_API_URL": f"{prefect}/api"},
            url=prefect,
            ready=f"{prefect}/api/health",
        ),
        Service(
            "mlflow",
            script(
                "mlflow",
                "server",
                *("--host", HOST, "--port", str(mlflow_port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{lake}/mlflow/mlflow.db"),
                *("--artifacts-destination", str(lake / "mlflow" / "artifacts")),
            ),
            # nothing here uses its job runner, which is eight processes
            {**shared, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            url=mlflow,
            ready=f"{mlflow}/health",
        ),
        Service(
            "worker",
            script(
                "prefect",
                "worker",
                "start",
                *("--pool", POOL, "--type", "process", "--limit", str(AT_ONCE)),
                *("--name", "local"),
            ),
            # the events of flow runs are lines of its log
            {**shared, "SCATTERLAKE_LOG": "json"},
            ready=f"{prefect}/api/work_pools/{POOL}",
        ),
        *figures,
    )


def _metrics(lake: Path, port: int, environment: Mapping[str, str]) -> Service:
    url = f"http://{HOST}:{port}"
    command = script("scatterlake", "metrics", "--lake", str(lake), "--serve", str(port))
    return Service("metrics", command, environment, url=url, ready=f"{url}/metrics")


def environment_of(lake: Path, prefect: str, mlflow: str) -> dict[str, str]:
    """What a process needs to work over a stack."""
    return {
        "PREFECT_API_URL": f"{prefect}/api",
        "PREFECT_HOME": str(lake / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "MLFLOW_TRACKING_URI": mlflow,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def script(name: str, *arguments: str) -> tuple[str, ...]:
    """A script installed beside this Python."""
    return (str(Path(sys.executable).parent / name), *arguments)
