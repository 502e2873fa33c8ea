"""Flows: keep the tables quick, and prove them whole."""

from __future__ import annotations

from dataclasses import asdict

from prefect import flow, task

from flows.artifacts import keep_maintained
from flows.steps import AGAIN, HOUR, alone
from registry.errors import LakeError
from registry.events import emit
from registry.lake import Lake
from registry.tables.maintenance import Upkeep
from registry.upkeep import maintain as maintain_one
from registry.upkeep import verify as verify_lake


@task(timeout_seconds=12 * HOUR, **AGAIN)
def maintain_table(lake: str, table: str) -> Upkeep:
    """Compact, checkpoint and vacuum one table."""
    with alone(lake, f"maintain-{table}"):
        done = maintain_one(Lake.existing(lake), table)
    emit("maintained", lake, "error" if done.damaged else "info", **asdict(done))
    return done


@flow(name="maintain")
def maintain(lake: str) -> None:
    """Keep every table of a lake quick and small.

    Raises:
        LakeError: When data files were found damaged; everything else was done before.
    """
    reports: list[Upkeep] = [maintain_table(lake, table) for table in Lake.existing(lake).tables]
    keep_maintained(lake, reports)
    damaged = [why for each in reports for why in each.damaged.values()]
    if damaged:
        raise LakeError("damaged data files:\n" + "\n".join(damaged))


@flow(name="verify")
def verify(lake: str) -> None:
    """Compare every byte of a lake with its checksums.

    Raises:
        LakeError: Names every damaged data file.
    """
    found = [str(damage) for damage in verify_lake(Lake.existing(lake))]
    emit("verified", lake, "error" if found else "info", damaged=found)
    if found:
        raise LakeError("damaged data files:\n" + "\n".join(found))
