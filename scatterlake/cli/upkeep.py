"""``scatterlake maintain``, ``verify`` and ``rebuild``: keep a lake quick, proved and whole."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from registry.events import emit
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    REFUSED,
    LakeOption,
    console,
    errors,
    print_table,
    progress_bar,
)

AsideOption = Annotated[
    bool,
    typer.Option("--set-aside", help="Take damaged files out of the tables; they are kept."),
]
RetentionOption = Annotated[
    float,
    typer.Option(
        "--keep-days", min=1 / 24, help="Days that versions before a merge stay readable."
    ),
]


@app.command()
def maintain(lake: LakeOption = DEFAULT_LAKE, retention: RetentionOption = 30.0) -> None:
    """Merge small files, shorten the logs, delete what no kept version names."""
    from registry.upkeep import maintain as maintain_table

    opened = Lake.existing(lake)
    done = []
    with progress_bar("maintain") as progress:
        for n, table in enumerate(opened.tables):
            done.append(maintain_table(opened, table, timedelta(days=retention)))
            level = "error" if done[-1].damaged else "info"
            emit("maintained", opened.uri, level, **asdict(done[-1]))
            progress(n + 1, len(opened.tables))
    rows = [[u.table, u.merged, u.into, u.deleted] for u in done if u.merged or u.deleted]
    print_table("Maintained", ["table", "files merged", "into", "files deleted"], rows)
    damaged = [f"{u.table}: {why}" for u in done for why in u.damaged.values()]
    _complain(damaged, "left alone; 'scatterlake verify' says more")


@app.command()
def verify(lake: LakeOption = DEFAULT_LAKE, aside: AsideOption = False) -> None:
    """Compare every byte of the lake with its checksums."""
    from registry.upkeep import verify as verify_lake

    opened = Lake.existing(lake)
    total = sum(len(table.state().files) for table in opened.tables.values())
    with progress_bar("verify") as progress:
        seen = iter(range(1, total + 1))
        found = verify_lake(opened, aside, lambda _: progress(next(seen), total))
    console.print(f"{total - len(found)} of {total} data files are as they were written")
    after = (
        "set aside; ingest the same input again to bring their rows back"
        if aside
        else "'scatterlake verify --set-aside' takes them out of the tables"
    )
    _complain([str(damage) for damage in found], after)


@app.command()
def rebuild(
    source: Annotated[str, typer.Argument(help="Lake whose logs are lost or wrong.")],
    target: Annotated[str, typer.Argument(help="New lake; must not exist.")],
) -> None:
    """Fill a new lake from the data files of an old one, whatever its logs say."""
    from registry.tables.storage import Storage
    from registry.upkeep import rebuild as rebuild_lake

    made = Lake.open(target)
    report = rebuild_lake(Storage.of(source), made)
    rows = [[table, n] for table, n in report.rows.items() if n]
    print_table(f"Rebuilt in {made.uri}", ["table", "rows"], rows)
    _complain(report.unreadable, "not taken over")


def _complain(found: list[str], after: str) -> None:
    if not found:
        return
    for each in found:
        errors.print(f"[bold red]damaged:[/] {each}", highlight=False, soft_wrap=True)
    errors.print(f"{len(found)} files {after}", highlight=False)
    raise typer.Exit(REFUSED)
