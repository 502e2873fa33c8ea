"""A whole lake with its MLflow and Prefect state from one place to another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from flows.moving import models, runs, tables
from flows.moving.capture import Captured, capture
from flows.moving.deployments import compare_deployments, copy_deployments, server
from flows.moving.doors import Tracking, speaking_to_prefect
from flows.moving.place import claim, complete
from flows.moving.report import Line
from registry.errors import LakeError, WrongUse
from registry.lake import MARKER, Lake
from registry.tables.storage import Storage
from training.tracking import speaking_to_mlflow

Progress = Callable[[str], None]


def move(
    source: Lake,
    target: Storage,
    mlflow: tuple[Tracking, Tracking],
    prefect: tuple[str | None, str | None] = (None, None),
    say: Progress = lambda _: None,
) -> list[Line]:
    """Copy a lake with all its readable versions, its runs and models, its deployments.

    The source is only read. What was interrupted goes on when it is called again; the lake at the
    target can be opened when everything is there and has been compared.

    Args:
        source: The lake.
        target: An empty folder or prefix.
        mlflow: Where its runs and models are, and where they go.
        prefect: Prefect servers (``http://.../api``) it has deployments on and gets them on; the
            first None when it has none.
        say: Called with a line for each step.

    Returns:
        What was compared, every line the same on both sides.

    Raises:
        LakeError: When the target holds something else, a service does not answer, a data file is
            damaged, or something did not arrive as it was.
        WrongUse: When there are deployments and no server for them.
    """
    if prefect[0] and not prefect[1]:
        expected = "its address, or --no-deployments and 'scatterlake deploy' there afterwards"
        raise WrongUse("Prefect server of the target", expected, "none")
    _insist_on_answers(mlflow, prefect)
    if claim(target, "move", source.uri):
        say(f"going on with the move from {source.uri}")
    captured = capture(source)
    say(f"tables: {sum(one.rows for one in captured)} rows")
    tables.copy_tables(captured, target)
    lines = tables.compare_tables(captured, target)
    # opening it would make a data base, and the source is only read
    if not mlflow[0].is_unused:
        lines += _move_runs(source, target, captured, mlflow, say)
    if prefect[0] and prefect[1]:
        with speaking_to_prefect(f"{prefect[0]} or {prefect[1]}"), ExitStack() as opened:
            old, new = (opened.enter_context(server(api)) for api in (prefect[0], prefect[1]))
            copy_deployments(old, new, source.uri, target.uri)
            lines += compare_deployments(old, new, source.uri, target.uri)
    if different := [line.what for line in lines if not line.same]:
        raise LakeError(f"{target.uri} differs from {source.uri} in: {'; '.join(different)}")
    complete(target, source.storage.read(MARKER) or b"")
    return lines


def _move_runs(
    source: Lake,
    target: Storage,
    captured: list[Captured],
    mlflow: tuple[Tracking, Tracking],
    say: Progress,
) -> list[Line]:
    """Copy and compare runs and models; then let the table of models name the runs' new ids."""
    with speaking_to_mlflow(f"{mlflow[0].uri} or {mlflow[1].uri}"):
        renamed = runs.copy_runs(*mlflow, source.uri, say)
        models.copy_models(*mlflow, source.uri, renamed, say)
        lines = runs.compare_runs(*mlflow, renamed) + models.compare_models(*mlflow, renamed)
    of_models = next(one for one in captured if one.name == "models")
    tables.rename_runs(tables.at(target, of_models.table), renamed)
    return [*lines, tables.compare_models(of_models, target, renamed)]


def _insist_on_answers(
    mlflow: tuple[Tracking, Tracking], prefect: tuple[str | None, str | None]
) -> None:
    """Ask every server something small: which of them is away is said before anything is done."""
    for tracking in mlflow:
        if tracking.files is None:
            with speaking_to_mlflow(tracking.uri):
                tracking.client().search_experiments(max_results=1)
    for api in filter(None, prefect):
        with speaking_to_prefect(api), server(api) as client:
            client.get("health").raise_for_status()
