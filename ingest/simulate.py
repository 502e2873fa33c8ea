"""Simulate spectra into the same table, never the same one twice.

A simulator of structures runs over rows of ``materials``; one that needs parameters only runs over
settings, given or drawn. Either way a task is one curve of a recipe, and a recipe of a thousand
curves goes on where it was stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ingest.draws import Range, drawn_settings, draws_recipe
from ingest.files import quarantine
from ingest.rows import row_of_spectrum
from ingest.simulators import Curve, Simulator, simulators
from registry.errors import Unsupported, WrongUse
from registry.lake import Lake
from registry.parallel import mapper
from registry.plugins import pick
from registry.records import Provenance, Refused, Spectrum
from registry.structures import structure_from_row

BATCH = 250


@dataclass(frozen=True)
class SimulationReport:
    """What a simulation run did."""

    simulator: str
    recipe: str
    simulated: int
    refused: int
    already_there: int
    seconds: float


@dataclass(frozen=True)
class Task:
    """One curve to simulate.

    Attributes:
        subject: What it is of: a ``material_id``, or a draw within its recipe.
        settings: Complete parameters.
        material: Row of ``materials``; None for parameters only.
        draw: Which draw, and by which seed; empty when none was made.
    """

    subject: str
    settings: dict[str, float]
    material: dict[str, Any] | None = None
    draw: dict[str, int] = field(default_factory=dict)


def simulate(  # noqa: PLR0913 - all but two are options with a default
    lake: Lake,
    name: str,
    *,
    parameters: Mapping[str, float | Range] | None = None,
    where: str = "true",
    draws: int | None = None,
    seed: int = 0,
    workers: int = 1,
    on: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationReport:
    """Simulate the curves of one recipe that are not there yet.

    Args:
        lake: The lake; rows go to ``spectra``.
        name: Simulator.
        parameters: What differs from the simulator's defaults; for draws also ranges (low, high).
        where: SQL condition on ``materials``, which a simulator of structures runs over.
        draws: For a simulator that needs parameters only, how many samples to draw from the
            ranges; without it, one curve of the parameters as given.
        seed: Of the draws.
        workers: Processes.
        on: Ray in place of processes: see :func:`registry.parallel.mapper`.
        progress: Called with (curves done, curves to do).

    Raises:
        NotFound: When there is no such simulator.
        WrongUse: For an unknown or impossible parameter, draws of structures, or a range without
            draws.
    """
    start = time.perf_counter()
    simulator: Simulator = pick(simulators(), "simulator", name)
    chosen = dict(parameters or {})
    if simulator.from_structure:
        recipe, tasks = _of_materials(lake, simulator, chosen, where, draws)
    else:
        recipe, tasks = _of_parameters(simulator, chosen, where, draws, seed)
    done = _done(lake, recipe)
    todo = [task for task in tasks if task.subject not in done]
    counts = {"simulated": 0, "refused": 0}
    with mapper(workers, on) as run:
        for first in range(0, len(todo), BATCH):
            batch = todo[first : first + BATCH]
            outcomes = list(run(partial(simulate_one, name), batch))
            _write(lake, simulator, recipe, batch, outcomes, counts)
            if progress:
                progress(first + len(batch), len(todo))
    there = len(tasks) - len(todo)
    return SimulationReport(
        name, recipe, counts["simulated"], counts["refused"], there, time.perf_counter() - start
    )


def simulate_one(name: str, task: Task) -> Curve | Unsupported:
    """Simulate one curve; a refusal is returned, so that it can cross processes."""
    structure = None if task.material is None else structure_from_row(task.material)
    try:
        return simulators()[name].run(structure, task.settings)
    except Unsupported as refusal:
        return refusal


def _of_materials(
    lake: Lake,
    simulator: Simulator,
    chosen: Mapping[str, float | Range],
    where: str,
    draws: int | None,
) -> tuple[str, list[Task]]:
    """A task for every structure."""
    if draws is not None:
        raise WrongUse("draws", f"none: {simulator.name} simulates structures", str(draws))
    settings = simulator.settings(**_values(simulator, chosen))
    rows = lake.sql(
        f"""
        SELECT material_id, lattice, species, positions
        FROM materials WHERE ({where}) AND NOT retracted ORDER BY material_id
        """
    ).to_pylist()
    tasks = [Task(row["material_id"], settings, row) for row in rows]
    return simulator.recipe(settings), tasks


def _of_parameters(
    simulator: Simulator,
    chosen: Mapping[str, float | Range],
    where: str,
    draws: int | None,
    seed: int,
) -> tuple[str, list[Task]]:
    """A task for every draw, or one for the parameters as given."""
    if where != "true":
        raise WrongUse("where", f"none: {simulator.name} needs no structures", where)
    if draws is None:
        settings = simulator.settings(**_values(simulator, chosen))
        recipe = simulator.recipe(settings)
        return recipe, [Task(_subject(recipe), settings)]
    recipe = draws_recipe(simulator, chosen, seed)
    every = enumerate(drawn_settings(simulator, chosen, draws, seed))
    return recipe, [
        Task(_subject(recipe, n), settings, draw={"draw": n, "draw_seed": seed})
        for n, settings in every
    ]


def _values(simulator: Simulator, chosen: Mapping[str, float | Range]) -> dict[str, float]:
    for name, value in chosen.items():
        if isinstance(value, Sequence):
            raise WrongUse(f"{simulator.name}: {name}", "a number; a range needs draws", f"{value}")
    return {name: value for name, value in chosen.items() if not isinstance(value, tuple)}


def _subject(recipe: str, draw: int | None = None) -> str:
    return f"{recipe}:{draw}"


def _done(lake: Lake, recipe: str) -> set[str]:
    """Subjects that have a curve of this recipe, or were refused by it."""
    curves = lake.sql("SELECT material_id, parameters FROM spectra WHERE recipe = $1", [recipe])
    refusals = lake.sql(
        "SELECT file_digest FROM quarantine WHERE stage = 'simulate' AND file_part = $1", [recipe]
    )
    simulated = {
        row["material_id"] or _subject(recipe, json.loads(row["parameters"]).get("draw"))
        for row in curves.to_pylist()
    }
    return simulated | set(refusals["file_digest"].to_pylist())


def _write(
    lake: Lake,
    simulator: Simulator,
    recipe: str,
    batch: list[Task],
    outcomes: list[Curve | Unsupported],
    counts: dict[str, int],
) -> None:
    rows, refused = [], []
    for task, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, Curve):
            rows.append(row_of_spectrum(_spectrum(simulator, recipe, task, outcome)))
        else:
            refused.append(_refusal(simulator, recipe, task, outcome))
    counts["simulated"] += lake.append("spectra", rows)
    counts["refused"] += quarantine(lake, refused)


def _spectrum(simulator: Simulator, recipe: str, task: Task, curve: Curve) -> Spectrum:
    return Spectrum(
        technique=simulator.technique,
        kind="simulated",
        x=curve.x,
        axes=curve.axes,
        intensity=curve.intensity,
        intensity_unit=curve.intensity_unit,
        uncertainty=curve.uncertainty,
        resolution=curve.resolution,
        material_id=None if task.material is None else task.subject,
        wavelength=curve.wavelength,
        absorber=curve.absorber,
        edge=curve.edge,
        temperature=curve.temperature,
        provenance=Provenance(
            simulator.name, simulator.version, task.settings | task.draw, recipe=recipe
        ),
    )


def _refusal(simulator: Simulator, recipe: str, task: Task, why: Unsupported) -> Refused:
    kind = "curve" if task.material is None else "material"
    return Refused(
        file_name=f"{kind} {task.subject}",
        file_digest=task.subject,
        stage="simulate",
        where=f"{simulator.name}: {why.where}",
        expected=why.expected,
        found=why.found,
        content=b"",
        file_part=recipe,
    )
