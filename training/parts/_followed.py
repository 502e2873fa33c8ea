"""What followers answered over several series, block by block, and how it is scored.

Intervals are over whole series: blocks of one machine are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.datasets import Dataset
from training.evaluation import Interval, bootstrap, paired_bootstrap, unpaired_bootstrap
from training.findings import Cell
from training.metrics import Answers, Metric
from training.models import Labels
from training.parts._series import Followed


@dataclass(frozen=True)
class Told:
    """Truths and answers by series and block.

    Attributes:
        truth: Shape ``(series, blocks, size)``.
        answers: The same by follower.
        done: What every follower did in every series.
    """

    truth: Answers
    answers: Mapping[str, Answers]
    done: Mapping[str, Sequence[Followed]]

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        blocks: Sequence[Sequence[Labels]],
        done: Mapping[str, Sequence[Followed]],
        fewest: int,
    ) -> Told:
        """As many blocks of every series as the shortest has."""
        targets = np.asarray(dataset.targets)
        truth = np.array([[targets[rows] for rows in own[:fewest]] for own in blocks])
        answers = {
            label: np.array([each.answers[:fewest] for each in own]) for label, own in done.items()
        }
        return cls(truth, answers, done)

    @property
    def series(self) -> int:
        """How many."""
        return len(self.truth)

    @property
    def blocks(self) -> int:
        """How many of each."""
        return int(self.truth.shape[1])

    def score(self, metric: Metric, label: str, blocks: Sequence[int]) -> Interval:
        """Score of a follower on some blocks."""
        return bootstrap(metric, *self._of(label, blocks))

    def gain(self, metric: Metric, one: str, other: str, blocks: Sequence[int]) -> Interval:
        """How much better one follower is than another on some blocks."""
        truth, first, groups = self._of(one, blocks)
        return paired_bootstrap(metric, truth, first, self._of(other, blocks)[1], groups)

    def change(self, metric: Metric, label: str, blocks: Sequence[int]) -> Interval:
        """How much better a follower is on some blocks than on the first."""
        return unpaired_bootstrap(metric, self._of(label, blocks), self._of(label, [0]))

    def naive(self, metric: Metric) -> float:
        """Score of the median of all truths; of their most frequent class."""
        values, counts = np.unique(self.truth, return_counts=True)
        usual = (
            values[counts.argmax()] if metric.task == "classification" else np.median(self.truth)
        )
        return metric.score(self.truth.ravel(), np.full(self.truth.size, usual))

    def row(
        self, metric: Metric, label: str, late: Sequence[int], start: Interval
    ) -> tuple[Cell, ...]:
        """A row of the table."""
        found, own = self.score(metric, label, late), self.done[label]
        trained, promoted = (
            float(np.mean([getattr(each, name) for each in own]))
            for name in ("trained", "promoted")
        )
        return (label, start.value, found.value, found.low, found.high, trained, promoted)

    def _of(self, label: str, blocks: Sequence[int]) -> tuple[Answers, Answers, list[str]]:
        chosen = list(blocks)
        truth, said = self.truth[:, chosen], self.answers[label][:, chosen]
        size = truth.shape[1] * truth.shape[2]
        groups = [str(n) for n in range(len(truth)) for _ in range(size)]
        return truth.ravel(), said.ravel(), groups
