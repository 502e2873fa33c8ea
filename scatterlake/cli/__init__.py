"""The command line: ``scatterlake COMMAND``. Each module here is one group of commands.

Exit codes: 0 done, 1 some input was refused (it is named), 2 wrong use.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from scatterlake import ScatterlakeError, __version__

INTERRUPTED = 130

app = typer.Typer(
    name="scatterlake",
    help="Data lake, feature store and model registry for neutron and X-ray scattering.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


LogOption = Annotated[
    str | None,
    typer.Option("--log", envvar="SCATTERLAKE_LOG", help="Events on stderr: json, text or off."),
]
LogFileOption = Annotated[
    Path | None,
    typer.Option("--log-file", envvar="SCATTERLAKE_LOG_FILE", help="Append events to this file."),
]


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version and stop."
    ),
    log: LogOption = None,
    log_file: LogFileOption = None,
) -> None:
    from registry.events import configure

    del version  # handled before any command
    configure(log, log_file)


def _load_commands() -> None:
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"):
        importlib.import_module(f"{__name__}.{module}")


def main() -> None:
    """Run the command line and exit with its code."""
    # Libraries below must not phone home from a facility.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    _load_commands()
    from registry.events import emit
    from scatterlake.cli._console import complain

    try:
        app()
    except ScatterlakeError as error:
        emit("failed", level="error", error=type(error).__name__, reason=error)
        sys.exit(complain(error))
    except SystemExit as stop:
        # typer turns an interrupt into this code
        if stop.code == INTERRUPTED:
            sys.stderr.write("stopped; the same command goes on from here\n")
        raise
