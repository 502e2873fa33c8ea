"""What a part of a study found: a table, a verdict on its claim, and what its picture shows.

A finding is plain data, so that it can be kept with its run and drawn again without computing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from training.evaluation import Interval

Outcome = Literal["holds", "fails", "is undecided"]
Cell = str | int | float | None


@dataclass(frozen=True)
class Verdict:
    """What came of a claim, and the difference it was judged by."""

    outcome: Outcome
    reason: str
    interval: Interval

    @classmethod
    def on(cls, difference: Interval, reason: str) -> Verdict:
        """The claim holds when the interval lies above zero, and fails when it lies below."""
        if difference.low > 0:
            return cls("holds", reason, difference)
        return cls("fails" if difference.high < 0 else "is undecided", reason, difference)


@dataclass(frozen=True)
class Finding:
    """Result of one part of a study.

    Attributes:
        part: Name of the part.
        title: Heading of its table.
        columns: Headings of the columns.
        rows: The table, in the order it is read.
        verdict: What came of its claim; None where it claims nothing.
        notes: Sentences a reader needs to read the table rightly, limits among them.
        drawn: What its picture shows: JSON values only.
        metrics: Numbers by name, for MLflow.
    """

    part: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()
    drawn: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
