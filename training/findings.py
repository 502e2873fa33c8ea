"""What a part of a study found: a table, a verdict on its claim, and what its picture shows.

A finding is plain data, so that it can be kept with its run and drawn again without computing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from registry.errors import BadInput
from registry.identity import canonical_json
from training.card_schema import not_finite
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

    def json(self) -> str:
        """Canonical JSON, from which :func:`finding_from` makes the same finding.

        Raises:
            BadInput: For a number that is not finite: a table says None where there is none.
        """
        value = asdict(self)
        wrong = list(not_finite(value))
        if wrong:
            raise BadInput(f"finding of {self.part}", "finite numbers or None", "; ".join(wrong))
        return canonical_json(value)


def finding_from(text: str) -> Finding:
    """Read a finding back from its JSON; what it draws comes back as lists and plain numbers."""
    value = json.loads(text)
    verdict = value["verdict"]
    if verdict is not None:
        verdict = Verdict(**{**verdict, "interval": Interval(**verdict["interval"])})
    tables = {"columns": tuple(value["columns"]), "rows": tuple(map(tuple, value["rows"]))}
    return Finding(**{**value, **tables, "notes": tuple(value["notes"]), "verdict": verdict})
