"""``scatterlake fetch``: structures and spectra from a service into the lake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from registry.errors import WrongUse
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    SetOption,
    print_table,
    progress_bar,
)
from scatterlake.cli.ingest import end_with

ConnectorArgument = Annotated[
    str, typer.Argument(help="Service: optimade, materials_project (key in MP_API_KEY).")
]
ProviderOption = Annotated[str | None, typer.Option(help="Address of the database.")]
FilterOption = Annotated[
    str | None, typer.Option("--filter", help="OPTIMADE filter, such as 'elements HAS \"Si\"'.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most so many documents.")]
PauseOption = Annotated[float, typer.Option(min=0.0, help="Least seconds between two requests.")]
CacheOption = Annotated[
    float, typer.Option(min=0.0, help="Answers younger than this are not asked for again.")
]


@app.command()
def fetch(
    connector: ConnectorArgument,
    lake: LakeOption = DEFAULT_LAKE,
    provider: ProviderOption = None,
    wanted: FilterOption = None,
    limit: LimitOption = None,
    pairs: SetOption = None,
    pause: PauseOption = 0.2,
    cache_hours: CacheOption = 24.0,
) -> None:
    """Fetch from a service; its answers are kept in the lake's folder, under 'fetched'.

    Stopped half-way, the same command goes on from there; run again later, it adds what is new.
    """
    from ingest.connectors._http import Manners
    from ingest.fetch import fetch as run

    given = {"provider": provider, "filter": wanted}
    settings = {name: value for name, value in given.items() if value} | _texts(pairs)
    manners = Manners(pause=pause, cache_age=3600 * cache_hours)
    with progress_bar(f"fetching from {connector}") as progress:
        report = run(
            Lake.open(lake),
            connector,
            settings,
            limit,
            manners,
            lambda done, most: progress(done, max(done, most)),
        )
    rows = [
        ("documents", report.documents),
        ("new structures", report.stored["materials"]),
        ("new spectra", report.stored["spectra"]),
        ("documents already there", report.known),
        ("rows already there", report.known_rows),
        ("refused (in quarantine)", len(report.refused)),
    ]
    print_table("", ("fetch", "count"), rows)
    end_with(report.refused)


def _texts(pairs: Sequence[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` options as text: NaN is a formula here, not a number."""
    split = [pair.partition("=") for pair in pairs or ()]
    for name, equals, _ in split:
        if not equals:
            raise WrongUse("--set", "NAME=VALUE", repr(name))
    return {name.strip(): value.strip() for name, _, value in split}
