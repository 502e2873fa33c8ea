"""Flows: what is computed from structures, spectra by simulation and features by description."""

from __future__ import annotations

from typing import Any

from prefect import flow, task

from features.store import ComputeReport, FeatureStore
from flows.ingest import validate
from flows.reporting import counter
from ingest.simulate import SimulationReport
from ingest.simulate import simulate as simulate_rows
from registry.lake import Lake


@task(retries=1)
def simulate_one(
    lake: str, simulator: str, parameters: dict[str, float], where: str, workers: int
) -> SimulationReport:
    """Simulate every structure that has no pattern of this simulator yet."""
    return simulate_rows(
        Lake.existing(lake),
        simulator,
        parameters=parameters,
        where=where,
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
    simulators: dict[str, dict[str, float]],
    where: str = "true",
    workers: int = 1,
) -> list[SimulationReport]:
    """Simulate patterns of the lake's structures, by name and parameters, and validate them."""
    reports = [
        simulate_one(lake, name, parameters, where, workers)
        for name, parameters in simulators.items()
    ]
    validate(lake)
    return reports


@flow(name="featurize")
def featurize(
    lake: str, views: list[str], where: str = "true", workers: int = 1
) -> list[ComputeReport]:
    """Compute feature views of the lake's structures."""
    return [compute_one(lake, view, {}, where, workers) for view in views]
