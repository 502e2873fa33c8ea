"""``scatterlake up``, ``down`` and ``deploy``: the local stack, and what it runs when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table


@app.command()
def up(
    lake: LakeOption = DEFAULT_LAKE,
    prefect_port: Annotated[int, typer.Option(help="Port of the Prefect server.")] = 4200,
    mlflow_port: Annotated[int, typer.Option(help="Port of the MLflow server.")] = 5000,
    metrics_port: Annotated[int, typer.Option(help="Port of figures for Prometheus.")] = 9464,
    detach: Annotated[bool, typer.Option(help="Leave it running and return.")] = False,
) -> None:
    """Start the local stack of a lake: Prefect, a worker, MLflow and metrics, on loopback only."""
    from flows.stack.running import start, stop, watch
    from flows.stack.services import services

    opened = Lake.open(lake)
    wanted = services(opened.path, prefect_port, mlflow_port, metrics_port)
    started = start(opened.path, wanted, _say)
    print_table(
        f"stack of {opened.path}",
        ("service", "where", "log"),
        [(s.name, s.url or "-", s.log) for s in started],
    )
    if detach:
        console.print("stop it with: scatterlake down --lake", str(lake), highlight=False)
        return
    console.print("Ctrl-C stops it", style="dim")
    try:
        gone = watch(opened.path)
    except KeyboardInterrupt:
        gone = None
    stop(opened.path, _say)
    if gone:
        console.print(f"[red]{gone} ended by itself[/]: see its log")
        raise typer.Exit(1)


@app.command()
def down(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Stop the local stack of a lake."""
    from flows.stack.running import stop

    if not stop(Lake.existing(lake).path, _say):
        console.print("no stack of this lake was running")


@app.command()
def deploy(
    lake: LakeOption = DEFAULT_LAKE,
    file: Annotated[
        Path | None, typer.Argument(help="Deployments and schedules; flows/schedules.yaml else.")
    ] = None,
) -> None:
    """Register deployments with their schedules on the Prefect server of the stack.

    All of them are checked first: flow, schedule, parameters and triggers.
    """
    from flows.local import use_prefect

    opened = Lake.existing(lake)
    use_prefect(opened.path)
    from flows.schedule_checks import insist_on_runnable
    from flows.schedules import SCHEDULES, read_schedules, register

    wanted = read_schedules(file or SCHEDULES)
    insist_on_runnable(wanted)
    rows = register(opened.uri, wanted)
    print_table("deployments", ("deployment", "flow", "when", "id"), rows)


def _say(line: str) -> None:
    console.print(f"[dim]{line}[/]", highlight=False)
