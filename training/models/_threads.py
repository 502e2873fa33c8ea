"""How many threads a fit is worth."""

from __future__ import annotations

FEW_ROWS = 10_000
"""Below this, threads wait longer for each other than they work (2 shared cores, 600 rows)."""


def threads(rows: int) -> int | None:
    """One thread for few rows, None (the library's own choice) for many."""
    return 1 if rows < FEW_ROWS else None
