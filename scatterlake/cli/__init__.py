"""The command line: ``scatterlake COMMAND``. Each module here is one group of commands.

Exit codes: 0 done, 1 some input was refused (it is named), 2 wrong use.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

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


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version and stop."
    ),
) -> None:
    del version  # handled before any command


def _load_commands() -> None:
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"):
        importlib.import_module(f"{__name__}.{module}")


def main() -> None:
    """Run the command line and exit with its code."""
    # Libraries below must not phone home from a facility.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    _load_commands()
    from scatterlake.cli._console import complain

    try:
        app()
    except ScatterlakeError as error:
        sys.exit(complain(error))
    except SystemExit as stop:
        # typer turns an interrupt into this code
        if stop.code == INTERRUPTED:
            sys.stderr.write("stopped; the same command goes on from here\n")
        raise
