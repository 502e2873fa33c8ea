"""Deployments from one readable file, registered on a Prefect server whose workers run them."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from flows.stack.services import POOL
from registry.errors import BadInput, WrongUse

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment

SCHEDULES = Path(__file__).with_name("schedules.yaml")
FIELDS = {"name", "flow", "cron", "interval", "parameters"}


@dataclass(frozen=True)
class Scheduled:
    """One entry of the file: a flow (``module:function``), when, and with what.

    Exactly one of ``cron`` and ``interval`` (seconds) is given.
    """

    name: str
    flow: str
    timezone: str
    cron: str | None = None
    interval: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def when(self) -> str:
        """Its schedule in words."""
        return f"{self.cron} {self.timezone}" if self.cron else f"every {self.interval} s"


def read_schedules(path: Path = SCHEDULES) -> list[Scheduled]:
    """Read the deployments of a file.

    Raises:
        BadInput: Names the entry and field that is missing, unknown or contradictory.
    """
    content = yaml.safe_load(path.read_text())
    if not isinstance(content, dict) or not isinstance(content.get("deployments"), list):
        raise BadInput(path.name, "a list under 'deployments'", type(content).__name__)
    zone = content.get("timezone", "UTC")
    return [_entry(path, n, entry, zone) for n, entry in enumerate(content["deployments"], 1)]


def _entry(path: Path, number: int, entry: Any, timezone: str) -> Scheduled:
    where = f"{path.name}: deployment {number}"
    if not isinstance(entry, dict) or not {"name", "flow"} <= entry.keys():
        raise BadInput(where, "a 'name' and a 'flow'", repr(entry))
    unknown = entry.keys() - FIELDS
    if unknown:
        raise BadInput(where, f"only {', '.join(sorted(FIELDS))}", ", ".join(sorted(unknown)))
    if ("cron" in entry) == ("interval" in entry):
        raise BadInput(where, "either 'cron' or 'interval'", "both" if "cron" in entry else "none")
    return Scheduled(timezone=timezone, **entry)


def load_flow(name: str) -> Flow[Any, Any]:
    """Import the flow called ``module:function``.

    Raises:
        BadInput: When there is no such module or flow.
    """
    module, _, function = name.partition(":")
    try:
        found: Flow[Any, Any] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(f"flow {name!r}", "module:function of a flow", str(error)) from error
    return found


def deployments(lake: str, entries: list[Scheduled]) -> list[RunnerDeployment]:
    """Prefect deployments of the entries, all over one lake."""
    return [_deployment(lake, entry) for entry in entries]


def _deployment(lake: str, entry: Scheduled) -> RunnerDeployment:
    from datetime import timedelta

    from prefect.schedules import Cron, Interval
    from prefect.types.entrypoint import EntrypointType

    schedule = (
        Cron(entry.cron, timezone=entry.timezone)
        if entry.cron
        else Interval(timedelta(seconds=entry.interval or 0), timezone=entry.timezone)
    )
    parameters = {"lake": lake, **entry.parameters}
    made = load_flow(entry.flow).to_deployment(
        entry.name,
        schedule=schedule,
        parameters=parameters,
        # two runs of one flow over one lake would do the same work twice
        concurrency_limit=1,
        work_pool_name=POOL,
        # any worker that has scatterlake installed can run it, wherever it lies
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast("RunnerDeployment", made)  # a coroutine only when called from one


def register(lake: str, entries: list[Scheduled]) -> list[tuple[str, str, str, str]]:
    """Register the deployments on the Prefect server; a repeat brings them up to date.

    Returns:
        Name, flow, when and id of each.

    Raises:
        WrongUse: When no server is named or running, or there is no worker of the pool yet.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    if "PREFECT_API_URL" not in os.environ:
        raise WrongUse("Prefect server", "one in PREFECT_API_URL, or: scatterlake up", "none")
    with get_client(sync_client=True) as server:
        try:
            server.read_work_pool(POOL)
        except ObjectNotFound as error:
            expected = f"a worker (prefect worker start --pool {POOL} --type process)"
            raise WrongUse("Prefect server", expected, f"no work pool {POOL!r}") from error
    pairs = zip(entries, deployments(lake, entries), strict=True)
    return [(entry.name, entry.flow, entry.when, str(made.apply())) for entry, made in pairs]
