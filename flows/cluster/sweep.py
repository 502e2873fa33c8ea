"""Flow: many simulators at once, each a Prefect task on a Ray (``prefect-ray``)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from prefect import Flow, flow

from flows.derive import simulate_one
from ingest.draws import Range
from ingest.simulate import SimulationReport
from registry.errors import WrongUse
from registry.parallel import CLUSTER


@flow(name="sweep")
def sweep(
    lake: str,
    simulators: Mapping[str, Mapping[str, float | Range]],
    draws: Mapping[str, int] | None = None,
    seed: int = 0,
) -> list[SimulationReport]:
    """Simulate by several simulators side by side; each task writes what it made.

    Args:
        lake: The lake, reachable from every worker.
        simulators: Parameters by name of the simulator.
        draws: How many samples to draw, for those that need parameters only.
        seed: Of the draws.
    """
    counts = draws or {}
    running = [
        simulate_one.submit(lake, name, parameters, "true", counts.get(name), seed, 1)
        for name, parameters in simulators.items()
    ]
    return [one.result() for one in running]


def on_ray_tasks(chosen: Flow[Any, Any], workers: int, on: str = CLUSTER) -> Flow[Any, Any]:
    """A flow whose submitted tasks run on a Ray; needs a Prefect server that its workers reach.

    Args:
        chosen: The flow.
        workers: Of a Ray of this machine.
        on: ``ray``, or ``ray://host:port`` of a cluster that is up.

    Raises:
        WrongUse: When the extra ``cluster`` is not installed.
    """
    try:
        runner = importlib.import_module("prefect_ray").RayTaskRunner
    except ImportError as error:
        expected = "the extra cluster: pip install 'scatterlake[cluster]'"
        raise WrongUse(f"tasks on {on}", expected, "no prefect-ray") from error
    quiet = {"num_cpus": workers, "include_dashboard": False, "log_to_driver": False}
    on_it = runner(init_kwargs=quiet) if on == CLUSTER else runner(address=on)
    return chosen.with_options(task_runner=on_it)
