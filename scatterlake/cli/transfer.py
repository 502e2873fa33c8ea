"""``scatterlake transfer``: a registered network brought over to another dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._comparison import say
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    SetOption,
    console,
    print_table,
    settings,
)

if TYPE_CHECKING:
    from training.adapting import Adaptation
    from training.definitions import DatasetDefinition
    from training.evaluation import Interval

COLUMNS = ("way", "n", "score", "95 %", "gain", "95 %")
LEGEND = (
    "n: members of the dataset that were learnt from, or seen; gain: of the child over this way, "
    "on the same resampled groups"
)


@app.command()
def transfer(
    parent: Annotated[
        str, typer.Argument(metavar="MODEL/VERSION", help="A registered network, or MODEL@ALIAS.")
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="FILE.yaml|STUDY|DATASET",
            help="A definition, a study, or a dataset that a study or one of its parts declares.",
        ),
    ],
    lake: LakeOption = DEFAULT_LAKE,
    size: Annotated[
        int | None, typer.Option(min=2, help="Members to learn from; the whole training side.")
    ] = None,
    way: Annotated[
        str, typer.Option(help="fine_tune, feature_extraction, coral or dann.")
    ] = "fine_tune",
    seed: Annotated[int, typer.Option(help="Of the draw of members and of the network.")] = 0,
    set_: SetOption = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=REASON", help="A kind of leak that is accepted, and why."),
    ] = None,
) -> None:
    """Adapt a network to another dataset, score it beside its parent, and register the child."""
    from training.adapting import Choices, adapt

    choices = Choices(
        settings={name: _whole(value) for name, value in settings(set_).items()},
        allowed_leaks={kind: why for kind, _, why in (a.partition("=") for a in allow or ())},
    )
    found = adapt(
        Lake.existing(lake),
        parent,
        _definition(to),
        way=way,
        size=size,
        seed=seed,
        choices=choices,
        progress=say,
    )
    print_adaptation(found)


def print_adaptation(found: Adaptation) -> None:
    """Print a child beside its parent, a network from scratch, baselines and control."""
    from training.parts._adapting import CONTROL, SCRATCH, ZERO

    result = found.result
    learnt = {ZERO: 0, SCRATCH: found.size, found.way: found.size}
    rows: list[tuple[Any, ...]] = []
    for way, score in found.scores.items():
        gain = found.gains.get(way)
        gained = (None, None) if gain is None else (gain.value, _ends(gain))
        rows.append((way, learnt[way], score.value, _ends(score), *gained))
    rows += [
        (name, found.size, value, None, None, None)
        for name, value in (
            ("most frequent class", result.naive),
            ("nearest neighbour", result.nearest),
            (CONTROL, result.shuffled),
        )
    ]
    members, groups = found.n_test
    title = f"{result.metric.title} on {members} test members of {groups} groups"
    print_table(title, COLUMNS, rows)
    console.print(f"[dim]{LEGEND}[/]", highlight=False)
    child = f"{found.row['model']}/{found.row['version']}"
    console.print(f"{child}: transferred from {found.parent}", highlight=False, soft_wrap=True)


def _ends(interval: Interval) -> str:
    return f"{interval.low:.3f}..{interval.high:.3f}"


def _definition(what: str) -> DatasetDefinition:
    from registry.plugins import pick
    from training.definition_files import read_definition
    from training.studies import studies
    from training.study_runs import datasets_of

    if Path(what).suffix in (".yaml", ".yml"):
        return read_definition(Path(what))
    known = {d.name: d for study in studies().values() for d in datasets_of(study)}
    known |= {name: study.dataset for name, study in studies().items()}
    found: DatasetDefinition = pick(known, "dataset", what)
    return found


def _whole(value: Any) -> Any:
    """Numbers of epochs or members are whole."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
