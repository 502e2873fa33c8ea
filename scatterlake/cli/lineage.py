"""``scatterlake lineage`` and ``retract``: what was made from what, and withdrawing what is bad."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table

if TYPE_CHECKING:
    from rich.tree import Tree

    from registry.lineage.retractions import Consequences
    from registry.lineage.tracing import Direction, Node

SHOWN = 3
"""Nodes of one kind that are shown below another before the rest is folded."""
TITLES = {"up": "was made from", "down": "was used for"}
PLURALS = {"spectrum": "spectra", "code": "versions of code"}
COLOURS = {"retracted": "bold red", "stale": "yellow"}

EntityArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A file, its digest, a spectrum, material, sample, dataset or model"
        " (name, name@version); the first 6 digits of an id will do.",
    ),
]


@app.command()
def lineage(
    entity: EntityArgument,
    lake: LakeOption = DEFAULT_LAKE,
    up: Annotated[bool, typer.Option("--up", help="Only what it was made from.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only what it was used for.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Fold nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: every node.")] = False,
) -> None:
    """What a file, spectrum or model was made from, and what was made with it."""
    from registry.lineage.tracing import resolve, trace

    opened = Lake.existing(lake)
    start = resolve(opened, entity)
    ways: list[Direction] = []
    if up or not down:
        ways.append("up")
    if down or not up:
        ways.append("down")
    found = {way: trace(opened, start.id, way) for way in ways}
    if as_json:
        _print_json(found)
        return
    # of both ways, one that leads nowhere is not worth a line
    drawn = {way: nodes for way, nodes in found.items() if len(nodes) > 1} or found
    for way, nodes in drawn.items():
        console.print(_tree(nodes, way, every), highlight=False, soft_wrap=True)


def _print_json(found: dict[Direction, list[Node]]) -> None:
    import json
    from dataclasses import asdict

    ways = {way: [asdict(node) for node in nodes] for way, nodes in found.items()}
    typer.echo(json.dumps(ways, indent=1))


def _tree(nodes: list[Node], way: Direction, every: bool) -> Tree:
    """The first node with what is below it, directly or not."""
    from rich.tree import Tree

    start, *nodes = nodes
    below: dict[str | None, dict[str, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for node in nodes:
        below[node.parent][node.kind].append(node)
    root = Tree(f"{_described(start)} [dim]{TITLES[way]}[/]")
    waiting = [(root, start.id)]
    while waiting:
        branch, parent = waiting.pop()
        for kind, same in below[parent].items():
            same.sort(key=lambda node: _interest(node, below[node.id]))
            shown = same if every or len(same) <= SHOWN + 1 else same[:SHOWN]
            waiting += [(branch.add(_described(node)), node.id) for node in shown]
            if len(shown) < len(same):
                rest = len(same) - len(shown)
                branch.add(f"[dim]… and {rest} more {PLURALS.get(kind, kind + 's')}[/]")
    return root


def _interest(node: Node, below: dict[str, list[Node]]) -> tuple[bool, bool, int]:
    """Sort key: what somebody should look at comes first, then what has most below it."""
    return not node.state, node.label == "passed", -sum(map(len, below.values()))


def _described(node: Node) -> str:
    """One line: kind, id as short as it can be typed, label, state."""
    name = node.id.removeprefix(f"{node.parent}/")
    short = re.sub("[0-9a-f]{32}", lambda digits: digits[0][:12], name)
    state = f" [{COLOURS[node.state]}]{node.state}[/]" if node.state else ""
    return f"[cyan]{node.kind}[/] [bold]{escape(short)}[/] {escape(node.label)}{state}"


@app.command()
def retract(
    entity: EntityArgument,
    why: Annotated[str, typer.Option("--why", help="Reason; it is kept.")] = "",
    author: Annotated[
        str | None, typer.Option("--author", help="Who says so; the user of this machine.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take a retraction back.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what it would mark.")
    ] = False,
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Withdraw a file, sample, material or spectrum that is wrong; marks all that depends on it.

    Nothing is deleted. New datasets leave it out; models that were trained on it are stale.
    """
    from registry.lineage.retractions import RESTORE, RETRACT, consequences, restore
    from registry.lineage.retractions import retract as withdraw

    opened = Lake.existing(lake)
    if dry_run:
        _report(opened, consequences(opened, entity, RESTORE if undo else RETRACT), True)
        return
    act = restore if undo else withdraw
    _report(opened, act(opened, entity, why, author or _user()), False)


def _user() -> str:
    import getpass

    from registry.errors import WrongUse

    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise WrongUse("--author", "a name", "no user name on this machine") from error


def _report(lake: Lake, found: Consequences, dry_run: bool) -> None:
    retracts = found.action == "retract"
    if not found.changed:
        state = "is retracted already" if retracts else "is not retracted"
        console.print(f"{_described(found.entity)} {state}: nothing to do", highlight=False)
        return
    done = ("would be " if dry_run else "") + ("retracted" if retracts else "restored")
    console.print(f"{_described(found.entity)} {done}", highlight=False)
    marks = "retracted or stale" if retracts else "no longer retracted or stale"
    counts = [(name, n) for name, n in found.counts.items() if n]
    print_table(f"{'would be' if dry_run else 'now'} {marks}", ("table", "rows"), counts)
    if found.models:
        console.print(f"models: {', '.join(found.models)}", highlight=False)
    if retracts and not dry_run:
        _advise(lake, found)


def _advise(lake: Lake, found: Consequences) -> None:
    """How to replace the champions that became stale, and how to take it back."""
    import shlex

    where = f"--lake {shlex.quote(lake.uri)}"
    champions = lake.sql(
        "SELECT study FROM models WHERE alias = 'champion' AND list_contains($1, "
        "model || '/' || version) ORDER BY study",
        [list(found.models)],
    )["study"].to_pylist()
    for study in champions:
        again = f"scatterlake retrain {study} {where}"
        console.print(f"retrain:  {escape(again)}", highlight=False, soft_wrap=True)
    undo = f"scatterlake retract {shlex.quote(found.entity.id)} --undo --why '...' {where}"
    console.print(f"undo:     {escape(undo)}", highlight=False, soft_wrap=True)
