"""Copies: the same intensities under another axis or other conditions.

Equal spectra are one row in the lake. Rows that share their intensities and differ in what stands
beside them are most often one measurement with two descriptions, and one of the two is wrong.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import FEWEST, Curves
from registry.records import Floats


def measure(curves: Curves) -> dict[str, Floats]:
    """How many other rows of the batch have the same intensities, shape ``(n,)``.

    Rows that agree in length, lowest, highest and some single values are compared by their bytes.
    """
    y, first, lengths = curves.y, curves.y_at[:-1], np.diff(curves.y_at)
    told = (lengths >= FEWEST) & (curves.highest > curves.lowest)
    begin, n = first[told], lengths[told]
    some = [y[begin + n * part // 4] for part in range(4)]
    marks = np.column_stack([n, curves.lowest[told], curves.highest[told], *some])
    _, group, sizes = np.unique(marks, axis=0, return_inverse=True, return_counts=True)
    alike: defaultdict[bytes, list[int]] = defaultdict(list)
    for k in map(int, np.flatnonzero(sizes[group.reshape(-1)] > 1)):
        alike[y[begin[k] : begin[k] + n[k]].tobytes()].append(k)
    others = np.zeros(len(n))
    for same in alike.values():
        others[same] = len(same) - 1
    column = np.full(len(curves), np.nan)
    column[told] = others
    return {"copies": column}


CHECKS = CheckSet(
    "copies",
    (
        Check(
            "copies",
            "other spectra of the batch with the same intensities",
            upper=0,
            severity="warning",
        ),
    ),
    measure,
    together=True,
)
