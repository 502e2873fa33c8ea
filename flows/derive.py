"""Flows: what is computed, spectra by simulation and features by description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from prefect import flow, task

from features.store import ComputeReport, FeatureStore
from flows.artifacts import keep_described, keep_simulated
from flows.ingest import validate
from flows.reporting import counter, report
from flows.steps import AGAIN, HOUR, alone, lake_and_code
from ingest.draws import Range
from ingest.simulate import SimulationReport
from ingest.simulate import simulate as simulate_rows
from ingest.simulators import simulators as known
from registry.events import emit
from registry.lake import Lake
from registry.plugins import pick


@task(timeout_seconds=48 * HOUR, cache_key_fn=lake_and_code, persist_result=True, **AGAIN)
def simulate_one(
    lake: str,
    simulator: str,
    parameters: Mapping[str, float | Range],
    where: str,
    draws: int | None,
    seed: int,
    workers: int,
    on: str | None = None,
) -> SimulationReport:
    """Simulate every curve of this simulator and its parameters that is not there yet."""
    with alone(lake, f"simulate-{simulator}"):
        done = simulate_rows(
            Lake.existing(lake),
            simulator,
            parameters=parameters,
            where=where,
            draws=draws,
            seed=seed,
            workers=workers,
            on=on,
            progress=counter(f"simulating {simulator}"),
        )
    emit("simulated", lake, **asdict(done))
    return done


@task(timeout_seconds=48 * HOUR, cache_key_fn=lake_and_code, persist_result=True, **AGAIN)
def compute_views(
    lake: str,
    views: Mapping[str, Mapping[str, Any]],
    where: str,
    spectra_where: str,
    workers: int,
    on: str | None,
) -> list[ComputeReport]:
    """Describe every structure and spectrum that has no value of these views yet."""
    with alone(lake, "featurize"):
        reports = FeatureStore(Lake.existing(lake)).compute_all(
            views,
            where=where,
            spectra_where=spectra_where,
            workers=workers,
            on=on,
            progress=lambda name, done, total: report(f"describing by {name}", done, total),
        )
    for name, done in zip(views, reports, strict=True):
        emit("described", lake, view=name, **asdict(done))
    return reports


@flow(name="simulate")
def simulate(
    lake: str,
    simulators: Mapping[str, Mapping[str, float | Range]],
    where: str = "true",
    workers: int = 1,
    draws: dict[str, int] | None = None,
    seed: int = 0,
    on: str | None = None,
) -> list[SimulationReport]:
    """Simulate curves by name and parameters, and validate them.

    ``where`` picks structures for the simulators that need them; ``draws`` tells how many samples
    to draw, with ``seed``, for those that need parameters only; ``on`` is Ray, in place of
    processes.
    """
    reports = []
    for name, parameters in simulators.items():
        count = (draws or {}).get(name)
        # samples that are parameters only have no structures to pick from
        condition = where if pick(known(), "simulator", name).from_structure else "true"
        reports.append(simulate_one(lake, name, parameters, condition, count, seed, workers, on))
    keep_simulated(lake, reports)
    validate(lake)
    return reports


@flow(name="featurize")
def featurize(
    lake: str,
    views: Sequence[str] | Mapping[str, Mapping[str, Any]],
    where: str = "true",
    spectra_where: str = "true",
    workers: int = 1,
    on: str | None = None,
) -> list[ComputeReport]:
    """Compute feature views, of structures and of spectra.

    ``views`` names descriptors, or gives what differs from their parameters by name; ``where``
    picks structures, ``spectra_where`` spectra; ``on`` is Ray, in place of processes.
    """
    wanted = views if isinstance(views, Mapping) else {name: {} for name in views}
    reports: list[ComputeReport] = compute_views(lake, wanted, where, spectra_where, workers, on)
    keep_described(lake, dict(zip(wanted, reports, strict=True)))
    return reports
