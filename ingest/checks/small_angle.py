"""Small angles: a Guinier plateau or power law at low Q, a Porod law at high Q.

A. Guinier, G. Fournet, Small-angle scattering of X-rays (1955): I(Q) = I0 exp(-Q^2 Rg^2 / 3)
falls, at Q Rg < 1 by less than its third. G. Porod, Kolloid-Z. 124, 83 (1951): Q^-4 for sharp
interfaces; fractals, chains and sheets fall less steeply.
"""

from __future__ import annotations

import numpy as np

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves
from registry.records import Floats

SMALL_ANGLE = ("saxs", "sans")
END_SHARE = 0.2
"""Share of the points that is taken for either end of the curve."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Logarithmic slopes d ln I / d ln Q of both ends, shape ``(n,)``; positive points count."""
    lines = curves.lines
    positive = (lines.x > 0) & (lines.y > 0)
    log_q = np.log(np.where(positive, lines.x, 1.0))
    log_i = np.log(np.where(positive, lines.y, 1.0), dtype=np.float64)
    low, high = lines.rank <= END_SHARE, lines.rank >= 1 - END_SHARE
    return {
        "guinier_slope": lines.per_row(lines.slope(log_q, log_i, positive & low)),
        "porod_slope": lines.per_row(lines.slope(log_q, log_i, positive & high)),
    }


CHECKS = CheckSet(
    "small_angle",
    (
        Check(
            "guinier_slope",
            "d ln I / d ln Q at low Q (a rise is a beam stop or an inverted curve)",
            lower=-6.0,
            upper=2.5,
            severity="warning",
            techniques=SMALL_ANGLE,
        ),
        Check(
            "porod_slope",
            "d ln I / d ln Q at high Q",
            lower=-8.0,
            upper=3.0,
            severity="warning",
            techniques=SMALL_ANGLE,
        ),
    ),
    measure,
    SMALL_ANGLE,
)
