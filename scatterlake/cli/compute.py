"""``scatterlake simulate`` and ``features``: what is computed from structures."""

from __future__ import annotations

import json
from typing import Annotated

import typer

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


@app.command()
def simulate(
    technique: Annotated[str, typer.Argument(help="Simulator: xrd, npd, xpdf, npdf.")],
    lake: LakeOption = DEFAULT_LAKE,
    where: WhereOption = "true",
    pairs: SetOption = None,
    workers: WorkersOption = 1,
) -> None:
    """Simulate a pattern of every structure that has none with these settings yet."""
    from ingest.simulate import simulate as run

    with progress_bar(f"simulating {technique}") as progress:
        report = run(
            Lake.existing(lake),
            technique,
            parameters=settings(pairs),
            where=where,
            workers=workers,
            progress=progress,
        )
    console.print(
        f"{technique}: {report.simulated} simulated, {report.already_there} already there, "
        f"{report.refused} refused, in {report.seconds:.1f} s"
    )


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
    from features.descriptors import descriptors
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
