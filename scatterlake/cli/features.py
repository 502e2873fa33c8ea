"""``scatterlake features``: descriptors of structures and spectra, kept in the feature store."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.identity import canonical_json
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    REFUSED,
    LakeOption,
    OnOption,
    SetOption,
    WorkersOption,
    console,
    print_table,
    progress_bar,
    settings,
)

if TYPE_CHECKING:
    from features.descriptor import Descriptor
    from features.views import View

features = typer.Typer(help="Descriptors of structures and spectra, kept in the feature store.")
app.add_typer(features, name="features")

SHORT = 8
"""Digits of an id that are printed in a list."""

ViewArgument = Annotated[
    str, typer.Argument(help="Descriptor, or first digits of the id of a view.")
]
WhereOption = Annotated[
    str,
    typer.Option("--where", help="SQL condition on the materials, or on the spectra."),
]


@features.command()
def compute(
    view: Annotated[str, typer.Argument(help="Descriptor: see 'features list'.")],
    lake: LakeOption = DEFAULT_LAKE,
    where: WhereOption = "true",
    pairs: SetOption = None,
    workers: WorkersOption = 1,
    on: OnOption = None,
) -> None:
    """Compute a descriptor of every structure, or spectrum, that has no value of it yet."""
    from features.store import FeatureStore

    with progress_bar(f"computing {view}") as progress:
        report = FeatureStore(Lake.existing(lake)).compute(
            view, _parameters(pairs), where=where, workers=workers, on=on, progress=progress
        )
    console.print(
        f"{view} ({report.view_id[:8]}): {report.computed} computed, "
        f"{report.already_there} already there, {report.refused} refused, in {report.seconds:.1f} s"
    )


@features.command("list")
def list_views(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Which descriptors there are, for how many they are computed and how fast."""
    from features.descriptor import descriptors
    from features.views import views

    stored = views(Lake.existing(lake))
    used = {view.name for view in stored}
    unused = [d for name, d in sorted(descriptors().items()) if name not in used]
    for entity, title in (("material", "of structures"), ("spectrum", "of spectra")):
        rows = [_of_view(view) for view in stored if view.entity == entity]
        rows += [
            (d.name, None, _width(d.width(d.parameters), d.rows), 0, 0, None, None)
            for d in unused
            if d.entity == entity
        ]
        if rows:
            print_table(
                title, ("descriptor", "view", "width", "done", "refused", "s", "per s"), rows
            )
    chosen = [(v.name, v.view_id[:SHORT], text) for v in stored if (text := _chosen(v))]
    if chosen:
        print_table("parameters other than the defaults", ("descriptor", "view", "chosen"), chosen)


@features.command()
def show(view: ViewArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """What a view is, what it took and refused, who uses it, and a picture of it."""
    from features.descriptor import descriptors
    from features.pictures import draw
    from features.views import find, reasons, users, views

    opened = Lake.existing(lake)
    if view in descriptors() and view not in {v.name for v in views(opened)}:
        print_table("", ("descriptor", view), _of_descriptor(descriptors()[view]))
        return
    found = find(opened, view)
    print_table("", ("view", found.view_id), _facts(found))
    refusals = [(r.expected, r.entities, r.example) for r in reasons(opened, found.view_id)]
    if refusals:
        print_table("refused", ("expected", "number", "for example"), refusals)
    used = [(u.kind, u.id, u.label, u.state) for u in users(opened, found.view_id)]
    if used:
        print_table("used by", ("kind", "id", "what", "state"), used)
    console.print(f"picture: {draw(opened, found)}", soft_wrap=True, highlight=False)


@features.command()
def check(
    view: ViewArgument,
    lake: LakeOption = DEFAULT_LAKE,
    against: Annotated[
        str | None,
        typer.Option("--against", help="Moment: did what came since drift from what was there?"),
    ] = None,
) -> None:
    """Check the values of a view: finite, usual in size, columns that vary, drift."""
    from features.checks import check as run
    from features.views import find

    opened = Lake.existing(lake)
    results = run(opened, find(opened, view), against)
    rows = [
        (r.check.name, r.check.severity, r.found, r.allowed, r.of, "yes" if r.passed else "no")
        for r in results
    ]
    print_table(
        f"checks of {view}", ("check", "severity", "found", "allowed", "of", "passed"), rows
    )
    if any(not r.passed and r.check.severity == "error" for r in results):
        raise typer.Exit(REFUSED)


def _parameters(pairs: Sequence[str] | None) -> dict[str, Any]:
    """Options as parameters: besides numbers also true, false and lists; what is left is text."""
    given = settings(pairs)
    return {n: _literal(value) if isinstance(value, str) else value for n, value in given.items()}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.title() if text.lower() in ("true", "false") else text)
    except (ValueError, SyntaxError):
        return text


def _of_view(view: View) -> tuple[Any, ...]:
    """Row of the list."""
    counts = (view.computed, view.refused, view.seconds, view.speed)
    return (view.name, view.view_id[:SHORT], _width(view.width, view.rows), *counts)


def _chosen(view: View) -> str:
    """Parameters that differ from the defaults of today's code."""
    from features.descriptor import descriptors

    known = descriptors().get(view.name)
    # as they are stored: JSON knows no tuples
    defaults = json.loads(canonical_json(dict(known.parameters))) if known else {}
    chosen = [f"{n}={v}" for n, v in view.parameters.items() if defaults.get(n) != v]
    return ", ".join(chosen)


def _width(width: int, rows: str) -> str:
    return f"{width}/{rows}" if rows else str(width)


def _of_descriptor(descriptor: Descriptor) -> list[tuple[str, Any]]:
    """Rows of what a descriptor declares."""
    parameters = [
        (name, f"{value} {descriptor.units.get(name, '')}".strip())
        for name, value in descriptor.parameters.items()
    ]
    return [
        ("version", descriptor.version),
        ("describes", descriptor.entity),
        *([("techniques", ", ".join(descriptor.techniques))] if descriptor.techniques else []),
        *([("disorder", descriptor.disorder)] if descriptor.disorder else []),
        *parameters,
        ("unit", descriptor.unit or "none"),
        ("source", descriptor.source),
    ]


def _facts(view: View) -> list[tuple[str, Any]]:
    """Rows of what a view is and took; parameters with their units where the code is here."""
    from features.descriptor import descriptors

    known = descriptors().get(view.name)
    units = known.units if known else {}
    parameters = [
        (name, f"{value} {units.get(name, '')}".strip()) for name, value in view.parameters.items()
    ]
    return [
        ("descriptor", f"{view.name}, version {view.version}"),
        ("describes", view.entity),
        ("value", f"{view.width} numbers" + (f" for each {view.rows}" if view.rows else "")),
        *parameters,
        ("unit", view.unit or "none"),
        ("source", view.source),
        ("computed", view.computed),
        ("refused", view.refused),
        ("seconds", view.seconds),
        ("per second", view.speed),
        ("first computed", f"{view.created_at:%Y-%m-%d %H:%M}"),
    ]
