"""Deployments and limits from one Prefect server to another, by its REST interface.

Runs of flows stay where they were: they are the history of that server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flows.moving.meaning import meaning
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
OF_LIMITS = ("limit", "active", "slot_decay_per_second")
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


def copy_deployments(source: httpx.Client, target: httpx.Client, old: str, new: str) -> None:
    """Copy work pools, limits and deployments.

    Limits the target has already stay as they are, as others may count on them; deployments over
    the new lake are brought up to date.

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
    there = _limits(target)
    for name, limit in _limits(source).items():
        if name not in there:
            _post(target, "v2/concurrency_limits/", {"name": name, **limit})
    for flow, deployment in _deployments(source):
        _insist_on_ours(target, flow, deployment["name"], new)
        owner = _post(target, "flows/", {"name": flow})
        _post(
            target, "deployments/", {**_body(_over(deployment, old, new)), "flow_id": owner["id"]}
        )


def compare_deployments(
    source: httpx.Client, target: httpx.Client, old: str, new: str
) -> list[Line]:
    """What pools, limits and deployments are on both sides, read again: one line for each.

    Deployments are compared by what they do (:func:`flows.moving.meaning.meaning`).
    """
    lines = []
    for pool in _all(source, "work_pools"):
        there = target.get(f"work_pools/{quote(pool['name'], safe='')}").raise_for_status().json()
        lines.append(Line(f"Prefect work pool {pool['name']}", pool["type"], there["type"]))
    found = _limits(target)
    for name, limit in _limits(source).items():
        lines.append(Line(f"Prefect limit {name}", _told(limit), _told(found.get(name))))
    for flow, deployment in _deployments(source):
        made = _named(target, flow, deployment["name"])
        sides = (_over(deployment, old, new), made or {})
        what = f"Prefect deployment {flow}/{deployment['name']}"
        lines.append(Line(what, *(_told(meaning(side)) for side in sides)))
    return lines


def _over(deployment: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A deployment as it is over another lake."""
    parameters = deployment["parameters"]
    if parameters.get("lake") != old:
        return deployment
    return {**deployment, "parameters": {**parameters, "lake": new}}


def _body(deployment: dict[str, Any]) -> dict[str, Any]:
    """What a server is asked to make."""
    made = {name: deployment[name] for name in KEPT if deployment.get(name) is not None}
    made["schedules"] = [
        {name: schedule[name] for name in OF_SCHEDULES if schedule.get(name) is not None}
        for schedule in deployment["schedules"]
    ]
    limit = deployment.get("global_concurrency_limit")
    return {**made, "concurrency_limit": limit["limit"]} if limit else made


def _told(found: dict[str, Any] | None) -> str:
    return json.dumps(found, sort_keys=True)


def _insist_on_ours(target: httpx.Client, flow: str, name: str, lake: str) -> None:
    found = _named(target, flow, name)
    other = found["parameters"].get("lake") if found else lake
    if other != lake:
        where = f"deployment {flow}/{name} at {target.base_url}"
        raise WrongUse(where, f"none, or over {lake}", str(other))


def _named(client: httpx.Client, flow: str, name: str) -> dict[str, Any] | None:
    """The deployment of a name, if there is one."""
    path = "/".join(quote(part, safe="") for part in (flow, name))
    found = client.get(f"deployments/name/{path}")
    return None if found.status_code == 404 else dict(found.raise_for_status().json())


def _work_pool(target: httpx.Client, pool: dict[str, Any]) -> None:
    path = f"work_pools/{quote(pool['name'], safe='')}"
    found = target.get(path)
    if found.status_code == 404:
        fields = ("name", "type", "description", "base_job_template", "concurrency_limit")
        _post(target, "work_pools/", {name: pool[name] for name in fields})
        return
    # others may use the pool as well: only a limit it does not have is set
    if pool["concurrency_limit"] and found.raise_for_status().json()["concurrency_limit"] is None:
        limit = {"concurrency_limit": pool["concurrency_limit"]}
        target.patch(path, json=limit).raise_for_status()


def _limits(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Limits by name, those of single deployments left out; a tag's is called ``tag:NAME``."""
    return {
        limit["name"]: {name: limit[name] for name in OF_LIMITS}
        for limit in _all(client, "v2/concurrency_limits")
        if not limit["name"].startswith(OF_ONE_DEPLOYMENT)
    }


def _deployments(client: httpx.Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """All deployments, each with the name of its flow."""
    for deployment in _all(client, "deployments"):
        flow = client.get(f"flows/{deployment['flow_id']}").raise_for_status().json()
        yield str(flow["name"]), deployment


def _all(client: httpx.Client, kind: str) -> Iterator[dict[str, Any]]:
    offset = 0
    while page := _post(client, f"{kind}/filter", {"limit": PAGE, "offset": offset}):
        yield from page
        if len(page) < PAGE:
            return
        offset += PAGE


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, json=body).raise_for_status().json()
