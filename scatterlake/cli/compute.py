"""``scatterlake simulate`` and ``features``: what is computed from structures or parameters."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from registry.errors import WrongUse
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    SetOption,
    WhereOption,
    WorkersOption,
    console,
    print_table,
    progress_bar,
    settings,
)

features = typer.Typer(help="Descriptors of the structures, kept in the feature store.")
app.add_typer(features, name="features")

DrawsOption = Annotated[
    int | None, typer.Option("--draws", min=1, help="Samples to draw at random.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")]


@app.command()
def simulate(
    technique: Annotated[str, typer.Argument(help="Simulator; an unknown name lists all.")],
    lake: LakeOption = DEFAULT_LAKE,
    where: WhereOption = "true",
    pairs: SetOption = None,
    draws: DrawsOption = None,
    seed: SeedOption = 0,
    workers: WorkersOption = 1,
) -> None:
    """Simulate a pattern of every structure that has none with these settings yet.

    Samples without structure (particles: saxs_*, sans_*; layers: nr, xrr) are parameters: one
    curve of those given, or with --draws as many samples drawn at random, each parameter from
    the range that the simulator declares or that --set NAME=LOW:HIGH gives.
    """
    from ingest.simulate import simulate as run

    with progress_bar(f"simulating {technique}") as progress:
        report = run(
            Lake.existing(lake),
            technique,
            parameters=_with_ranges(settings(pairs)),
            where=where,
            draws=draws,
            seed=seed,
            workers=workers,
            progress=progress,
        )
    console.print(
        f"{technique}: {report.simulated} simulated, {report.already_there} already there, "
        f"{report.refused} refused, in {report.seconds:.1f} s"
    )


def _with_ranges(given: dict[str, Any]) -> dict[str, Any]:
    """Settings in which ``LOW:HIGH`` has become a range; another text is no number."""
    return {n: _range(n, v) if isinstance(v, str) else v for n, v in given.items()}


def _range(name: str, text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        return float(low), float(high)
    except ValueError as error:
        raise WrongUse(f"--set {name}", "a number, or LOW:HIGH", repr(text)) from error


@features.command()
def compute(
    view: Annotated[str, typer.Argument(help="Descriptor: see 'features list'.")],
    lake: LakeOption = DEFAULT_LAKE,
    where: WhereOption = "true",
    pairs: SetOption = None,
    workers: WorkersOption = 1,
) -> None:
    """Compute a descriptor of every structure that has no value of it yet."""
    from features.store import FeatureStore

    with progress_bar(f"computing {view}") as progress:
        report = FeatureStore(Lake.existing(lake)).compute(
            view, settings(pairs), where=where, workers=workers, progress=progress
        )
    console.print(
        f"{view} ({report.view_id[:8]}): {report.computed} computed, "
        f"{report.already_there} already there, {report.refused} refused, in {report.seconds:.1f} s"
    )


@features.command("list")
def list_views(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Which descriptors there are, and for how many structures they are computed."""
    from features.descriptor import descriptors
    from features.store import FeatureStore

    stored = FeatureStore(Lake.existing(lake)).views()
    rows = [
        (
            v["name"],
            v["version"],
            v["width"],
            v["entities"],
            v["refused"],
            json.dumps(v["parameters"]),
        )
        for v in stored
    ]
    unused = sorted(set(descriptors()) - {v["name"] for v in stored})
    rows += [
        (d.name, d.version, d.width(d.parameters), 0, 0, json.dumps(dict(d.parameters)))
        for d in (descriptors()[name] for name in unused)
    ]
    names = ("view", "version", "width", "structures", "refused", "parameters")
    print_table("feature views", names, rows)
