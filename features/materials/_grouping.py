"""Which rows of an array are equal, by a compiled loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from features.crystal import Integers
    from registry.records import Floats


@compiled
def grouped(rows: Floats) -> tuple[Integers, Integers]:
    """Group equal rows: the group of each, and the first row of each group."""
    n = len(rows)
    group, first = np.empty(n, np.int64), np.empty(n, np.int64)
    groups = 0
    for i in range(n):
        g = 0
        while g < groups and not (rows[first[g]] == rows[i]).all():
            g += 1
        if g == groups:
            first[g] = i
            groups += 1
        group[i] = g
    return group, first[:groups]
