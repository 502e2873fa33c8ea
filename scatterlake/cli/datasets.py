"""``scatterlake dataset``: assembling datasets and looking at them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table

if TYPE_CHECKING:
    from training.definitions import DatasetDefinition
    from training.quality import Spread

SHOWN = 20
"""Members listed one by one for each kind of change."""

dataset = typer.Typer(help="Multimodal datasets with grouped splits.")
app.add_typer(dataset, name="dataset")

WhichArgument = Annotated[
    str, typer.Argument(metavar="NAME|MANIFEST", help="Name (the newest) or start of a manifest.")
]


@dataset.command()
def build(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE.yaml|STUDY", help="A definition, or a study of training/studies."
        ),
    ],
    lake: LakeOption = DEFAULT_LAKE,
    at: Annotated[
        str | None,
        typer.Option(help="At the snapshot of this dataset (name or manifest), not the newest."),
    ] = None,
) -> None:
    """Assemble a dataset."""
    from training.assembly import assemble
    from training.definitions import SPLITS
    from training.stored import stored_dataset

    opened, definition = Lake.existing(lake), _definition(what)
    made = assemble(opened, definition, stored_dataset(opened, at).snapshot if at else None)
    sides = [(side, len(made.rows(side))) for side in SPLITS]
    print_table(f"dataset {definition.name}, manifest {made.manifest}", ("side", "members"), sides)
    _print_left_out(made.left_out)
    _print_quality(opened, made.manifest)


@dataset.command("list")
def list_datasets(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Datasets that were assembled."""
    rows = Lake.existing(lake).sql(
        "SELECT dataset, left(manifest, 12) AS manifest, target, "
        "n_train || '+' || n_validation || '+' || n_test AS members, stale, "
        "strftime(created_at, '%Y-%m-%d %H:%M') AS created FROM datasets ORDER BY created_at"
    )
    print_table("datasets", rows.column_names, [list(r.values()) for r in rows.to_pylist()])


@dataset.command()
def show(
    which: WhichArgument,
    lake: LakeOption = DEFAULT_LAKE,
    yaml: Annotated[bool, typer.Option("--yaml", help="Only its definition, as YAML.")] = False,
) -> None:
    """Show what is in a dataset: members by modality, side and class, as a table and a picture."""
    from training.coverage import coverage, draw_coverage
    from training.definition_files import definition_yaml
    from training.definitions import SPLITS
    from training.entities import PLURAL
    from training.stored import stored_dataset

    opened = Lake.existing(lake)
    stored = stored_dataset(opened, which)
    definition = stored.definition
    if yaml:
        typer.echo(definition_yaml(definition), nl=False)
        return
    facts = [
        ("manifest", stored.manifest),
        ("task", definition.task),
        ("target", definition.predicts),
        ("members are", PLURAL[definition.entity]),
        ("where", definition.where),
        ("split by", definition.split.by),
        ("tested on", f"{definition.tested_on} curves" if definition.curves else "features"),
        ("created", stored.created_at),
        ("stale", "yes: something in it was retracted" if stored.stale else "no"),
    ]
    print_table(f"dataset {definition.name}", ("what", "value"), facts)
    found = coverage(opened, stored)
    print_table("coverage", ("modality", "class", *SPLITS, "all sides"), found.rows())
    if len(found.together) > 1:
        together = [(" + ".join(names), n) for names, n in found.together]
        print_table("members by what they have", ("modalities", "members"), together)
    _print_left_out(stored.left_out)
    _print_quality(opened, stored.manifest)
    # by its manifest: a name may have signs in it that no file may have
    path = opened.pictures / f"dataset-{stored.manifest[:12]}.png"
    draw_coverage(found, f"Members of {definition.name} that have each modality", path)
    console.print(f"drawn in {path}")


@dataset.command()
def diff(old: WhichArgument, new: WhichArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """Compare two datasets: definition, members new and gone, moved between sides, other data."""
    from training.difference import difference
    from training.stored import stored_dataset

    opened = Lake.existing(lake)
    a, b = stored_dataset(opened, old), stored_dataset(opened, new)
    found = difference(opened, a, b)
    if found.definition:
        print_table("definition", ("field", a.manifest[:8], b.manifest[:8]), found.definition)
    changes = found.members()
    counts = [(what, len(members)) for what, members in changes.items()]
    print_table(f"members, {a.manifest} to {b.manifest}", ("change", "members"), counts)
    for what, members in changes.items():
        if members:
            first = f": the first {SHOWN} of {len(members)}" if len(members) > SHOWN else ""
            print_table(f"{what}{first}", ("entity", "name", "was", "is"), members[:SHOWN])


def _definition(what: str) -> DatasetDefinition:
    from registry.plugins import pick
    from training.definition_files import read_definition
    from training.studies import studies

    if Path(what).suffix in (".yaml", ".yml"):
        return read_definition(Path(what))
    definition: DatasetDefinition = pick(studies(), "study", what).dataset
    return definition


def _print_left_out(left_out: dict[str, int]) -> None:
    if left_out:
        print_table("left out", ("why", "members"), sorted(left_out.items()))


def _print_quality(lake: Lake, manifest: str) -> None:
    """What resampling lost and how far aligned curves lie apart, where it was recorded."""
    from training.alignment import UNITS
    from training.quality import LIMIT, stored_quality

    found = stored_quality(lake, manifest)
    if found is None:
        return
    columns = ("members", "median", "95 %", "worst", "of")
    if found.resampling:
        rows = [(name, *_spread(spread)) for name, spread in found.resampling.items()]
        print_table("resampling error, relative to the peak", ("input", *columns), rows)
    for name in found.coarse:
        console.print(
            f"the grid of {name} loses detail: the error of one member in twenty is above "
            f"{LIMIT:g}; more points, or noise that resampling averages out",
            highlight=False,
        )
    apart = found.apart()
    if apart:
        rows = [(f"{name} {UNITS[name]}".strip(), *_spread(s)) for name, s in apart.items()]
        print_table("difference between aligned curves", ("condition", *columns), rows)


def _spread(spread: Spread) -> tuple[int, float, float, float, str]:
    return spread.n, spread.median, spread.most, spread.worst, spread.member
