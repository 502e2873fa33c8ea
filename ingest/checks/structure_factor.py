"""Structure factors of total scattering: S(Q) oscillates about 1, less and less as Q grows.

T. Egami, S. J. L. Billinge, Underneath the Bragg Peaks (2012), section 2.3.
"""

from __future__ import annotations

from ingest.checks import Check, CheckSet
from ingest.checks._curves import Curves
from registry.records import Floats

STRUCTURE_FACTOR = ("xsq", "nsq")
END_SHARE = 0.2
"""Share of the points, those of the highest Q, that are averaged."""


def measure(curves: Curves) -> dict[str, Floats]:
    """Mean of S(Q) at high Q, shape ``(n,)``."""
    lines = curves.lines
    return {"s_of_q_end": lines.per_row(lines.mean(lines.y, lines.rank >= 1 - END_SHARE))}


CHECKS = CheckSet(
    "structure_factor",
    (
        Check(
            "s_of_q_end",
            "mean of S(Q) over the highest fifth of the points (1 when it is normalised)",
            lower=0.7,
            upper=1.3,
            severity="warning",
            techniques=STRUCTURE_FACTOR,
        ),
    ),
    measure,
    STRUCTURE_FACTOR,
)
