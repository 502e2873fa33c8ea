"""Deployments and limits from one Prefect server to another, by its REST interface.

Runs of flows stay where they were: they are the history of that server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flows.moving.report import Line
from registry.errors import WrongUse

if TYPE_CHECKING:
    import httpx

PAGE = 200
KEPT = (
    *("name", "version", "description", "tags", "parameters", "paused", "entrypoint", "path"),
    *("work_pool_name", "work_queue_name", "concurrency_options", "job_variables", "pull_steps"),
    *("parameter_openapi_schema", "enforce_parameter_schema"),
)
"""Fields of a deployment that are taken over as they are."""
OF_SCHEDULES = ("schedule", "active", "max_scheduled_runs", "parameters", "slug")
OF_LIMITS = ("name", "limit", "active", "slot_decay_per_second")
OF_ONE_DEPLOYMENT = "deployment:"
"""Limits whose name begins so belong to a deployment and are made with it."""


def server(api: str) -> httpx.Client:
    """Client of a server; ``PREFECT_API_AUTH_STRING`` is its password where it asks for one.

    Args:
        api: Address, ``http://.../api``.
    """
    import httpx

    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return httpx.Client(
        base_url=api, auth=(user, password) if user else None, timeout=60, trust_env=False
    )


def copy_deployments(source: httpx.Client, target: httpx.Client, old: str, new: str) -> list[Line]:
    """Copy work pools, limits and deployments; what is there already is brought up to date.

    Args:
        source: Where from; only read.
        target: Where to.
        old: Lake the deployments work on.
        new: Lake they will work on there.

    Raises:
        WrongUse: When the target has a deployment of the same name over another lake.
    """
    for pool in _all(source, "work_pools"):
        _work_pool(target, pool)
    for limit in _limits(source):
        if limit not in _limits(target):
            _post(target, "v2/concurrency_limits/", limit)
    for tag in _tag_limits(source):
        _post(target, "concurrency_limits/", tag)
    lines = [
        Line(f"Prefect limit {limit['name']}", str(limit), str(_same(limit, _limits(target))))
        for limit in _limits(source)
    ]
    for deployment in _all(source, "deployments"):
        name = f"{_flow(source, deployment)}/{deployment['name']}"
        wanted = _wanted(deployment, old, new)
        _insist_on_ours(target, name, new)
        flow = _post(target, "flows/", {"name": _flow(source, deployment)})
        made = _post(target, "deployments/", {**wanted, "flow_id": flow["id"]})
        lines.append(
            Line(f"Prefect deployment {name}", _told(wanted), _told(_wanted(made, new, new)))
        )
    return lines


def _wanted(deployment: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A deployment as it is made anew, over another lake."""
    made = {name: deployment[name] for name in KEPT if deployment.get(name) is not None}
    parameters = deployment["parameters"]
    if parameters.get("lake") == old:
        made["parameters"] = {**parameters, "lake": new}
    made["schedules"] = [
        {name: schedule[name] for name in OF_SCHEDULES if schedule.get(name) is not None}
        for schedule in deployment["schedules"]
    ]
    limit = deployment.get("global_concurrency_limit")
    return {**made, "concurrency_limit": limit["limit"]} if limit else made


def _told(deployment: dict[str, Any]) -> str:
    return json.dumps(deployment, sort_keys=True)


def _insist_on_ours(target: httpx.Client, name: str, lake: str) -> None:
    found = target.get(f"deployments/name/{name}")
    if found.status_code == 404:
        return
    other = found.raise_for_status().json()["parameters"].get("lake")
    if other != lake:
        raise WrongUse(
            f"deployment {name} at {target.base_url}", f"none, or over {lake}", str(other)
        )


def _work_pool(target: httpx.Client, pool: dict[str, Any]) -> None:
    found = target.get(f"work_pools/{pool['name']}")
    if found.status_code == 404:
        fields = ("name", "type", "description", "base_job_template", "concurrency_limit")
        _post(target, "work_pools/", {name: pool[name] for name in fields})
        return
    # others may use the pool as well: only a limit it does not have is set
    if pool["concurrency_limit"] and found.raise_for_status().json()["concurrency_limit"] is None:
        limit = {"concurrency_limit": pool["concurrency_limit"]}
        target.patch(f"work_pools/{pool['name']}", json=limit).raise_for_status()


def _limits(client: httpx.Client) -> list[dict[str, Any]]:
    return [
        {name: limit[name] for name in OF_LIMITS}
        for limit in _all(client, "v2/concurrency_limits")
        if not limit["name"].startswith(OF_ONE_DEPLOYMENT)
    ]


def _same(limit: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((other for other in found if other["name"] == limit["name"]), None)


def _tag_limits(client: httpx.Client) -> list[dict[str, Any]]:
    return [
        {name: limit[name] for name in ("tag", "concurrency_limit")}
        for limit in _all(client, "concurrency_limits")
    ]


def _flow(client: httpx.Client, deployment: dict[str, Any]) -> str:
    found = client.get(f"flows/{deployment['flow_id']}").raise_for_status()
    return str(found.json()["name"])


def _all(client: httpx.Client, kind: str) -> Iterator[dict[str, Any]]:
    offset = 0
    while page := _post(client, f"{kind}/filter", {"limit": PAGE, "offset": offset}):
        yield from page
        if len(page) < PAGE:
            return
        offset += PAGE


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, json=body).raise_for_status().json()
