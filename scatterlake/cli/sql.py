"""``scatterlake sql``: ask the lake."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from scatterlake import Lake, Limits
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table, table


class Format(StrEnum):
    """How a result is written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT; tables and columns: 'from columns'.")],
    lake: LakeOption = DEFAULT_LAKE,
    form: Annotated[
        Format, typer.Option("--format", help="How to write the result.")
    ] = Format.table,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write to; the screen when left out."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="As of a moment, such as 2026-11-22T12:00 (UTC).")
    ] = None,
    memory: Annotated[str, typer.Option(help="Most memory to use.")] = Limits.memory,
    seconds: Annotated[float, typer.Option(help="Most seconds to take.")] = Limits.seconds,
) -> None:
    """Answer a SQL query over spectra, materials, checks, features and models."""
    result = Lake.existing(lake, limits=Limits(memory, seconds)).sql(query, at=at)
    if form is Format.table and output is None:
        print_table("", result.column_names, [list(r.values()) for r in result.to_pylist()])
        console.print(f"{result.num_rows} rows", style="dim")
    elif form is Format.parquet:
        _parquet(result, output)
    else:
        text = _text(result, form)
        if output is None:
            typer.echo(text, nl=not text.endswith("\n"))
        else:
            output.write_text(text)


def _parquet(result: pa.Table, output: Path | None) -> None:
    from registry.errors import WrongUse
    from registry.tables.parquet import write_parquet

    if output is None:
        raise WrongUse("--format parquet", "--output FILE with it", "no file")
    write_parquet(result, str(output))


def _text(result: pa.Table, form: Format) -> str:
    import json

    if form is Format.json:
        return json.dumps(result.to_pylist(), indent=1, default=str)
    if form is Format.csv:
        return str(result.to_pandas().to_csv(index=False))
    from io import StringIO

    from rich.console import Console

    page = Console(file=StringIO(), width=160)
    page.print(table(result.column_names, [list(r.values()) for r in result.to_pylist()]))
    return str(page.file.getvalue())  # type: ignore[attr-defined]
