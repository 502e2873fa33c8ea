"""``scatterlake status``: the lake at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table, show

if TYPE_CHECKING:
    from flows.overview import Overview, Rows

CHECKS = """
SELECT suite, count(DISTINCT entity_id) AS checked,
       count(*) FILTER (NOT passed AND severity = 'error') AS errors,
       count(*) FILTER (NOT passed AND severity = 'warning') AS warnings
FROM checks GROUP BY suite ORDER BY suite
"""
LONGEST = 60
"""Letters of a text in a table."""


@app.command()
def status(
    lake: LakeOption = DEFAULT_LAKE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page that needs no network.")
    ] = None,
) -> None:
    """What is in the lake, what is new since yesterday, what is wrong, which models, what runs."""
    from flows.overview import overview

    found = overview(Lake.existing(lake))
    if html:
        from scatterlake.cli._status_page import page

        html.write_text(page(found), encoding="utf-8")
    if as_json:
        typer.echo(found.as_json())
    elif html:
        console.print(f"written to {html}", highlight=False, soft_wrap=True)
    else:
        _print(found)


def print_query(lake: Lake, title: str, query: str) -> list[dict[str, Any]]:
    """Print the result of a query as a table, nothing when it is empty; returns its rows."""
    rows: list[dict[str, Any]] = lake.sql(query).to_pylist()
    print_rows(title, rows)
    return rows


def print_rows(title: str, rows: Rows) -> None:
    """Print rows of equal fields as a table, nothing when there are none."""
    if rows:
        print_table(title, list(rows[0]), [[_short(v) for v in row.values()] for row in rows])


def verdict(found: Overview) -> str:
    """What a person wants to know first, in one line."""
    down = [each.name for each in found.servers if not each.up]
    stale = [row["model"] for row in found.models if row["stale"] and row["champion"]]
    new = {row["what"]: row["new"] for row in found.wrong if row["new"]}
    said = [f"{', '.join(down)} not answering"] if down else []
    said += [f"{', '.join(stale)}: versions are stale"] if stale else []
    said += [f"{r['study']}: retraining refused" for r in found.retrained if _is_refused(r)]
    said += [f"{n} new: {what}" for what, n in list(new.items())[:3]]
    return "; ".join(said) or "nothing new is wrong"


def _is_refused(retrained: dict[str, Any]) -> bool:
    from training.evidence import REFUSED

    return bool(retrained["outcome"] == REFUSED)


def _print(found: Overview) -> None:
    console.print(f"[bold]{escape(found.lake)}[/]  {found.gigabytes:.3g} GB", highlight=False)
    console.print("  ".join(f"{name} [bold]{n}[/]" for name, n in found.counts.items()))
    said = verdict(found)
    colour = "green" if said.startswith("nothing") else "yellow"
    console.print(f"[{colour}]{escape(said)}[/]", highlight=False, soft_wrap=True)
    print_rows(f"new since {found.since:%d %b %H:%M} UTC", found.new)
    print_rows("wrong (the newest of each)", found.wrong)
    print_rows("spectra", found.spectra)
    print_rows("feature views", found.views)
    decisions = [f"{m['model']}/{m.pop('last decision')}" for m in map(dict, found.models)]
    print_rows(
        "models", [{k: v for k, v in m.items() if k != "last decision"} for m in found.models]
    )
    for each in decisions:
        console.print(f"last decision: {escape(each)}", highlight=False, soft_wrap=True)
    for last in found.retrained:
        told = (
            f"last retraining: {last['study']}, {last['at']:%d %b %Y %H:%M} UTC, because of "
            f"{last['because']}; {last['outcome']}: {last['reason']}"
        )
        console.print(escape(told), highlight=False, soft_wrap=True)
    _print_running(found)


def _print_running(found: Overview) -> None:
    services = [
        {"service": s.name, "": "up" if s.up else "not answering", "where": s.where}
        for s in found.servers
    ]
    if services:
        print_rows("services", services)
    else:
        console.print("\nno services run: scatterlake up", style="dim")
    watched = [{"watched folder": w.folder, "files waiting": w.files} for w in found.watched]
    print_rows("watched", watched)
    if found.work is None:
        return
    states = ", ".join(f"{n} {state.lower()}" for state, n in found.work.states.items())
    console.print(
        f"\nflow runs of a day: {states or 'none'}; due and not taken: {found.work.queue}"
    )
    runs = [
        {"flow": r.flow, "run": r.name, "state": r.state, "began": f"{r.began:%d %b %H:%M}",
         "seconds": r.seconds}
        for r in found.work.last
    ]  # fmt: skip
    print_rows("last flow runs (UTC)", runs)


def _short(value: Any) -> Any:
    text = show(value) if isinstance(value, str) else ""
    return f"{text[:LONGEST]}..." if len(text) > LONGEST else value
