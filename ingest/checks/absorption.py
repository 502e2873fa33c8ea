"""X-ray absorption: an edge where the element has it, a step up, a flat line before.

Edges: W. T. Elam, B. D. Ravel, J. R. Sieber, Radiat. Phys. Chem. 63, 121 (2002), by xraydb.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves, Lines
from registry.records import Floats

BEFORE = (-200.0, -20.0)
AFTER = (15.0, 200.0)
"""Pre-edge and post-edge ranges relative to the edge (eV)."""
REACH = 2
"""Points to either side over which a derivative is taken."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Columns of shape ``(n,)``."""
    lines = curves.lines
    found = lines.at_largest(_derivative(lines))
    named = zip(lines.words("absorber"), lines.words("edge"), strict=True)
    table = np.array([_edge_energy(element, edge) for element, edge in named], dtype=np.float64)
    # a curve upside down has its steepest rise anywhere: the table has the word where it can
    inside = (table > lines.first) & (table < lines.last)
    relative = lines.x - lines.spread(np.where(inside, table, found))
    before = (relative >= BEFORE[0]) & (relative <= BEFORE[1])
    after = (relative >= AFTER[0]) & (relative <= AFTER[1])
    step = lines.mean(lines.y, after) - lines.mean(lines.y, before)
    span = lines.maximum(lines.y) - lines.minimum(lines.y)
    width = lines.maximum(np.where(before, lines.x, -np.inf)) - lines.minimum(
        np.where(before, lines.x, np.inf)
    )
    drift = lines.slope(lines.x, lines.y, before) * width
    return {
        "edge_offset": lines.per_row(found - table),
        "edge_step": lines.per_row(step / np.where(span > 0, span, np.nan)),
        "pre_edge_drift": lines.per_row(np.abs(drift / np.where(step != 0, step, np.nan))),
    }


def _derivative(lines: Lines) -> Floats:
    """Rise of the curve over ``2 REACH`` steps; -inf where it would leave the curve."""
    rise = np.full(len(lines.x), -np.inf)
    if len(lines):
        far = 2 * REACH
        rise[REACH:-REACH] = (lines.y[far:] - lines.y[:-far]) / _forward(
            lines.x[far:] - lines.x[:-far]
        )
        for n in range(REACH):
            rise[lines.at[:-1] + n] = -np.inf
            rise[lines.at[1:] - 1 - n] = -np.inf
    return rise


def _forward(steps: Floats) -> Floats:
    """Steps from one curve to the next made harmless; they are not used."""
    return np.where(steps > 0, steps, np.inf)


@cache
def _edge_energy(element: str | None, edge: str | None) -> float:
    """Tabulated edge (eV); NaN where the element or the edge is not named or not known."""
    import xraydb

    if not element or not edge:
        return float("nan")
    edges = xraydb.xray_edges(element)
    return float(edges[edge].energy) if edge in edges else float("nan")


CHECKS = CheckSet(
    "absorption",
    (
        Check(
            "edge_offset",
            "steepest rise minus the tabulated edge (eV)",
            lower=-30.0,
            upper=30.0,
            severity="warning",
            techniques=("xas",),
        ),
        Check(
            "edge_step",
            "rise from before to after the edge, as a share of the range",
            lower=-0.1,
            severity="warning",
            techniques=("xas",),
        ),
        Check(
            "pre_edge_drift",
            "change along the pre-edge over the edge step",
            upper=5.0,
            severity="warning",
            techniques=("xas",),
        ),
    ),
    measure,
    ("xas",),
)
