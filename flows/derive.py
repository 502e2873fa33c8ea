"""Flows: what is computed, spectra by simulation and features of structures by description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect import flow, task

from features.store import ComputeReport, FeatureStore
from flows.ingest import validate
from flows.reporting import counter
from ingest.draws import Range
from ingest.simulate import SimulationReport
from ingest.simulate import simulate as simulate_rows
from ingest.simulators import simulators as known
from registry.lake import Lake
from registry.plugins import pick


@task(retries=1)
def simulate_one(
    lake: str,
    simulator: str,
    parameters: Mapping[str, float | Range],
    where: str,
    draws: int | None,
    seed: int,
    workers: int,
) -> SimulationReport:
    """Simulate every curve of this simulator and its parameters that is not there yet."""
    return simulate_rows(
        Lake.existing(lake),
        simulator,
        parameters=parameters,
        where=where,
        draws=draws,
        seed=seed,
        workers=workers,
        progress=counter(f"simulating {simulator}"),
    )


@task(retries=1)
def compute_one(
    lake: str, view: str, parameters: dict[str, Any], where: str, workers: int
) -> ComputeReport:
    """Describe every structure that has no value of this view yet."""
    return FeatureStore(Lake.existing(lake)).compute(
        view, parameters, where=where, workers=workers, progress=counter(f"describing by {view}")
    )


@flow(name="simulate")
def simulate(
    lake: str,
    simulators: Mapping[str, Mapping[str, float | Range]],
    where: str = "true",
    workers: int = 1,
    draws: dict[str, int] | None = None,
    seed: int = 0,
) -> list[SimulationReport]:
    """Simulate curves by name and parameters, and validate them.

    ``where`` picks structures for the simulators that need them; ``draws`` tells how many samples
    to draw, with ``seed``, for those that need parameters only.
    """
    reports = []
    for name, parameters in simulators.items():
        count = (draws or {}).get(name)
        # samples that are parameters only have no structures to pick from
        condition = where if pick(known(), "simulator", name).from_structure else "true"
        reports.append(simulate_one(lake, name, parameters, condition, count, seed, workers))
    validate(lake)
    return reports


@flow(name="featurize")
def featurize(
    lake: str, views: list[str], where: str = "true", workers: int = 1
) -> list[ComputeReport]:
    """Compute feature views of the lake's structures."""
    return [compute_one(lake, view, {}, where, workers) for view in views]
