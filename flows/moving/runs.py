"""Experiments and runs from one MLflow to another, by its own interface: any two stores.

MLflow gives runs new ids. Every run carries the id it had in a tag, by which a second attempt finds
it, and whatever names a run in a tag is brought up to date.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from flows.moving.doors import Tracking
from flows.moving.report import Line, short, tree
from registry.errors import LakeError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Experiment, Run

CAME_FROM = "scatterlake.moved_from"
"""Tag of an experiment or model: where it was moved from."""
WAS = "scatterlake.run_was"
"""Tag of a run: its id there."""
WHOLE = "scatterlake.run_is_whole"
"""Tag of a run of which everything has arrived."""
OWN = {CAME_FROM, WAS, WHOLE}
METRICS, PARAMS = 1000, 100
"""Most of each in one request, by MLflow's own limits."""
Progress = Callable[[str], None]
_RUN_ID = re.compile(r"\b[0-9a-f]{32}\b")


def copy_runs(source: Tracking, target: Tracking, origin: str, say: Progress) -> dict[str, str]:
    """Copy experiments with their runs: params, metrics with history, tags, data sets, files.

    Args:
        source: Where from; only read.
        target: Where to.
        origin: Lake they belong to, as a mark by which a second attempt goes on.
        say: Called with a line for each experiment.

    Returns:
        Id of every run there by its id at the source.

    Raises:
        LakeError: When the target has an experiment of the same name from elsewhere.
    """
    old, new = source.client(), target.client()
    renamed: dict[str, str] = {}
    for experiment in _experiments(old):
        there = _experiment(new, target, experiment, origin)
        known = _arrived(new, there)
        runs = list(runs_of(old, experiment.experiment_id))
        for run in runs:
            number = known.get(run.info.run_id) or _copy(source, target, run, there)
            renamed[run.info.run_id] = number
        say(f"MLflow experiment {experiment.name}: {len(runs)} runs")
    for was, now in renamed.items():
        _finish(new, old.get_run(was), now, renamed)
    return renamed


def compare_runs(source: Tracking, target: Tracking, renamed: Mapping[str, str]) -> list[Line]:
    """What every run holds on both sides, read again: one line for each experiment."""
    old, new = source.client(), target.client()
    lines = []
    for experiment in _experiments(old):
        pairs = [
            (run, new.get_run(renamed[run.info.run_id]))
            for run in runs_of(old, experiment.experiment_id)
        ]
        here = {was.info.run_id: _whole(source, was, renamed) for was, _ in pairs}
        there = {was.info.run_id: _whole(target, now, {}) for was, now in pairs}
        sides = (short(json.dumps(side, sort_keys=True).encode()) for side in (here, there))
        lines.append(Line(f"MLflow experiment {experiment.name}: {len(pairs)} runs", *sides))
    return lines


def runs_of(client: MlflowClient, experiment: str) -> Iterator[Run]:
    """All runs of an experiment, deleted ones as well, the oldest first."""
    from mlflow.entities import ViewType

    token: str | None = None
    while token != "":
        page = client.search_runs(
            [experiment],
            run_view_type=ViewType.ALL,
            max_results=1000,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        yield from page
        token = page.token or ""


def renamed_in(text: str, renamed: Mapping[str, str]) -> str:
    """A text in which every id of a run is the one it has now."""
    return _RUN_ID.sub(lambda found: renamed.get(found[0], found[0]), text)


def _experiments(client: MlflowClient) -> list[Experiment]:
    return sorted(client.search_experiments(), key=lambda e: int(e.experiment_id))


def _experiment(client: MlflowClient, target: Tracking, like: Experiment, origin: str) -> str:
    """Id of the experiment of the same name at the target, made when there is none."""
    found = client.get_experiment_by_name(like.name)
    if found is None:
        place = target.files.as_uri() if target.files else None
        tags = {**like.tags, CAME_FROM: origin}
        return str(client.create_experiment(like.name, artifact_location=place, tags=tags))
    # every MLflow has an experiment 0 of its own
    if found.tags.get(CAME_FROM) != origin and found.experiment_id != "0":
        raise LakeError(f"{target.uri} has an experiment {like.name!r} from elsewhere")
    return str(found.experiment_id)


def _arrived(client: MlflowClient, experiment: str) -> dict[str, str]:
    """Runs that arrived whole before, by the id they had; what arrived in part is deleted."""
    known = {}
    for run in runs_of(client, experiment):
        if WHOLE in run.data.tags:
            known[run.data.tags[WAS]] = str(run.info.run_id)
        elif WAS in run.data.tags and run.info.lifecycle_stage == "active":
            client.delete_run(run.info.run_id)
    return known


def _copy(source: Tracking, target: Tracking, run: Run, experiment: str) -> str:
    from mlflow.entities import Metric, Param

    old, new = source.client(), target.client()
    made = new.create_run(
        experiment, run.info.start_time, {WAS: run.info.run_id}, run.info.run_name
    )
    number = str(made.info.run_id)
    params = [Param(*pair) for pair in run.data.params.items()]
    for first in range(0, len(params), PARAMS):
        new.log_batch(number, params=params[first : first + PARAMS])
    points = [Metric(*point) for point in _points(old, run)]
    for first in range(0, len(points), METRICS):
        new.log_batch(number, metrics=points[first : first + METRICS])
    if inputs := _inputs(run):
        new.log_inputs(number, inputs)
    with tempfile.TemporaryDirectory() as scratch:
        files = files_of(source, run, Path(scratch))
        if any(files.iterdir()):
            new.log_artifacts(number, str(files))
    new.set_tag(number, WHOLE, "yes")
    return number


def _finish(client: MlflowClient, run: Run, number: str, renamed: Mapping[str, str]) -> None:
    """Tags, end and deletion: what may name other runs, and what closes a run."""
    from mlflow.entities import RunTag

    there = client.get_run(number)
    if there.info.lifecycle_stage == "deleted":
        return
    tags = [RunTag(name, renamed_in(value, renamed)) for name, value in _tags(run).items()]
    for first in range(0, len(tags), PARAMS):
        client.log_batch(number, tags=tags[first : first + PARAMS])
    if run.info.end_time is None:
        client.update_run(number, status=run.info.status)
    else:
        client.set_terminated(number, run.info.status, run.info.end_time)
    if run.info.lifecycle_stage == "deleted":
        client.delete_run(number)


def files_of(tracking: Tracking, run: Run, scratch: Path) -> Path:
    """Folder with the files of a run: an embedded one's own, also after its lake was moved."""
    if tracking.files:
        inside = tracking.files / run.info.run_id / "artifacts"
        recorded = Path(unquote(urlparse(run.info.artifact_uri).path))
        found = inside if inside.is_dir() else recorded
        if found.is_dir():
            shutil.copytree(found, scratch, dirs_exist_ok=True)
        return scratch
    client = tracking.client()
    for entry in client.list_artifacts(run.info.run_id):
        client.download_artifacts(run.info.run_id, entry.path, str(scratch))
    return scratch


def _points(client: MlflowClient, run: Run) -> list[tuple[str, float, int, int]]:
    """All values of all metrics: name, value, time (ms since 1970), step."""
    return sorted(
        (m.key, m.value, m.timestamp, m.step)
        for name in run.data.metrics
        for m in client.get_metric_history(run.info.run_id, name)
    )


def _inputs(run: Run) -> list[DatasetInput]:
    return run.inputs.dataset_inputs if run.inputs else []


def _tags(run: Run) -> dict[str, str]:
    return {name: value for name, value in run.data.tags.items() if name not in OWN}


def _whole(tracking: Tracking, run: Run, renamed: Mapping[str, str]) -> dict[str, Any]:
    """All that a run holds, its files as digests."""
    with tempfile.TemporaryDirectory() as scratch:
        files = tree(files_of(tracking, run, Path(scratch)))
    info = run.info
    return {
        "name": info.run_name,
        "states": [info.status, info.start_time, info.end_time, info.lifecycle_stage],
        "params": dict(run.data.params),
        "metrics": [list(map(repr, point)) for point in _points(tracking.client(), run)],
        "tags": {name: renamed_in(value, renamed) for name, value in _tags(run).items()},
        "inputs": sorted(i.dataset.digest for i in _inputs(run)),
        "files": files,
    }
