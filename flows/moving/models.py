"""Registered models from one MLflow to another: versions with the same numbers, aliases, tags.

MLflow numbers versions itself. Where a number is free at the source because its version was
deleted, a placeholder takes it until all versions are there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flows.moving.doors import Tracking
from flows.moving.report import Line, short
from flows.moving.runs import CAME_FROM, Progress, renamed_in
from registry.errors import LakeError, Unsupported

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

PLACEHOLDER = "scatterlake.placeholder"


def copy_models(
    source: Tracking, target: Tracking, origin: str, renamed: Mapping[str, str], say: Progress
) -> None:
    """Copy all registered models; the runs were copied before.

    Args:
        source: Where from; only read.
        target: Where to.
        origin: Lake they belong to, as a mark by which a second attempt goes on.
        renamed: Ids of runs, from :func:`flows.moving.runs.copy_runs`.
        say: Called with a line for each model.

    Raises:
        LakeError: When the target has a model of the same name from elsewhere.
        Unsupported: When the files of a version do not belong to its run.
    """
    old, new = source.client(), target.client()
    for model in _models(old):
        _claim(new, target.uri, model, origin)
        versions = _versions(old, model.name)
        for number in range(_newest(new, model.name) + 1, max(versions, default=0) + 1):
            made = _make(new, model.name, versions.get(number), renamed)
            if int(made.version) != number:
                raise LakeError(
                    f"{target.uri}: model {model.name!r}: expected to be given version {number}, "
                    f"found {made.version}"
                )
        for placeholder in _placeholders(new, model.name):
            new.delete_model_version(model.name, str(placeholder))
        for alias, version in old.get_registered_model(model.name).aliases.items():
            new.set_registered_model_alias(model.name, alias, version)
        say(f"MLflow model {model.name}: {len(versions)} versions")


def compare_models(source: Tracking, target: Tracking, renamed: Mapping[str, str]) -> list[Line]:
    """Versions, aliases and tags of every model on both sides: one line for each model."""
    old, new = source.client(), target.client()
    lines = []
    for model in _models(old):
        sides = (_whole(old, model.name, renamed), _whole(new, model.name, {}))
        told = (short(json.dumps(side, sort_keys=True).encode()) for side in sides)
        count = len(_versions(old, model.name))
        lines.append(Line(f"MLflow model {model.name}: {count} versions", *told))
    return lines


def _models(client: MlflowClient) -> list[RegisteredModel]:
    found: list[RegisteredModel] = []
    token: str | None = None
    while token != "":
        page = client.search_registered_models(max_results=100, page_token=token)
        found += page
        token = page.token or ""
    return found


def _versions(client: MlflowClient, name: str) -> dict[int, ModelVersion]:
    found: dict[int, ModelVersion] = {}
    token: str | None = None
    while token != "":
        page = client.search_model_versions(f"name='{name}'", max_results=1000, page_token=token)
        found |= {int(version.version): version for version in page}
        token = page.token or ""
    return dict(sorted(found.items()))


def _newest(client: MlflowClient, name: str) -> int:
    return max(_versions(client, name), default=0)


def _placeholders(client: MlflowClient, name: str) -> list[int]:
    return [n for n, version in _versions(client, name).items() if PLACEHOLDER in version.tags]


def _claim(client: MlflowClient, where: str, model: RegisteredModel, origin: str) -> None:
    found = [m for m in _models(client) if m.name == model.name]
    if not found:
        client.create_registered_model(
            model.name, {**model.tags, CAME_FROM: origin}, model.description
        )
    elif found[0].tags.get(CAME_FROM) != origin:
        raise LakeError(f"{where} has a model {model.name!r} from elsewhere")


def _make(
    client: MlflowClient, name: str, version: ModelVersion | None, renamed: Mapping[str, str]
) -> ModelVersion:
    if version is None:
        run = client.get_run(next(iter(renamed.values())))
        source, tags = f"{run.info.artifact_uri}/model", {PLACEHOLDER: "yes"}
        return client.create_model_version(
            name, source, run.info.run_id, tags, await_creation_for=0
        )
    source = version.source or ""
    run_id = renamed.get(version.run_id or "")
    _, _, inside = source.partition(f"{version.run_id}/artifacts/")
    if run_id is None or not inside:
        where = f"model {name!r} version {version.version}"
        raise Unsupported(where, "files among those of its run", source)
    return client.create_model_version(
        name,
        f"{client.get_run(run_id).info.artifact_uri}/{inside}",
        run_id,
        tags={key: renamed_in(value, renamed) for key, value in version.tags.items()},
        run_link=version.run_link,
        description=version.description,
        await_creation_for=0,
    )


def _whole(client: MlflowClient, name: str, renamed: Mapping[str, str]) -> dict[str, Any]:
    model = client.get_registered_model(name)
    return {
        "description": model.description,
        "tags": {key: value for key, value in model.tags.items() if key != CAME_FROM},
        "aliases": {alias: int(version) for alias, version in model.aliases.items()},
        "versions": {
            number: {
                "run": renamed.get(version.run_id or "", version.run_id),
                "files": (version.source or "").partition("/artifacts/")[2].rpartition("/")[2],
                "tags": {k: renamed_in(v, renamed) for k, v in version.tags.items()},
                "description": version.description,
            }
            for number, version in _versions(client, name).items()
        },
    }
