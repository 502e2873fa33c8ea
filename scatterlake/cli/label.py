"""``scatterlake label``: what is known of samples, spectra or materials, from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, REFUSED, LakeOption, console, print_table

Whom = Literal["sample", "spectrum", "material"]


@app.command()
def label(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="CSV: a column sample, spectrum, material or file, then one column a property, "
            "numbers with their unit in brackets.",
        ),
    ],
    method: Annotated[str, typer.Option(help="How the labels were found.")],
    entity: Annotated[Whom, typer.Option(help="Whom the lines are about.")],
    lake: LakeOption = DEFAULT_LAKE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace labels that have another value.")
    ] = False,
) -> None:
    """Store labels as properties, to be predicted or asked for in SQL; wrong lines are named."""
    from ingest.labels import ingest_labels

    report = ingest_labels(Lake.existing(lake), file, entity, method, replace=replace)
    rows = [
        ("new", report.written),
        ("already there", report.known),
        ("replaced", report.replaced),
        ("lines refused", len(report.refused)),
    ]
    print_table(f"labels of {file.name}", ("labels", "count"), rows)
    for error in report.refused:
        console.print(str(error), highlight=False, markup=False)
    if report.refused:
        raise typer.Exit(REFUSED)
