"""``scatterlake simulate``: spectra computed from structures or parameters."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from registry.errors import WrongUse
from registry.events import emit
from scatterlake import Lake
from scatterlake.cli import app
from scatterlake.cli._console import (
    DEFAULT_LAKE,
    LakeOption,
    OnOption,
    SetOption,
    WhereOption,
    WorkersOption,
    console,
    progress_bar,
    settings,
)

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
    on: OnOption = None,
) -> None:
    """Simulate a pattern of every structure that has none with these settings yet.

    Samples without structure (particles: saxs_*, sans_*; layers: nr, xrr) are parameters: one
    curve of those given, or with --draws as many samples drawn at random, each parameter from
    the range that the simulator declares or that --set NAME=LOW:HIGH gives.
    """
    from ingest.simulate import simulate as run

    opened = Lake.existing(lake)
    with progress_bar(f"simulating {technique}") as progress:
        report = run(
            opened,
            technique,
            parameters=_with_ranges(settings(pairs)),
            where=where,
            draws=draws,
            seed=seed,
            workers=workers,
            on=on,
            progress=progress,
        )
    emit("simulated", opened.uri, **asdict(report))
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
