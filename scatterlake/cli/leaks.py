"""``scatterlake dataset audit``: is anything on two sides of a split, under whatever name?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scatterlake import Lake
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    REFUSED,
    LakeOption,
    console,
    print_table,
)
from scatterlake.cli.datasets import WhichArgument, dataset

if TYPE_CHECKING:
    from training.datasets import Dataset
    from training.leaks import Audit

SHOWN = 20
"""Leaks listed one by one."""


@dataset.command("audit")
def audit_dataset(
    which: WhichArgument,
    lake: LakeOption = DEFAULT_LAKE,
    pretraining: Annotated[
        str | None,
        typer.Option(metavar="NAME|MANIFEST", help="What a model learnt from before."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=REASON", help="A kind of leak that is accepted, and why."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Even if it was done before.")] = False,
) -> None:
    """Look for leaks: one structure, sample or curve on two sides. Exit code 1 when there are."""
    from training.leaks import audit, picture_of

    opened = Lake.existing(lake)
    made = _assembled(opened, which)
    before = _assembled(opened, pretraining) if pretraining else None
    found = audit(opened, made, before, again).allow(_reasons(allow))
    print_table(
        f"audit of {made.definition.name}, manifest {found.manifest}",
        ("compared", "limit", "pairs", "how"),
        [(c.what, c.limit, c.pairs, c.note) for c in found.compared],
    )
    if found.twins:
        columns = ("kind", "of", "members", "allowed, because")
        print_table("on two sides", columns, found.rows())
    _print_leaks(found, made)
    picture = picture_of(opened, found)
    if picture.exists():
        console.print(f"drawn in {picture}")
    if found.leaks:
        raise typer.Exit(REFUSED)
    console.print("no leaks" if not found.twins else "no leaks but what is allowed")


def _assembled(lake: Lake, which: str) -> Dataset:
    from training.assembly import assemble
    from training.stored import stored_dataset

    stored = stored_dataset(lake, which)
    return assemble(lake, stored.definition, stored.snapshot)


def _reasons(pairs: list[str] | None) -> dict[str, str]:
    return {
        kind.strip(): reason.strip() for kind, _, reason in (p.partition("=") for p in pairs or ())
    }


def _print_leaks(found: Audit, made: Dataset) -> None:
    if not found.leaks:
        return
    name = {m.entity_id: m.name for m in made.members}
    more = f": the first {SHOWN} of {len(found.leaks)}" if len(found.leaks) > SHOWN else ""
    rows = [
        (
            t.kind,
            *(f"{name.get(i) or ''} {i[:8]}".strip() for i in t.names),
            " to ".join(t.sides),
            t.score,
        )
        for t in found.leaks[:SHOWN]
    ]
    print_table(f"leaks{more}", ("kind", "first", "second", "sides", "distance"), rows)
