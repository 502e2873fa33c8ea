"""How the tasks of all flows hold up: what is tried again, what is remembered, who waits for whom.

A task does what is not in the lake yet, so one that was killed goes on from there when it is run
again; nothing here is needed for that.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from prefect.tasks import exponential_backoff

from registry.errors import LakeError
from registry.events import emit
from registry.identity import canonical_json, digest
from registry.lake import MARKER, Lake
from training.tracking import reaching

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.context import TaskRunContext

ROOMS = ("registry", "ingest", "features")
"""Packages whose code decides what a remembered task would do."""
LEASE = 60.0
"""Seconds after which the place of a killed run is free again."""
HOUR = 3600.0


class Again(TypedDict):
    """How a task is tried again, as arguments of ``prefect.task``."""

    retries: int
    retry_delay_seconds: Callable[[int], list[float]]
    retry_jitter_factor: float
    retry_condition_fn: Callable[[Task[..., Any], TaskRun, State[Any]], bool]
    on_failure: list[Callable[[Task[..., Any], TaskRun, State[Any]], Awaitable[None] | None]]


def worth_repeating(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether what failed may work later: storage and network do, input and code do not."""
    return isinstance(_cause(state), LakeError | OSError | TimeoutError)


def tell_failure(task: Task[..., Any], run: TaskRun, state: State[Any]) -> None:
    """Emit why a task failed in the end."""
    error = _cause(state)
    kind = type(error).__name__
    emit("failed", level="error", step=task.name, attempts=run.run_count, error=kind, reason=error)


AGAIN = Again(
    retries=4,
    retry_delay_seconds=exponential_backoff(2),  # 2, 4, 8, 16 s: half a minute in all
    retry_jitter_factor=0.5,
    retry_condition_fn=worth_repeating,
    on_failure=[tell_failure],
)


def _cause(state: State[Any]) -> BaseException | None:
    # a run that crashed has text where others have an exception
    found = state.result(raise_on_failure=False)
    return found if isinstance(found, BaseException) else None


def lake_and_code(context: TaskRunContext, arguments: Mapping[str, Any]) -> str:
    """Cache key of a task: its arguments, the versions of all tables, and the code.

    A task that changed the lake is looked at once more; from then on it is not run again until
    something changes. ``workers`` and ``on`` say how, not what, and do not count.
    """
    lake = Lake.existing(arguments["lake"])
    told = {name: value for name, value in arguments.items() if name not in ("workers", "on")}
    # a lake made anew at the same place may reach the same versions
    made = (lake.storage.read(MARKER) or b"").decode()
    state = canonical_json(lake.snapshot())
    return digest(context.task.task_key, canonical_json(told), lake.uri, made, state, _code())


@cache
def _code() -> str:
    """Digest of the source of the rooms below, and of the versions of installed plug-ins."""
    files = sorted(path for room in ROOMS for path in _folder(room).rglob("*.py"))
    groups = (group for group in entry_points().groups if group.startswith("scatterlake."))
    plugins = (point for group in sorted(groups) for point in entry_points(group=group))
    others = sorted(f"{p.group} {p.value} {p.dist.version if p.dist else ''}" for p in plugins)
    return digest(*(path.read_text() for path in files), *others)


def _folder(room: str) -> Path:
    spec = find_spec(room)
    if spec is None or spec.origin is None:
        raise ImportError(f"scatterlake is installed without its package {room!r}")
    return Path(spec.origin).parent


@contextmanager
def alone(lake: str, step: str) -> Iterator[None]:
    """Wait until no other run does this step over this lake: two would do the same work twice.

    The limit is kept by the Prefect server (global concurrency limits); one that a killed run
    held is free after :data:`LEASE`.
    """
    from prefect.client.orchestration import get_client
    from prefect.concurrency.sync import concurrency

    name = f"scatterlake-{step}-{slug(lake)}"
    with get_client(sync_client=True) as server:
        server.upsert_global_concurrency_limit_by_name(name, 1)
    with concurrency(name, lease_duration=LEASE):
        yield


@contextmanager
def alone_with_models(lake: str, study: str) -> Iterator[Lake]:
    """Open a lake to train: no other run trains this study, and MLflow is named when it fails.

    Raises:
        LakeError: When there is no lake, or its MLflow does not answer.
    """
    opened = Lake.existing(lake)
    with alone(lake, f"train-{study}"), reaching(opened):
        yield opened


def slug(lake: str) -> str:
    """A lake's address as a name that Prefect accepts, and that no other lake has."""
    tail = re.sub(r"[^a-z0-9]+", "-", lake.lower()).strip("-")[-24:].strip("-")
    return f"{tail}-{digest(lake)[:8]}"
