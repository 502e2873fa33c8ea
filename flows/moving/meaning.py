"""What a deployment does, whichever Prefect server tells of it.

Each server fills in what was left out when a deployment was made, in its own way and in each of its
releases. Two deployments are the same when they do the same: these fields are compared, with what
an absent one stands for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

AS_THEY_ARE = (
    *("name", "version", "description", "paused", "entrypoint", "path", "parameters"),
    *("work_pool_name", "work_queue_name", "job_variables", "pull_steps"),
    "enforce_parameter_schema",
)
COLLISION = {"collision_strategy": "ENQUEUE"}
"""What a run does that finds the limit of its deployment reached, when nothing is said."""


def meaning(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """What a deployment does: entrypoint, schedules, parameters, tags, work pool, limit.

    Args:
        deployment: As a server's REST interface gives it.

    Returns:
        What can be compared with another server's; nothing in it is empty.
    """
    limit = deployment.get("global_concurrency_limit") or {}
    told = {
        **{name: deployment.get(name) for name in AS_THEY_ARE},
        "tags": sorted(deployment.get("tags") or []),
        # {} and an object without properties both take anything; what takes is always an object
        "takes": _full({**(deployment.get("parameter_openapi_schema") or {}), "type": None}),
        "concurrency_limit": limit.get("limit"),
        "collision": {**COLLISION, **_full(deployment.get("concurrency_options") or {})},
        "schedules": sorted(map(_schedule, deployment.get("schedules") or [])),
    }
    return _full(told)


def _schedule(schedule: Mapping[str, Any]) -> str:
    """When a schedule runs and with what, as text that can be sorted."""
    fields = ("active", "max_scheduled_runs", "parameters", "slug")
    told = _full({name: schedule.get(name) for name in fields})
    return json.dumps({**told, "when": _when(schedule["schedule"])}, sort_keys=True)


def _when(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule (cron, interval or rrule) with Prefect's defaults and one way to write a date."""
    told = {"timezone": "UTC", **_full(rule)}
    if "cron" in told:
        told.setdefault("day_or", True)
    if "interval" in told:  # seconds from a date on
        since = datetime.fromisoformat(told["anchor_date"]).astimezone(UTC)
        told |= {"interval": float(told["interval"]), "anchor_date": since.isoformat()}
    return told


def _full(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}
