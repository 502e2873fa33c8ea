"""Writes rows of ``spectra`` into a lake; tests run several of these at once, and kill them.

Prints a line for every commit when it was acknowledged: first row, rows that were new.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from registry.lake import Lake


def curves(ids: range, points: int = 50) -> list[dict[str, Any]]:
    """Rows with a parabola each, the number of the row as its height."""
    x = np.linspace(0, 2, points)
    return [
        {
            "spectrum_id": f"s{n}",
            "technique": "xrd",
            "kind": "simulated",
            "x": x,
            "intensity": (n * x * x).astype(np.float32),
            "shape": [points],
        }
        for n in ids
    ]


if __name__ == "__main__":
    uri, first, commits, size = sys.argv[1], *map(int, sys.argv[2:])
    lake = Lake.existing(uri)
    for n in range(first, first + commits * size, size):
        added = lake.append("spectra", curves(range(n, n + size)))
        print(n, added, flush=True)  # noqa: T201
