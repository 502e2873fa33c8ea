"""``scatterlake evidence``: what would ask for another model now, and what was decided before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._comparison import study_named
from scatterlake.cli._console import DEFAULT_LAKE, LakeOption, console, print_table
from scatterlake.cli.training import StudyArgument

FLOW = "flows.evidence:watch_model"
USUAL = {"new_rows": 100, "degraded": 0.05, "retracted": True}
"""Looked at where no schedule watches the study."""


@app.command()
def evidence(
    study: StudyArgument,
    lake: LakeOption = DEFAULT_LAKE,
    schedules: Annotated[
        Path | None,
        typer.Option(help="File whose deployment of watch_model says which triggers to look at."),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="What was decided before.")] = False,
) -> None:
    """Look at a study's champion: what each trigger of retraining sees now. Trains nothing."""
    from training.evidence import observe, records
    from training.triggers import read_triggers

    opened, chosen = Lake.existing(lake), study_named(study)
    if history:
        rows = [
            (
                f"{r.at:%Y-%m-%d %H:%M:%S}",
                r.champion,
                ", ".join(sign.trigger for sign in r.signs if sign.fired),
                r.challenger,
                r.outcome,
                r.reason,
            )
            for r in records(opened, study)
        ]
        columns = ("when (UTC)", "champion", "fired", "challenger", "outcome", "reason")
        print_table(f"decisions on evidence about {study}", columns, rows)
        return
    declared, origin = _declared(study, schedules)
    found = observe(opened, chosen, read_triggers(declared))
    print_table(
        f"{found.case.named}: triggers of {origin}",
        ("trigger", "fires", "because"),
        [(sign.trigger, "yes" if sign.fired else "no", sign.reason) for sign in found.signs],
    )
    fired = any(sign.fired for sign in found.signs)
    console.print("a challenger would be trained" if fired else "nothing asks for another model")


def _declared(study: str, path: Path | None) -> tuple[Any, str]:
    """Triggers of the deployment that watches a study, or the usual ones; and where they are."""
    from flows.schedules import SCHEDULES, read_schedules

    file = path or SCHEDULES
    for entry in read_schedules(file):
        if entry.flow == FLOW and entry.parameters.get("study") == study:
            return entry.parameters.get("triggers"), f"{entry.name} in {file.name}"
    return USUAL, f"the usual kind: no deployment in {file.name} watches {study}"
