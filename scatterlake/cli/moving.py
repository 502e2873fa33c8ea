"""``scatterlake move``, ``backup`` and ``restore``: a lake with its MLflow and Prefect state."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import console, print_table

if TYPE_CHECKING:
    from registry.tables.storage import Storage

FromMlflow = Annotated[
    str | None,
    typer.Option(help="MLflow of the source; a folder's own, or $MLFLOW_TRACKING_URI, else."),
]
ToMlflow = Annotated[
    str | None,
    typer.Option(help="MLflow of the target; a folder's own, or $MLFLOW_TRACKING_URI, else."),
]
FromPrefect = Annotated[
    str | None,
    typer.Option(help="Prefect of the source; its stack that is up, or $PREFECT_API_URL, else."),
]
ToPrefect = Annotated[
    str | None,
    typer.Option(help="Prefect of the target; its stack that is up, or $PREFECT_API_URL, else."),
]
RunsOption = Annotated[
    str | None,
    typer.Option(help="Where MLflow keeps the files of runs; mlflow/artifacts of a folder else."),
]


@app.command()
@app.command("migrate", hidden=True)
def move(
    source: Annotated[str, typer.Argument(help="Lake to copy: folder or s3://bucket/prefix.")],
    target: Annotated[str, typer.Argument(help="Where to: an empty folder or prefix.")],
    from_mlflow: FromMlflow = None,
    to_mlflow: ToMlflow = None,
    from_prefect: FromPrefect = None,
    to_prefect: ToPrefect = None,
    deployments: Annotated[
        bool, typer.Option(help="Move deployments and limits of Prefect as well.")
    ] = True,
) -> None:
    """Copy a lake, its runs, models and deployments to another place, and compare all of it."""
    from flows.moving.doors import Tracking, prefect_of
    from flows.moving.move import move as move_lake
    from registry.tables.storage import Storage

    lake, place = Lake.existing(source), Storage.of(target)
    ends = (lake.storage, place)
    mlflow = [
        Tracking.of(end, named or _shared(end, "MLFLOW_TRACKING_URI"))
        for end, named in zip(ends, (from_mlflow, to_mlflow), strict=True)
    ]
    prefect = [
        prefect_of(end, named or _shared(end, "PREFECT_API_URL")) if deployments else None
        for end, named in zip(ends, (from_prefect, to_prefect), strict=True)
    ]
    lines = move_lake(lake, place, (mlflow[0], mlflow[1]), (prefect[0], prefect[1]), _say)
    rows = [[line.what, _cut(line.source), _cut(line.target)] for line in lines]
    print_table(f"Moved to {place.uri}", ["compared", "source", "target"], rows)
    console.print("the source is as it was; its schedules, if any, still run there")


@app.command()
def backup(
    lake: Annotated[str, typer.Argument(help="Lake: folder or s3://bucket/prefix.")],
    target: Annotated[str, typer.Argument(help="Where backups are kept: folder or prefix.")],
    runs: RunsOption = None,
) -> None:
    """Back a lake up, with the data bases of MLflow and Prefect; only what is new is copied."""
    from flows.moving.backup import backup as back_up
    from flows.moving.databases import databases_of
    from registry.tables.storage import Storage

    opened = Lake.existing(lake)
    taken = back_up(
        opened, Storage.of(target), databases_of(opened.storage), _runs(opened.storage, runs), _say
    )
    rows = [[taken.name, taken.files, taken.new, taken.new_bytes]]
    print_table(f"Backup of {opened.uri}", ["backup", "files", "new", "new bytes"], rows)


@app.command()
def restore(
    source: Annotated[str, typer.Argument(help="Where backups are kept.")],
    lake: Annotated[str, typer.Argument(help="Where to: an empty folder or prefix.")],
    name: Annotated[str | None, typer.Option(help="Which backup; the newest else.")] = None,
    runs: RunsOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace data bases that hold runs.")
    ] = False,
) -> None:
    """Bring a backup back."""
    from flows.moving.backup import restore as bring_back
    from flows.moving.databases import databases_of
    from registry.tables.storage import Storage

    place, target = Storage.of(source), Storage.of(lake)
    back = bring_back(place, name, target, databases_of(target), _runs(target, runs), replace, _say)
    rows = [[table, n] for table, n in back.rows.items() if n]
    print_table(f"{target.uri}, as of {back.taken_at}", ["table", "rows"], rows)


def _shared(end: Storage, variable: str) -> str | None:
    return os.environ.get(variable) if end.is_remote else None


def _runs(lake: Storage, named: str | None) -> Storage:
    from registry.errors import WrongUse
    from registry.tables.storage import Storage

    if named is None and lake.is_remote:
        raise WrongUse(
            "--runs", "where MLflow keeps the files of runs, such as s3://lake/mlflow", "none"
        )
    return Storage.of(named or f"{lake.uri}/mlflow/artifacts")


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _say(line: str) -> None:
    console.print(f"[dim]{line}[/]", highlight=False)
