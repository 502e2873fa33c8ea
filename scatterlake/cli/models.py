"""``scatterlake models``: which model there is, how good, who leads, who decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    REFUSED,
    LakeOption,
    console,
    print_table,
)
from scatterlake.cli._dossier import print_dossier, told_difference

if TYPE_CHECKING:
    from training.answers import FileAnswer
    from training.predict import Prediction

models = typer.Typer(help="The model registry.")
app.add_typer(models, name="models")

FOUND = ("alias", "algorithm", "inputs", "score_simulated", "score_measured", "stale")

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="MODEL, MODEL/VERSION or MODEL@ALIAS.")
]
WhyOption = Annotated[str, typer.Option("--why", help="Reason; it is kept.")]


@models.command()
def find(
    lake: LakeOption = DEFAULT_LAKE,
    predicts: Annotated[str | None, typer.Option(help="Target, such as crystal_system.")] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="Technique or feature view it reads.")
    ] = None,
    champion: Annotated[bool, typer.Option(help="Only champions.")] = False,
    min_score: Annotated[
        float | None, typer.Option(help="Smallest score; of an error the largest.")
    ] = None,
    min_measured_accuracy: Annotated[
        float | None, typer.Option(help="Smallest accuracy on measured data.")
    ] = None,
    element: Annotated[
        str | None, typer.Option(help="Trained on materials that hold this element, such as Fe.")
    ] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Also retired ones.")] = False,
) -> None:
    """Which model predicts what, from what, and how well."""
    from training.lookup import find_models

    rows = find_models(
        Lake.existing(lake),
        predicts,
        source,
        champion,
        min_score,
        min_measured_accuracy,
        element,
        retired,
    )
    heads = ["model", *(name.removeprefix("score_") for name in FOUND)]
    found = [[f"{row['model']}@{row['version']}", *(row[name] for name in FOUND)] for row in rows]
    print_table("models", heads, found)
    if not rows:
        console.print("none; all there are: scatterlake models find")


@models.command()
def show(model: ModelArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """Card of a model version, its scores, what it was made from, every decision about it."""
    from training.dossier import dossier
    from training.lookup import split_reference

    print_dossier(dossier(Lake.existing(lake), *split_reference(model)))


@models.command()
def compare(first: ModelArgument, second: ModelArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """How much better the second model is on members that neither was trained on."""
    from training.comparing import compare_versions
    from training.lookup import split_reference
    from training.metrics import metric_named

    found = compare_versions(Lake.existing(lake), split_reference(first), split_reference(second))
    if not found:
        console.print("nothing to compare on: each test member was seen by one of them")
        return
    metric = metric_named(found[0].hold_out.metric)
    rows = [
        (one.hold_out.kind, len(one.hold_out.truth), one.first, one.second, told_difference(one))
        for one in found
    ]
    print_table(
        f"{metric.title} on the same hold-out; {metric.difference}, 95 % paired bootstrap",
        ("members", "n", first, second, "second better by"),
        rows,
    )


@models.command()
def promote(model: ModelArgument, lake: LakeOption = DEFAULT_LAKE) -> None:
    """Make a version champion, if it is shown to be better than the one there is."""
    from training.comparing import promote as promote_version
    from training.lookup import split_reference

    name, which = split_reference(model)
    decision = promote_version(Lake.existing(lake), name, which)
    state = "promoted" if decision.promote else "not promoted"
    console.print(f"{model} {state}: {decision.reason}", highlight=False)
    if not decision.promote:
        raise typer.Exit(REFUSED)


@models.command()
def rollback(
    model: Annotated[str, typer.Argument(help="Model whose earlier champion comes back.")],
    why: WhyOption = "",
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Make the champion before this one champion again."""
    from training.aliases import rollback as roll_back
    from training.tracking import client

    opened = Lake.existing(lake)
    version = roll_back(opened, client(opened), model, why)
    console.print(f"{model}/{version} is champion again", highlight=False)


@models.command()
def retire(
    model: ModelArgument,
    why: WhyOption = "",
    undo: Annotated[bool, typer.Option("--undo", help="Put it back into service.")] = False,
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Take a version out of service: it leads nothing and is asked only by its number."""
    from training.aliases import reinstate
    from training.aliases import retire as retire_version
    from training.lookup import one_model, split_reference
    from training.tracking import client

    opened = Lake.existing(lake)
    name, which = split_reference(model)
    version = one_model(opened, name, which)["version"]
    if undo:
        reinstate(opened, client(opened), name, version, why)
        console.print(f"{name}/{version} is in service again: scatterlake models promote to lead")
        return
    led = retire_version(opened, client(opened), name, version, why)
    console.print(f"{name}/{version} is retired", highlight=False)
    if led:
        console.print(f"{name} has no champion now: scatterlake models promote or rollback")


@models.command()
def sync(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Make the table of models again from what MLflow has registered."""
    from training.registration import mirror

    console.print(f"{mirror(Lake.existing(lake))} model versions in step with MLflow")


@models.command()
def serve(
    model: ModelArgument,
    lake: LakeOption = DEFAULT_LAKE,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen.")] = 5001,
) -> None:
    """Verify a version and have MLflow serve it: POST /invocations takes curves as JSON."""
    from training.lookup import split_reference
    from training.serving import serve as serve_version

    raise typer.Exit(serve_version(Lake.existing(lake), *split_reference(model), host, port))


def print_answer(model: str, answer: FileAnswer) -> None:
    """Print what a model said about one curve, with what it is judged by."""
    said = answer.prediction
    title = answer.spectrum.title or answer.spectrum.provenance.file_name
    console.print(f"[bold]{title}[/]: {_answer(said)}", highlight=False)
    near = [(n.name, n.label, n.similarity) for n in said.neighbours[:3]]
    asked = f"{model} version {answer.version} ({answer.algorithm}); most similar in its training"
    print_table(asked, ("mineral", "label", "similarity"), near)
    known = f"a known one has {said.domain_threshold:.3f} or more"
    console.print(f"similarity {said.similarity:.3f}; {known}", highlight=False)
    if said.out_of_domain:
        console.print("[yellow]unlike anything it was trained on: do not trust this answer[/]")


def _answer(said: Prediction) -> str:
    """The answer in one line: classes, a value with its interval, or a code."""
    if said.probabilities:
        shares = list(said.probabilities.items())[:3]
        line = ", ".join(f"{name} {share:.0%}" for name, share in shares)
        return f"{line}; {said.level:.0%} set: {', '.join(said.likely)}" if said.likely else line
    if said.codes:
        codes = " ".join(f"{code:.3g}" for code in said.codes)
        return f"code {codes}" if said.value is None else f"cluster {said.value}, code {codes}"
    value = f"{float(said.value or 'nan'):.4g} {said.unit}".rstrip()
    if said.interval is None:
        return value
    return f"{value}, {said.level:.0%} interval {said.interval[0]:.4g} to {said.interval[1]:.4g}"
