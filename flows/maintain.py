"""Flow: keep the tables fast."""

from __future__ import annotations

from prefect import flow, task

from registry.lake import Lake


@task(retries=2, retry_delay_seconds=10)
def maintain_table(lake: str, table: str) -> None:
    """Compact one table when its small files have piled up."""
    Lake.existing(lake)[table].maintain()


@flow(name="maintain")
def maintain(lake: str) -> None:
    """Compact every table of a lake that needs it."""
    for table in Lake.existing(lake).tables:
        maintain_table(lake, table)
