"""``scatterlake train``, ``compare`` and ``retrain``: from rows to models."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table

StudyArgument = Annotated[str, typer.Argument(help="Study: a file in training/studies.")]
SeedsOption = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Repetitions; the study's own when left out.")
]
COMPARED = ("v", "candidate", "score", "95 %", "measured", "nearest", "shuffled")


@app.command()
def train(
    study: StudyArgument,
    lake: LakeOption = DEFAULT_LAKE,
    models: Annotated[
        str | None, typer.Option(help="Only these algorithms, separated by commas.")
    ] = None,
    seeds: SeedsOption = None,
    force: Annotated[bool, typer.Option(help="Train even what is registered already.")] = False,
) -> None:
    """Train a study's candidates with their baselines, register them, name a champion."""
    from registry.plugins import pick
    from training.studies import studies
    from training.train import train_study

    opened = Lake.existing(lake)
    result = train_study(
        opened,
        pick(studies(), "study", study),
        seeds=range(seeds) if seeds else None,
        models=models.split(",") if models else None,
        progress=_say,
        force=force,
    )
    print_comparison(opened, study)
    console.print(f"champion: {result.decision.reason}")
    if result.verdict:
        console.print(f"claim {result.verdict.outcome}: {result.verdict.reason}")


@app.command()
def compare(study: StudyArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """Compare a study's models with their baselines and controls, as a table and a picture."""
    from registry.plugins import pick
    from training.report import draw_comparison
    from training.studies import studies

    opened = Lake.existing(lake)
    print_comparison(opened, study)
    console.print(f"drawn in {draw_comparison(opened, pick(studies(), 'study', study))}")


@app.command()
def retrain(study: StudyArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """Retrain the champion on the newest data and decide, with the reason, which one stays."""
    from flows.local import use_prefect

    opened = Lake.existing(lake)
    use_prefect(opened.path)
    from flows.reporting import reporting
    from flows.train import retrain as retrain_flow

    with reporting(lambda step, *_: _say(step)):
        # its last line of progress is the decision and the reason
        retrain_flow(opened.uri, study)


def print_comparison(lake: Lake, study: str) -> None:
    """Print the comparison table of a study."""
    from training.metrics import metric_named
    from training.report import compare as compare_rows

    rows = compare_rows(lake, study)
    metric = metric_named(rows[0]["metric"])
    nothing = {
        "classification": "always the most frequent class",
        "regression": "always the same value",
        "unsupervised": "always the mean",
    }
    print_table(
        f"{study}: {metric.title} on groups never trained on, mean and deviation over seeds; "
        f"{nothing[metric.task]}: {rows[0]['naive']:.3f}",
        COMPARED,
        [_compared(row) for row in rows],
    )


def _compared(row: dict[str, Any]) -> list[Any]:
    mark = f" ({row['alias']})" if row["alias"] else ""
    return [
        row["version"],
        row["candidate"] + mark,
        f"{row['score']:.3f}±{row['std']:.3f}",
        f"{row['low']:.2f}..{row['high']:.2f}",
        row["measured"],
        *(round(row[name], 3) for name in ("nearest", "shuffled")),
    ]


def _say(message: str) -> None:
    console.print(f"[dim]{message}[/]", highlight=False)
