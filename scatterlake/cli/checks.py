"""``scatterlake check``: every check on the stored rows that have no result of it yet."""

from __future__ import annotations

from typing import Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    console,
    print_table,
    progress_bar,
)

WhereOption = Annotated[
    str,
    typer.Option(
        "--where",
        help="SQL condition on the spectra, such as \"technique = 'xas'\"; structures are then "
        "those they belong to.",
    ),
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Check what has all its results too, and replace them.")
]


@app.command()
def check(
    lake: LakeOption = DEFAULT_LAKE, where: WhereOption = "true", again: AgainOption = False
) -> None:
    """Run every check that a stored spectrum or structure has no current result of.

    Checks that are new, or whose limits changed, find their rows. What fails is flagged in
    'checks' and stays in the lake. Stopped half-way, the same command goes on from there.
    """
    from ingest.checks.validate import data_docs, validate
    from ingest.telling import tell_checked

    opened = Lake.existing(lake)
    with progress_bar("checking") as progress:
        results = validate(opened, where=where, again=again, counter=progress)
    tell_checked(opened, results)
    if not results:
        console.print("every row has a result of every check")
        return
    rows = [(r.suite, r.entities, r.checks, r.written, sum(r.failed.values())) for r in results]
    print_table("checked", ("suite", "rows", "checks", "new results", "failed"), rows)
    failed = [(r.suite, name, n) for r in results for name, n in sorted(r.failed.items())]
    if failed:
        print_table("flagged", ("suite", "check", "rows"), failed)
        console.print("one by one: scatterlake sql 'from checks where not passed'")
    console.print(f"in a browser: {data_docs(opened)}", soft_wrap=True, highlight=False)
