"""How well copies of measured curves are told: scaled ones found, and what is taken for one."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.checks._curves import Curves
from ingest.checks.copies import Marks, marks
from registry.schemas import SCHEMAS

Row = dict[str, Any]


def copies_told(rows: list[Row], seed: int = 0) -> dict[str, Any]:
    """Share of scaled copies that are found, and curves of different content taken for copies.

    Every curve is multiplied with a factor of its own, 10^-3 to 10^3 and of either sign.
    """
    rng = np.random.default_rng(seed)
    factors = 10 ** rng.uniform(-3, 3, len(rows)) * rng.choice([-1, 1], len(rows))
    scaled = [
        {**row, "intensity": row["intensity"] * np.float32(factor)}
        for row, factor in zip(rows, factors, strict=True)
    ]
    plain = _marks(rows)
    alike: defaultdict[int, list[str]] = defaultdict(list)
    for mark, row in zip(plain.tolist(), rows, strict=True):
        alike[mark].append(Path(row["file_name"]).name)
    return {
        "curves": len(rows),
        "found": int(np.sum((plain == _marks(scaled)) & (plain != 0))),
        "alike": sorted(sorted(names) for mark, names in alike.items() if mark and names[1:]),
    }


def _marks(rows: list[Row]) -> Marks:
    return marks(Curves(pa.Table.from_pylist(rows, schema=SCHEMAS["spectra"].arrow)))
