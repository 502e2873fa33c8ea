"""Learning curves: how the score of candidates grows with the number of members learnt from.

Groups are kept whole, and what is drawn for a smaller size is a part of what is drawn for a larger
one; every seed draws its own. The validation side, which stops networks and trees early, stays
whole: a small training side is helped by it alike for every candidate (Viering & Loog, IEEE Trans.
Pattern Anal. Mach. Intell. 45, 7799, 2023, on what learning curves tell).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.errors import BadInput
from training.datasets import Dataset
from training.evaluation import Interval
from training.findings import Cell, Finding
from training.models import Labels
from training.parts import Setting
from training.parts._fits import Job, fits, some_groups
from training.parts._sides import Side
from training.picture import draw_curves
from training.study import Candidate

COLUMNS = ("candidate", "members", "groups", "score", "low", "high", "deviation over seeds")


@dataclass(frozen=True)
class Point:
    """Score of a candidate at one size.

    Attributes:
        members: Learnt from, mean over seeds.
        groups: They are of, mean over seeds.
        score: All seeds together, with the 95 % interval over test groups.
        deviation: Of the scores of the seeds.
    """

    members: float
    groups: float
    score: Interval
    deviation: float

    def cells(self, key: str) -> tuple[Cell, ...]:
        """A row of the table."""
        ends = (self.score.value, self.score.low, self.score.high)
        return (key, round(self.members), round(self.groups), *ends, self.deviation)


@dataclass(frozen=True)
class LearningCurve:
    """Candidates at several sizes of the training side, and on all of it.

    Attributes:
        candidates: What is fitted.
        sizes: Members to learn from, ascending; the last group drawn may take it a little beyond.
        name: What it is called within its study.
    """

    candidates: tuple[Candidate, ...]
    sizes: tuple[int, ...]
    name: str = "learning_curve"

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip((0, *self.sizes), self.sizes, strict=False))
        if not (self.candidates and self.sizes and rising):
            expected = "candidates, and sizes above 0 that rise"
            raise BadInput(f"part {self.name!r}", expected, repr(self.sizes))

    @property
    def version(self) -> str:
        """Version of the experiment."""
        return "1"

    @property
    def claim(self) -> str:
        """It only describes."""
        return ""

    def run(self, setting: Setting) -> Finding:
        """Fit every candidate at every size with every seed.

        Raises:
            BadInput: When a size is larger than the training side.
            Unsupported: Without a target.
        """
        curves = {c.key: self._curve(setting, c) for c in self.candidates}
        metric = setting.study.judged_by
        return Finding(
            part=self.name,
            title=f"Learning curve: {metric.title} by the number of members learnt from",
            columns=COLUMNS,
            rows=tuple(p.cells(key) for key, points in curves.items() for p in points),
            notes=(
                "Groups of the training side are drawn whole and anew for every seed; the "
                "validation side, which stops fits early, is whole at every size.",
                "Intervals are over resampled groups of the test side, all seeds together.",
            ),
            drawn={
                "axis": metric.title,
                "curves": [
                    {"key": key, "points": [_drawn(p) for p in points]}
                    for key, points in curves.items()
                ],
            },
            metrics={
                f"{key} at {round(p.members)}": p.score.value
                for key, points in curves.items()
                for p in points
            },
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Draw one line for each candidate."""
        drawn = finding.drawn
        draw_curves(drawn["curves"], drawn["axis"], "Learning curve", path)

    def _curve(self, setting: Setting, candidate: Candidate) -> list[Point]:
        dataset, metric = setting.dataset.reading(candidate.inputs), setting.study.judged_by
        side, whole = Side.of(dataset, metric), dataset.rows("train")
        if self.sizes[-1] >= len(whole):
            expected = f"below the {len(whole)} members that {candidate.key} can learn from"
            raise BadInput(f"part {self.name!r}: sizes", expected, str(self.sizes[-1]))
        chosen = [
            [some_groups(dataset, "train", size, seed) for seed in setting.seeds]
            for size in self.sizes
        ]
        chosen.append([whole for _ in setting.seeds])
        jobs = [
            Job(dataset, candidate, metric, seed, train=rows)
            for drawn in chosen
            for seed, rows in zip(setting.seeds, drawn, strict=True)
        ]
        done = iter(fits(setting, jobs))
        return [_point(dataset, side, rows, [next(done).answers for _ in rows]) for rows in chosen]


def _point(
    dataset: Dataset, side: Side, drawn: Sequence[Labels], answers: Sequence[Labels]
) -> Point:
    groups = [len(set(dataset.groups(rows))) for rows in drawn]
    return Point(
        members=float(np.mean([len(rows) for rows in drawn])),
        groups=float(np.mean(groups)),
        score=side.score(answers),
        deviation=float(np.std([side.metric.score(side.truth, said) for said in answers])),
    )


def _drawn(point: Point) -> dict[str, float]:
    found = point.score
    return {"n": point.members, "score": found.value, "low": found.low, "high": found.high}
