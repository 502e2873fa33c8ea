"""Flows: keep the tables quick, and prove them whole."""

from __future__ import annotations

from prefect import flow, task

from registry.errors import LakeError
from registry.lake import Lake
from registry.upkeep import maintain as maintain_one
from registry.upkeep import verify as verify_lake


@task(retries=2, retry_delay_seconds=10)
def maintain_table(lake: str, table: str) -> list[str]:
    """Compact, checkpoint and vacuum one table; returns what was found damaged."""
    return list(maintain_one(Lake.existing(lake), table).damaged.values())


@flow(name="maintain")
def maintain(lake: str) -> None:
    """Keep every table of a lake quick and small.

    Raises:
        LakeError: When data files were found damaged; everything else was done before.
    """
    damaged = [
        found for table in Lake.existing(lake).tables for found in maintain_table(lake, table)
    ]
    if damaged:
        raise LakeError("damaged data files:\n" + "\n".join(damaged))


@flow(name="verify")
def verify(lake: str) -> None:
    """Compare every byte of a lake with its checksums.

    Raises:
        LakeError: Names every damaged data file.
    """
    found = verify_lake(Lake.existing(lake))
    if found:
        raise LakeError("damaged data files:\n" + "\n".join(map(str, found)))
