"""``scatterlake quickstart``: the whole line once, and what a person wants to know of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel
from rich.syntax import Syntax

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._comparison import print_comparison, print_outcome
from scatterlake.cli._console import LakeOption, WorkersOption, console, errors
from scatterlake.cli.ingest import print_refused
from scatterlake.cli.models import print_answer
from scatterlake.cli.status import CHECKS, print_query

if TYPE_CHECKING:
    from flows.quickstart import QuickstartResult

SIDES = ("train", "validation", "test")
QUESTIONS = (
    (
        "What is in the lake?",
        """SELECT technique, kind, count(*) AS spectra, sum(len(intensity)) AS points
FROM spectra GROUP BY ALL ORDER BY technique, kind""",
    ),
    (
        "Which minerals diffract most strongly between 3.0 and 3.2 1/angstrom?",
        """SELECT name, formula, mean_between(x, intensity, 3.0, 3.2) AS mean_intensity
FROM spectra JOIN materials USING (material_id)
WHERE technique = 'xrd' ORDER BY mean_intensity DESC LIMIT 5""",
    ),
    (
        "Which measured small-angle curves fall most steeply?",
        """SELECT title, technique, round(x_at_max(x, intensity), 4) AS q_at_max,
       log10(list_max(intensity) / list_min(list_filter(intensity, lambda v: v > 0))) AS decades
FROM spectra WHERE kind = 'experimental' AND technique IN ('saxs', 'sans') AND len(shape) = 1
ORDER BY decades DESC LIMIT 5""",
    ),
    (
        "Which structures and spectra were stored but flagged?",
        """SELECT coalesce(m.name, s.title, s.file_name) AS what, check_name, value, upper, lower
FROM checks LEFT JOIN materials m ON m.material_id = entity_id
            LEFT JOIN spectra s ON s.spectrum_id = entity_id
WHERE NOT passed ORDER BY check_name, what LIMIT 8""",
    ),
    (
        "Which model for crystal system from X-ray patterns?",
        """SELECT version, algorithm, inputs, score_simulated AS score, alias FROM models
WHERE predicts = 'crystal_system' AND list_contains(inputs, 'xrd')
ORDER BY score DESC""",
    ),
)


@app.command()
def quickstart(
    lake: LakeOption = "demo-lake",
    workers: WorkersOption = 2,
    structures: Annotated[
        int, typer.Option(min=20, help="Structures to take of each lattice shape.")
    ] = 250,
) -> None:
    """Build a lake from data that installed packages carry, train on it and ask it questions."""
    from flows.local import use_prefect

    begin = time.perf_counter()
    opened = Lake.open(lake)
    use_prefect(opened.path)
    result = _run(opened, workers, structures)
    _came_in(opened, result)
    _learned(opened, result)
    _questions(opened)
    _unseen(opened)
    _goodbye(opened, _pictures(opened), time.perf_counter() - begin)


def _run(lake: Lake, workers: int, per_lattice: int) -> QuickstartResult:
    """Run the flow with a line of progress for every step."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as bar:
        started = ["starting Prefect and loading libraries"]
        running = [bar.add_task(started[0], total=None)]

        def listen(step: str, done: int, total: int) -> None:
            if step != started[-1]:
                bar.update(running[-1], total=1, completed=1)
                bar.stop_task(running[-1])
                started.append(step)
                running.append(bar.add_task(step, total=None))
            if total:
                bar.update(running[-1], completed=done, total=total)

        from flows.quickstart import quickstart as flow
        from flows.reporting import reporting

        with reporting(listen):
            result: QuickstartResult = flow(lake.uri, workers, per_lattice)
        bar.update(running[-1], total=1, completed=1)
    return result


def _came_in(lake: Lake, result: QuickstartResult) -> None:
    ingested = result.ingested
    _heading("What came in")
    console.print(
        f"{ingested.files} files: [bold]{ingested.stored['materials']}[/] new structures, "
        f"[bold]{ingested.stored['spectra']}[/] new measured spectra, {ingested.known_files} files "
        f"already there, [bold]{len(ingested.refused)}[/] refusals"
    )
    print_refused(ingested.refused)
    for made in result.simulated:
        console.print(
            f"{made.simulator}: {made.simulated} simulated, {made.refused} refused, "
            f"{made.already_there} already there"
        )
    from flows.quickstart import VIEWS

    for view, run in zip(VIEWS, result.described, strict=True):
        console.print(
            f"{view}: {run.computed} described, {run.refused} refused, "
            f"{run.already_there} already there"
        )
    print_query(lake, "checks (Great Expectations; every result is a row)", CHECKS)


def _learned(lake: Lake, result: QuickstartResult) -> None:
    _heading("What was learned")
    trained = result.trained
    sides = ", ".join(f"{len(trained.dataset.rows(s))} {s}" for s in SIDES)
    console.print(f"[bold]{trained.study.question}[/]")
    console.print(f"{sides}; no mineral is on two sides; manifest {trained.dataset.manifest}")
    print_comparison(lake, trained.study.name)
    if trained.study.claim:
        console.print(f"claim: {trained.study.claim.text}")
    print_outcome(trained)


def _questions(lake: Lake) -> None:
    _heading("What you can ask")
    for question, query in QUESTIONS:
        console.print(f"\n[bold]{question}[/]")
        console.print(Syntax(query, "sql", background_color="default"))
        print_query(lake, "", query)


def _unseen(lake: Lake) -> None:
    from flows.examples import write_unseen
    from training.answers import predict_file

    _heading("Patterns the models never saw (simulated with counting noise)")
    for mineral, file in write_unseen(lake.path / "unseen").items():
        console.print(f"\n{mineral}, from {file.name}:")
        for answer in predict_file(lake, "crystal_system", file, {}):
            print_answer("crystal_system", answer)


def _pictures(lake: Lake) -> list[Path]:
    from flows.pictures import draw_gallery
    from flows.quickstart import STUDY
    from registry.plugins import pick
    from training.report import draw_comparison, draw_confusion
    from training.studies import studies

    study = pick(studies(), "study", STUDY)
    return [draw_gallery(lake), draw_comparison(lake, study), draw_confusion(lake, study)]


def _goodbye(lake: Lake, pictures: list[Path], seconds: float) -> None:
    from ingest.checks.validate import data_docs

    here = Path.cwd()

    def short(path: Path) -> str:
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    name = short(lake.path)
    console.print()
    console.rule(f"[bold cyan]Done in {seconds:.0f} s")
    for picture in pictures:
        console.print(f"picture: {short(picture)}", soft_wrap=True)
    console.print(f"checks in a browser: {short(data_docs(lake))}", soft_wrap=True)
    commands = (
        "scatterlake status",
        "scatterlake ingest YOUR_FOLDER",
        "scatterlake sql 'from columns'",
        "scatterlake predict crystal_system PATTERN.xy",
        "scatterlake retrain crystal_system",
    )
    lines = [f"{command} --lake {name}" for command in commands]
    lines += ["", f"python -c \"import scatterlake as sl; print(sl.open('{name}').snapshot())\""]
    console.print(Panel("\n".join(lines), title="next", expand=False))


def _heading(text: str) -> None:
    console.print()
    console.rule(f"[bold cyan]{text}")
