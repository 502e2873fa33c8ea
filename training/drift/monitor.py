"""One look at what came in: all detectors, with one rate of false alarms.

The rate is divided among the detectors (Bonferroni), so where nothing changed at most that share
of looks alarms. A look is made once for each window of new rows: a window looked at again and
again while it fills would alarm more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import BadInput
from registry.records import Floats
from training.drift.detectors import DETECTORS, DIVISIONS, Evidence

RATE = 0.01
"""Share of looks that alarm although nothing changed."""
FEWEST = 20
"""Fewest rows on either side that are looked at."""


@dataclass(frozen=True)
class Look:
    """What every detector said, and the p-value below which one alarms."""

    limit: float
    evidence: tuple[Evidence, ...]

    @property
    def alarms(self) -> tuple[Evidence, ...]:
        """Detectors that see a drift."""
        return tuple(found for found in self.evidence if found.p_value <= self.limit)

    @property
    def reason(self) -> str:
        """What is seen, in words."""
        told = self.alarms or self.evidence
        said = ", ".join(f"{e.detector} {e.statistic:.3g} (p {e.p_value:.2g})" for e in told)
        return f"{'drift' if self.alarms else 'no drift'}: {said}; limit {self.limit:.2g}"


def look(
    reference: Floats,
    recent: Floats,
    groups: Sequence[str] | None = None,
    detectors: Sequence[str] = tuple(DETECTORS),
    rate: float = RATE,
    others: Sequence[Evidence] = (),
) -> Look:
    """Compare recent rows with the reference.

    Args:
        reference: Rows a model was trained on, shape ``(n, k)``.
        recent: Rows that came since, shape ``(m, k)``.
        groups: Group of each row, reference first; None when each row is one.
        detectors: Names of detectors.
        rate: Share of looks that may alarm although nothing changed.
        others: Evidence of detectors that look at other rows (:mod:`training.drift.paired`), with
            which the rate is shared.

    Raises:
        BadInput: As the detectors do; for too few rows, and for a rate that the number of
            divisions cannot resolve.
    """
    fewest = min(len(reference), len(recent))
    if fewest < FEWEST:
        raise BadInput("drift", f"{FEWEST} rows or more on either side", str(fewest))
    limit = rate / (len(detectors) + len(others))
    if not 1 / (DIVISIONS + 1) <= limit < 1:
        resolved = f"{rate / limit / (DIVISIONS + 1):.2g} to 1"
        raise BadInput("drift: rate of false alarms", resolved, repr(rate))
    own = (DETECTORS[name](reference, recent, groups, 0) for name in detectors)
    return Look(limit, (*own, *others))
