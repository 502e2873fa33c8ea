"""What the commands share: options, tables, progress bars, complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from registry.errors import BadInput, ModelRefused, ScatterlakeError, WrongUse

REFUSED = 1
WRONG_USE = 2
FOLDED = 17
"""Table cells shorter than this are never folded."""

console = Console()
errors = Console(stderr=True)

LakeOption = Annotated[
    str,
    typer.Option(
        "--lake",
        envvar="SCATTERLAKE_LAKE",
        help="Folder of the lake, or s3://bucket/prefix.",
        show_default=True,
    ),
]
WhereOption = Annotated[
    str,
    typer.Option("--where", help="SQL condition on the materials, such as \"elements = ['Si']\"."),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="NAME=VALUE, as often as needed.")
]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, help="Processes to use.")]
OnOption = Annotated[
    str | None,
    typer.Option("--on", help="ray (on this machine) or ray://host:port, in place of processes."),
]
DEFAULT_LAKE = "lake"


def complain(error: ScatterlakeError) -> int:
    """Print an error; returns the exit code that belongs to it."""
    errors.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    refused = isinstance(error, BadInput | ModelRefused) and not isinstance(error, WrongUse)
    return REFUSED if refused else WRONG_USE


def settings(pairs: Sequence[str] | None) -> dict[str, Any]:
    """Turn ``NAME=VALUE`` options into a dictionary; numbers become numbers.

    Raises:
        WrongUse: For an option without an equals sign.
    """
    found: dict[str, Any] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise WrongUse("--set", "NAME=VALUE", repr(pair))
        try:
            found[name.strip()] = float(value)
        except ValueError:
            found[name.strip()] = value.strip()
    return found


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table under its title; the title is not squeezed into the width of the table."""
    if title:
        console.print(f"\n[bold]{escape(title)}[/]", highlight=False)
    console.print(table(columns, rows))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A table to print; numbers are right-aligned and rounded to four digits."""
    drawn = Table(header_style="bold cyan")
    for n, column in enumerate(columns):
        values = [row[n] for row in rows if row[n] is not None]
        numeric = bool(values) and all(isinstance(v, int | float) for v in values)
        width = max((len(show(row[n])) for row in rows), default=0)
        side: Literal["left", "right"] = "right" if numeric else "left"
        short = width < FOLDED
        least = max(width, len(column)) if short else FOLDED // 2
        drawn.add_column(column, justify=side, overflow="fold", no_wrap=short, min_width=least)
    for row in rows:
        drawn.add_row(*(escape(show(value)) for value in row))
    return drawn


def show(value: Any) -> str:
    """One value as text for a table cell."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        items = [show(v) for v in value[:6]]
        return ", ".join(items) + (f", ... ({len(value)})" if len(value) > 6 else "")
    return str(value)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr; yields a function of (done, total)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, transient=not errors.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
