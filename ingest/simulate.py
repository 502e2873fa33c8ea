"""Simulate spectra of the lake's structures into the same table, never the same one twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ingest.files import quarantine
from ingest.rows import row_of_spectrum
from ingest.simulators import Curve, Simulator, simulators
from registry.errors import Unsupported
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


def simulate(
    lake: Lake,
    name: str,
    *,
    parameters: dict[str, float] | None = None,
    where: str = "true",
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationReport:
    """Simulate one kind of pattern for every structure that has none of this recipe yet.

    Args:
        lake: The lake; its ``materials`` are simulated, rows go to ``spectra``.
        name: Simulator.
        parameters: What differs from the simulator's defaults.
        where: SQL condition on ``materials``.
        workers: Processes.
        progress: Called with (structures done, structures to do).

    Raises:
        NotFound: When there is no such simulator.
        WrongUse: For an unknown or impossible parameter.
    """
    start = time.perf_counter()
    simulator: Simulator = pick(simulators(), "simulator", name)
    settings = simulator.settings(**(parameters or {}))
    recipe = simulator.recipe(settings)
    todo, there = _missing(lake, recipe, where)
    counts = {"simulated": 0, "refused": 0}
    with mapper(workers) as run:
        for first in range(0, len(todo), BATCH):
            batch = todo[first : first + BATCH]
            outcomes = list(run(partial(simulate_one, name, settings), batch))
            _write(lake, simulator, settings, batch, outcomes, counts)
            if progress:
                progress(first + len(batch), len(todo))
    return SimulationReport(
        name, recipe, counts["simulated"], counts["refused"], there, time.perf_counter() - start
    )


def simulate_one(name: str, settings: dict[str, float], row: dict[str, Any]) -> Curve | Unsupported:
    """Simulate a row of ``materials``; a refusal is returned, so that it can cross processes."""
    try:
        return simulators()[name].run(structure_from_row(row), settings)
    except Unsupported as refusal:
        return refusal


def _missing(lake: Lake, recipe: str, where: str) -> tuple[list[dict[str, Any]], int]:
    """Structures without this recipe, and how many have it (or were refused by it)."""
    rows = lake.sql(
        f"""
        WITH done AS (
            SELECT material_id FROM spectra WHERE recipe = $1
            UNION SELECT file_digest FROM quarantine WHERE stage = 'simulate' AND file_part = $1
        ), wanted AS (SELECT * FROM materials WHERE ({where}) AND NOT retracted)
        SELECT material_id, lattice, species, positions, material_id IN (FROM done) AS done
        FROM wanted ORDER BY material_id
        """,
        [recipe],
    ).to_pylist()
    return [row for row in rows if not row["done"]], sum(row["done"] for row in rows)


def _write(
    lake: Lake,
    simulator: Simulator,
    settings: dict[str, float],
    batch: list[dict[str, Any]],
    outcomes: list[Curve | Unsupported],
    counts: dict[str, int],
) -> None:
    rows, refused = [], []
    for material, outcome in zip(batch, outcomes, strict=True):
        identity = material["material_id"]
        if isinstance(outcome, Curve):
            rows.append(row_of_spectrum(_spectrum(simulator, settings, identity, outcome)))
        else:
            refused.append(_refusal(simulator, settings, identity, outcome))
    counts["simulated"] += lake.append("spectra", rows)
    counts["refused"] += quarantine(lake, refused)


def _spectrum(
    simulator: Simulator, settings: dict[str, float], material_id: str, curve: Curve
) -> Spectrum:
    return Spectrum(
        technique=simulator.technique,
        kind="simulated",
        x=curve.x,
        intensity=curve.intensity,
        intensity_unit=curve.intensity_unit,
        uncertainty=curve.uncertainty,
        material_id=material_id,
        wavelength=curve.wavelength,
        provenance=Provenance(
            simulator.name, simulator.version, dict(settings), recipe=simulator.recipe(settings)
        ),
    )


def _refusal(
    simulator: Simulator, settings: dict[str, float], material_id: str, why: Unsupported
) -> Refused:
    return Refused(
        file_name=f"material {material_id}",
        file_digest=material_id,
        stage="simulate",
        where=f"{simulator.name}: {why.where}",
        expected=why.expected,
        found=why.found,
        content=b"",
        file_part=simulator.recipe(settings),
    )
