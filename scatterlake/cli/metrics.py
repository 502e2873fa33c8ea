"""``scatterlake metrics``: figures of a lake, for Prometheus."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.errors import WrongUse
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console


@app.command()
def metrics(
    lake: LakeOption = DEFAULT_LAKE,
    port: Annotated[
        int | None, typer.Option("--serve", help="Answer scrapes on this port of loopback.")
    ] = None,
) -> None:
    """Print rows, quarantine, lag, queue and model scores as Prometheus reads them, or serve them.

    What is served is read when it is asked for.
    """
    from flows.metrics import as_text, serve
    from flows.stack.services import HOST

    opened = Lake.existing(lake)
    if port is None:
        typer.echo(as_text(opened), nl=False)
        return
    try:
        server, thread = serve(opened, port)
    except OSError as error:
        raise WrongUse("--serve", "a free port", f"{port}: {error.strerror}") from error
    console.print(f"http://{HOST}:{port}/metrics; Ctrl-C stops", highlight=False)
    try:
        thread.join()
    except KeyboardInterrupt:
        server.shutdown()
