"""Deployments from one readable file, registered on a Prefect server whose workers run them."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from flows.stack.services import POOL
from registry.errors import BadInput, WrongUse

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Schedule

SCHEDULES = Path(__file__).with_name("schedules.yaml")
KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "name": ((str,), "text"),
    "flow": ((str,), "text"),
    "cron": ((str,), "text"),
    "interval": ((int, float), "a number of seconds"),
    "parameters": ((dict,), "fields with values"),
}
"""Fields of an entry, and what each is."""
LONGEST_INTERVAL = 366 * 86400.0
"""Seconds."""


@dataclass(frozen=True)
class Scheduled:
    """One entry of the file: a flow (``module:function``), when, and with what.

    Exactly one of ``cron`` and ``interval`` (seconds) is given; ``file`` is where it was read.
    """

    name: str
    flow: str
    timezone: str
    cron: str | None = None
    interval: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    file: str = "deployments"

    @property
    def where(self) -> str:
        """Which entry it is, for errors."""
        return f"{self.file}: deployment {self.name!r}"

    @property
    def when(self) -> str:
        """Its schedule in words."""
        return f"{self.cron} {self.timezone}" if self.cron else f"every {self.interval} s"


def read_schedules(path: Path = SCHEDULES) -> list[Scheduled]:
    """Read the deployments of a file.

    Raises:
        BadInput: Names the entry and field that is missing, unknown or contradictory.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(str(path), "a YAML file that can be read", str(error)) from error
    if not isinstance(content, dict) or not isinstance(content.get("deployments"), list):
        raise BadInput(path.name, "a list under 'deployments'", type(content).__name__)
    zone = content.get("timezone", "UTC")
    return [_entry(path, n, entry, zone) for n, entry in enumerate(content["deployments"], 1)]


def _entry(path: Path, number: int, entry: Any, timezone: str) -> Scheduled:
    where = f"{path.name}: deployment {number}"
    if not isinstance(entry, dict) or not {"name", "flow"} <= entry.keys():
        raise BadInput(where, "a 'name' and a 'flow'", repr(entry))
    unknown = entry.keys() - KINDS.keys()
    if unknown:
        raise BadInput(where, f"only {', '.join(KINDS)}", ", ".join(sorted(map(str, unknown))))
    if ("cron" in entry) == ("interval" in entry):
        raise BadInput(where, "either 'cron' or 'interval'", "both" if "cron" in entry else "none")
    for name, value in entry.items():
        kinds, expected = KINDS[name]
        if type(value) not in kinds:  # true is an int, and no number of seconds
            raise BadInput(f"{where}: {name}", expected, repr(value))
    return Scheduled(timezone=timezone, file=path.name, **entry)


def load_flow(name: str, where: str = "deployments") -> Flow[Any, Any]:
    """Import the flow called ``module:function``.

    Args:
        name: Its name.
        where: What asks for it, for errors.

    Raises:
        BadInput: When there is no such module or flow.
    """
    from prefect import Flow

    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(
            f"{where}: flow {name!r}", "module:function of a flow", str(error)
        ) from error
    if not isinstance(found, Flow):
        raise BadInput(f"{where}: flow {name!r}", "a flow", type(found).__name__)
    return found


def schedule_of(entry: Scheduled) -> Schedule:
    """Its schedule as Prefect knows it.

    Raises:
        BadInput: Names the field that is wrong.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from prefect.schedules import Cron, Interval

    try:
        ZoneInfo(entry.timezone)
    except (ZoneInfoNotFoundError, ValueError, TypeError) as error:
        where = f"{entry.file}: timezone"
        raise BadInput(where, "a name as Europe/Paris", repr(entry.timezone)) from error
    if entry.cron is not None:
        try:
            return Cron(entry.cron, timezone=entry.timezone)
        except ValueError as error:
            expected = "minute hour day month weekday"
            raise BadInput(f"{entry.where}: cron", expected, repr(entry.cron)) from error
    seconds = entry.interval or 0.0
    if not 0 < seconds <= LONGEST_INTERVAL:
        raise BadInput(f"{entry.where}: interval", "seconds above 0", repr(entry.interval))
    return Interval(timedelta(seconds=seconds), timezone=entry.timezone)


def deployments(lake: str, entries: list[Scheduled]) -> list[RunnerDeployment]:
    """Prefect deployments of the entries, all over one lake."""
    return [_deployment(lake, entry) for entry in entries]


def _deployment(lake: str, entry: Scheduled) -> RunnerDeployment:
    from prefect.types.entrypoint import EntrypointType

    parameters = {"lake": lake, **entry.parameters}
    made = load_flow(entry.flow, entry.where).to_deployment(
        entry.name,
        schedule=schedule_of(entry),
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
