"""What a trigger looks at and what it answers.

Evidence is used once: after a decision about a champion only what came since that decision counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from registry.errors import NotFound
from registry.lake import Lake
from training.arrivals import Arrivals, arrivals
from training.lookup import champion
from training.rows import Row
from training.stored import stored_dataset
from training.study import Study

Number = int | float | str | None


@dataclass(frozen=True)
class Case:
    """A champion, and the states of the lake it is looked at between.

    Attributes:
        lake: The lake.
        study: Its study.
        holder: Its row of the ``models`` table.
        learnt: Snapshot of the dataset it learnt from.
        since: Snapshot of the last decision about it; ``learnt`` where there was none.
        now: Snapshot of this look.
    """

    lake: Lake
    study: Study
    holder: Row
    learnt: dict[str, int]
    since: dict[str, int]
    now: dict[str, int]

    @cached_property
    def arrivals(self) -> Arrivals:
        """What came since the last decision."""
        return arrivals(self.lake, self.study.dataset, self.since, self.now)

    @property
    def named(self) -> str:
        """The champion in words."""
        return f"champion {self.holder['model']}/{self.holder['version']}"


@dataclass(frozen=True)
class Sign:
    """What a trigger saw.

    Attributes:
        trigger: Its name.
        fired: Whether it asks for another model.
        reason: Why, or why not.
        numbers: What that rests on.
    """

    trigger: str
    fired: bool
    reason: str
    numbers: dict[str, Number] = field(default_factory=dict)


class Trigger(Protocol):
    """Something that may ask for another model; it only reads."""

    def __call__(self, case: Case) -> Sign:
        """Look at a champion."""
        ...


def case_of(lake: Lake, study: Study, decided: dict[str, int] | None = None) -> Case:
    """The champion of a study as it stands now.

    Args:
        lake: The lake.
        study: The study.
        decided: Snapshot of the last decision about this champion, None when there was none.

    Raises:
        NotFound: When the study has no champion.
    """
    holder = champion(lake, study.name)
    if holder is None:
        raise NotFound("champion of study", study.name, [])
    stored = stored_dataset(lake, holder["manifest"]).snapshot
    # a snapshot from before there was a table of retractions had none
    learnt = {"retractions": 0, **stored}
    return Case(lake, study, holder, learnt, decided or learnt, lake.snapshot())
