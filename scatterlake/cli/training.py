"""``scatterlake train``, ``compare`` and ``retrain``: from rows to models."""

from __future__ import annotations

from typing import Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._comparison import (
    print_comparison,
    print_models,
    print_outcome,
    print_pairs,
    say,
    study_named,
)
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    WorkersOption,
    console,
)

StudyArgument = Annotated[str, typer.Argument(help="Study: a file in training/studies.")]
SeedsOption = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Repetitions; the study's own when left out.")
]
ForceOption = Annotated[bool, typer.Option(help="Run even what is kept already.")]


@app.command()
def train(
    study: StudyArgument,
    lake: LakeOption = DEFAULT_LAKE,
    models: Annotated[
        str | None,
        typer.Option(
            help="Only these, separated by commas: algorithms, or 'algorithm on input+input'. "
            "Those that the study does not list are judged alike and marked."
        ),
    ] = None,
    seeds: SeedsOption = None,
    force: ForceOption = False,
    workers: WorkersOption = 1,
) -> None:
    """Train a study's candidates with their baselines, register them, name a champion."""
    from training.train import train_study

    opened, chosen = Lake.existing(lake), study_named(study)
    result = train_study(
        opened,
        chosen,
        seeds=range(seeds) if seeds else None,
        models=[name.strip() for name in models.split(",")] if models else None,
        progress=say,
        force=force,
        workers=workers,
    )
    print_comparison(opened, study)
    print_outcome(result)


@app.command()
def compare(study: StudyArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """Compare a study's models with baselines, controls and each other: a table, a picture."""
    from training.comparison import comparison
    from training.report import draw_comparison

    opened, chosen = Lake.existing(lake), study_named(study)
    found = comparison(opened, chosen)
    print_models(chosen.name, found.rows)
    print_pairs(found)
    console.print(f"drawn in {draw_comparison(opened, chosen, found)}", soft_wrap=True)


@app.command()
def retrain(study: StudyArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """Retrain the champion on the newest data and decide, with the reason, which one stays."""
    from flows.local import use_prefect

    opened = Lake.existing(lake)
    use_prefect(opened.path)
    from flows.reporting import reporting
    from flows.train import retrain as retrain_flow

    with reporting(lambda step, *_: say(step)):
        # its last line of progress is the decision and the reason
        retrain_flow(opened.uri, study)
