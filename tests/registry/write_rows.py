"""Writes rows of ``spectra`` into a lake; tests run several of these at once."""

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
    path, first, commits, size = sys.argv[1], *map(int, sys.argv[2:])
    lake = Lake.existing(path)
    starts = range(first, first + commits * size, size)
    print(sum(lake.append("spectra", curves(range(n, n + size))) for n in starts))  # noqa: T201
