"""Deployments are compared by what they do; limits that others count on stay as they are."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import httpx
import pytest

from flows.moving.deployments import compare_deployments, copy_deployments
from flows.moving.meaning import meaning

TOLD: dict[str, Any] = {
    "id": "5f7c4a0e",
    "created": "2026-11-23T07:50:06.898035Z",
    "name": "nightly",
    "version": None,
    "paused": False,
    "entrypoint": "flows.maintain.maintain",
    "parameters": {"lake": "s3://lake/facility"},
    "parameter_openapi_schema": {},
    "enforce_parameter_schema": True,
    "work_pool_name": "scatterlake",
    "work_queue_name": "default",
    "concurrency_options": None,
    "global_concurrency_limit": {"id": "b8d6afee", "limit": 1, "active_slots": 0},
    "job_variables": {},
    "pull_steps": None,
    "tags": ["night", "beamline"],
    "schedules": [
        {
            "id": "6e633b52",
            "schedule": {"cron": "0 4 * * *", "timezone": None},
            "active": True,
            "parameters": {},
            "slug": None,
        },
        {
            "id": "0c1d7b11",
            "schedule": {
                "interval": 3600,
                "anchor_date": "2026-01-01T01:30:00+01:00",
                "timezone": "UTC",
            },
            "active": True,
        },
    ],
}
"""As one server tells of a deployment."""
OF_ANOTHER: dict[str, Any] = {
    **TOLD,
    "id": "a3b1",
    "created": "2026-11-23T09:00:00Z",
    "updated": "2026-11-23T09:00:00Z",
    "status": "NOT_READY",
    "labels": {"prefect.flow.id": "1a68"},
    "parameter_openapi_schema": {"type": "object", "properties": {}},
    "concurrency_options": {"collision_strategy": "ENQUEUE", "grace_period_seconds": None},
    "global_concurrency_limit": {"id": "77", "limit": 1, "slot_decay_per_second": 0.0},
    "pull_steps": [],
    "tags": ["beamline", "night"],
    "schedules": [
        {
            "schedule": {
                "interval": 3600.0,
                "anchor_date": "2026-01-01T00:30:00Z",
                "timezone": "UTC",
            },
            "active": True,
            "max_scheduled_runs": None,
            "parameters": {},
        },
        {
            "schedule": {"cron": "0 4 * * *", "timezone": "UTC", "day_or": True},
            "active": True,
            "slug": None,
        },
    ],
}
"""As another tells of the same, with what it fills in (Prefect 3.8.8)."""


def test_what_a_server_fills_in_is_no_difference() -> None:
    assert meaning(TOLD) == meaning(OF_ANOTHER)


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (("name",), "weekly"),
        (("entrypoint",), "flows.ingest.ingest"),
        (("parameters", "lake"), "s3://lake/other"),
        (("paused",), True),
        (("tags",), ["night"]),
        (("work_pool_name",), "kubernetes"),
        (("work_queue_name",), "urgent"),
        (("job_variables",), {"image": "scatterlake:2"}),
        (("global_concurrency_limit", "limit"), 2),
        (("global_concurrency_limit",), None),
        (("concurrency_options",), {"collision_strategy": "CANCEL_NEW"}),
        (("parameter_openapi_schema",), {"type": "object", "required": ["lake"]}),
        (("enforce_parameter_schema",), False),
        (("schedules",), []),
        (("schedules", 0, "active"), False),
        (("schedules", 0, "parameters"), {"table": "spectra"}),
        (("schedules", 0, "schedule", "cron"), "0 5 * * *"),
        (("schedules", 0, "schedule", "timezone"), "Europe/Berlin"),
        (("schedules", 1, "schedule", "interval"), 60),
        (("schedules", 1, "schedule", "anchor_date"), "2026-01-01T01:31:00+01:00"),
    ],
)
def test_what_it_does_otherwise_is_one(path: tuple[str | int, ...], other: Any) -> None:
    changed: Any = deepcopy(TOLD)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = other
    assert meaning(changed) != meaning(TOLD)


def test_a_limit_that_others_count_on_stays_and_the_difference_is_told() -> None:
    made: dict[str, int] = {}
    source, target = holding({"detector": 2, "disk": 1}, {}), holding({"detector": 3}, made)
    copy_deployments(source, target, "old", "new")
    assert made == {"disk": 1}
    lines = {line.what: line.same for line in compare_deployments(source, target, "old", "new")}
    assert lines == {"Prefect limit detector": False, "Prefect limit disk": True}


def holding(limits: dict[str, int], made: dict[str, int]) -> httpx.Client:
    """A server with nothing but limits; ``made`` gets those it is asked to make."""

    def answer(asked: httpx.Request) -> httpx.Response:
        body = json.loads(asked.content)
        path = asked.url.path.removeprefix("/api/")
        if path == "v2/concurrency_limits/":
            made[body["name"]] = body["limit"]
            return httpx.Response(201, json={})
        if path != "v2/concurrency_limits/filter":
            assert path in ("work_pools/filter", "deployments/filter")
            return httpx.Response(200, json=[])
        known = {**limits, **made}
        rest = {"active": True, "slot_decay_per_second": 0.0}
        told = [{"name": name, "limit": limit, **rest} for name, limit in known.items()]
        return httpx.Response(200, json=told)

    return httpx.Client(base_url="http://server/api", transport=httpx.MockTransport(answer))
