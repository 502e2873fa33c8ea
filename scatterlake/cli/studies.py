"""``scatterlake study``: what studies there are, running them, what they found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._comparison import (
    print_finding,
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
    print_table,
)
from scatterlake.cli.training import ForceOption, SeedsOption, StudyArgument

study = typer.Typer(help="Questions of the literature, with claims committed beforehand.")
app.add_typer(study, name="study")


@study.command("list")
def list_studies() -> None:
    """Studies that there are."""
    from training.studies import studies

    rows = [
        (s.name, s.title, len(s.candidates), ", ".join(p.name for p in s.parts), s.question)
        for s in studies().values()
    ]
    print_table("studies", ("study", "title", "candidates", "parts", "question"), rows)


@study.command()
def show(name: StudyArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """What a study asks and claims, and what was found in this lake so far."""
    from training.comparison import comparison
    from training.running import newest_findings

    chosen = study_named(name)
    console.print(f"[bold]{chosen.title}[/]\n{chosen.question}\n{chosen.reference}")
    claims = [] if chosen.claim is None else [("candidates", chosen.claim.text)]
    claims += [(part.name, part.claim or "describes") for part in chosen.parts]
    print_table("committed", ("part", "claim"), claims)
    opened = Lake.existing(lake)
    if len(opened.sql("SELECT 1 FROM models WHERE study = $1", [chosen.name])):
        found = comparison(opened, chosen)
        print_models(chosen.name, found.rows)
        print_pairs(found)
    for _, finding in newest_findings(opened, chosen.name).values():
        print_finding(finding)


@study.command()
def prepare(
    name: StudyArgument,
    lake: LakeOption = DEFAULT_LAKE,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of measured files that no package carries."
        ),
    ] = None,
) -> None:
    """Bring what a study reads into a lake, which is made when there is none."""
    from registry.errors import Unsupported

    chosen = study_named(name)
    if chosen.prepare is None:
        raise Unsupported(f"study {name!r}", "one that prepares its data", "one that does not")
    chosen.prepare(Lake.open(lake), data, say)


@study.command()
def run(
    name: StudyArgument,
    lake: LakeOption = DEFAULT_LAKE,
    seeds: SeedsOption = None,
    parts: Annotated[
        str | None,
        typer.Option(help="Only these parts, separated by commas, and not the candidates."),
    ] = None,
    force: ForceOption = False,
    workers: WorkersOption = 1,
) -> None:
    """Run a study: its candidates, then its parts. What is kept already is not run again."""
    from training.train import run_study

    opened, chosen = Lake.existing(lake), study_named(name)
    result = run_study(
        opened,
        chosen,
        seeds=range(seeds) if seeds else None,
        parts=[part.strip() for part in parts.split(",")] if parts else None,
        progress=say,
        force=force,
        workers=workers,
    )
    if result.trained:
        from training.comparison import comparison

        found = comparison(opened, chosen)
        print_models(name, found.rows)
        print_pairs(found)
    print_outcome(result)


@study.command()
def export(
    name: StudyArgument,
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Where STUDY.json is written.")],
    lake: LakeOption = DEFAULT_LAKE,
    pictures: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the pictures; FOLDER/pictures.")
    ] = None,
) -> None:
    """Write what the newest run of a study gave as JSON, and its pictures."""
    from training.exporting import export_study

    for path in export_study(
        Lake.existing(lake), study_named(name), folder, pictures or folder / "pictures"
    ):
        console.print(str(path), soft_wrap=True)
