"""``scatterlake models`` and ``predict``: which model, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    SetOption,
    console,
    print_table,
    settings,
)

if TYPE_CHECKING:
    from training.answers import FileAnswer

models = typer.Typer(help="The model registry.")
app.add_typer(models, name="models")

FOUND = ("alias", "algorithm", "inputs", "score_simulated", "score_measured", "stale")


@models.command()
def find(
    lake: LakeOption = DEFAULT_LAKE,
    predicts: Annotated[str | None, typer.Option(help="Target, such as crystal_system.")] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="Technique or feature view it reads.")
    ] = None,
    champion: Annotated[bool, typer.Option(help="Only champions.")] = False,
    min_score: Annotated[float | None, typer.Option(help="Smallest score.")] = None,
) -> None:
    """Which model predicts what, from what, and how well."""
    from training.lookup import find_models

    target = predicts.strip().replace(" ", "_") if predicts else None
    rows = find_models(Lake.existing(lake), target, source, champion, min_score)
    heads = ["model", *(name.removeprefix("score_") for name in FOUND)]
    found = [[f"{row['model']}@{row['version']}", *(row[name] for name in FOUND)] for row in rows]
    print_table("models", heads, found)
    if not rows:
        console.print("none; all there are: scatterlake models find")


@models.command()
def sync(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Make the table of models again from what MLflow has registered."""
    from training.registration import mirror

    console.print(f"{mirror(Lake.existing(lake))} model versions in step with MLflow")


@app.command()
def predict(
    model: Annotated[str, typer.Argument(help="Model, model@version or model@alias.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A measured curve.")],
    lake: LakeOption = DEFAULT_LAKE,
    wavelength: Annotated[float | None, typer.Option(help="Wavelength (angstrom).")] = None,
    pairs: SetOption = None,
) -> None:
    """Ask a registered model about a file; the answer is kept in 'predictions'."""
    from training.answers import predict_file

    hints = settings(pairs) | ({"wavelength": wavelength} if wavelength else {})
    for answer in predict_file(Lake.existing(lake), model, file, hints):
        print_answer(model.partition("@")[0], answer)


def print_answer(model: str, answer: FileAnswer) -> None:
    """Print what a model said about one curve, with what it is judged by."""
    said = answer.prediction
    likely = ", ".join(
        f"{name} {share:.0%}" for name, share in list(said.probabilities.items())[:3]
    )
    title = answer.spectrum.title or answer.spectrum.provenance.file_name
    console.print(f"[bold]{title}[/]: {likely}", highlight=False)
    near = [(n.name, n.label, n.similarity) for n in said.neighbours[:3]]
    asked = f"{model} version {answer.version} ({answer.algorithm}); most similar in its training"
    print_table(asked, ("mineral", "label", "similarity"), near)
    if said.out_of_domain:
        console.print("[yellow]unlike anything it was trained on: do not trust this answer[/]")
