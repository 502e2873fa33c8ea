"""What the servers of a lake say of themselves: who answers, what runs, what waits.

Asked over HTTP, without importing Prefect, which takes longer than all the answers.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows.stack.running import running
from flows.stack.services import POOL
from registry.events import clean
from registry.lake import Lake, now

if TYPE_CHECKING:
    import httpx

PATIENCE = 2.0
"""Seconds a server has to answer: whoever looks at a page waits for it."""
STATES = ("RUNNING", "PENDING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED")


@dataclass(frozen=True)
class Server:
    """A service of the lake: where it is, and whether it is up."""

    name: str
    where: str
    up: bool


@dataclass(frozen=True)
class FlowRun:
    """One flow run as its server knows it; ``seconds`` up to now while it runs."""

    flow: str
    name: str
    state: str
    began: datetime
    seconds: float


@dataclass(frozen=True)
class Work:
    """What a Prefect server tells.

    Attributes:
        states: Flow runs that began within a day, by state.
        queue: Runs that are due, and not taken by a worker.
        last: The newest runs, newest first.
    """

    states: dict[str, int]
    queue: int
    last: tuple[FlowRun, ...]


def servers(lake: Lake) -> list[Server]:
    """Services of the lake's own stack, and those that the environment names."""
    own = running(lake.path)
    found = [Server(each.name, each.url or "-", True) for each in own]
    named = {
        "prefect": (os.environ.get("PREFECT_API_URL", ""), "/health"),
        "mlflow": (os.environ.get("MLFLOW_TRACKING_URI", ""), "/health"),
    }
    for name, (url, path) in named.items():
        if url.startswith("http") and not any(
            each.url and url.startswith(each.url) for each in own
        ):
            found.append(Server(name, clean(url), _answers(f"{url}{path}")))
    return found


def work(lake: Lake, last: int = 5) -> Work | None:
    """What the Prefect server of a lake has to do; None where there is none, or it is silent.

    The server is the one in ``PREFECT_API_URL``, else that of the lake's stack.
    """
    import httpx

    url = _prefect(lake)
    if url is None:
        return None
    try:
        with httpx.Client(base_url=url, timeout=PATIENCE, auth=_auth(), trust_env=False) as server:
            since = (now() - timedelta(days=1)).isoformat()
            states = {
                state: _count(server, {**_in(state), "start_time": {"after_": since}})
                for state in STATES
            }
            due = {**_in("SCHEDULED"), "expected_start_time": {"before_": now().isoformat()}}
            queue = _count(server, due, {"work_pools": {"name": {"any_": [POOL]}}})
            return Work({s: n for s, n in states.items() if n}, queue, _last(server, last))
    except httpx.HTTPError:
        return None


def _prefect(lake: Lake) -> str | None:
    if named := os.environ.get("PREFECT_API_URL"):
        return named
    own = [each.url for each in running(lake.path) if each.name == "prefect"]
    return f"{own[0]}/api" if own else None


def _auth() -> tuple[str, str] | None:
    name, colon, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return (name, password) if colon else None


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(url, timeout=PATIENCE, auth=_auth(), trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _in(state: str) -> dict[str, Any]:
    return {"state": {"type": {"any_": [state]}}}


def _count(server: httpx.Client, runs: dict[str, Any], more: dict[str, Any] | None = None) -> int:
    answer = server.post("/flow_runs/count", json={"flow_runs": runs, **(more or {})})
    return int(answer.raise_for_status().json())


def _last(server: httpx.Client, most: int) -> tuple[FlowRun, ...]:
    # without the second condition, runs that are due count as begun
    begun = {"start_time": {"before_": now().isoformat(), "is_null_": False}}
    asked = {"flow_runs": begun, "sort": "START_TIME_DESC", "limit": most}
    runs = server.post("/flow_runs/filter", json=asked).raise_for_status().json()
    flows = {"flows": {"id": {"any_": sorted({run["flow_id"] for run in runs})}}}
    named = server.post("/flows/filter", json=flows).raise_for_status().json() if runs else []
    names = {flow["id"]: flow["name"] for flow in named}
    return tuple(
        FlowRun(
            names.get(run["flow_id"], "?"),
            run["name"],
            (run["state_name"] or "?").lower(),
            datetime.fromisoformat(run["start_time"]),
            round(run["estimated_run_time"] or run["total_run_time"] or 0.0, 1),
        )
        for run in runs
    )
