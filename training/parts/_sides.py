"""Scores on a test side over several seeds, with intervals over its groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.errors import Unsupported
from training.datasets import Dataset
from training.evaluation import Interval, bootstrap, paired_bootstrap
from training.metrics import Answers, Metric


@dataclass(frozen=True)
class Side:
    """A test side.

    All seeds are scored together: a group is drawn with what every seed said of it, so the interval
    is that of the score of a fit with a seed not chosen, over other groups. Scores that are means
    over members (and R2) are then the mean over seeds.

    Attributes:
        metric: What is scored.
        truth: Shape ``(n,)``.
        groups: Group of each member.
    """

    metric: Metric
    truth: Answers
    groups: tuple[str, ...]

    @classmethod
    def of(cls, dataset: Dataset, metric: Metric) -> Side:
        """Test side of a dataset.

        Raises:
            Unsupported: Without a target.
        """
        if dataset.targets is None:
            found = "an unsupervised one"
            raise Unsupported(f"dataset {dataset.definition.name!r}", "one with a target", found)
        rows = dataset.rows("test")
        return cls(metric, np.asarray(dataset.targets)[rows], tuple(dataset.groups(rows)))

    def score(self, said: Sequence[Answers]) -> Interval:
        """Score of answers, one array for each seed, with its 95 % interval."""
        truth, groups = self._repeated(len(said))
        return bootstrap(self.metric, truth, np.concatenate(said), groups)

    def gain(self, one: Sequence[Answers], other: Sequence[Answers]) -> Interval:
        """How much better the first is on the same resampled groups; above 0 is better."""
        truth, groups = self._repeated(len(one))
        return paired_bootstrap(
            self.metric, truth, np.concatenate(one), np.concatenate(other), groups
        )

    def _repeated(self, seeds: int) -> tuple[Answers, list[str]]:
        return np.tile(self.truth, seeds), [*self.groups] * seeds


def three(interval: Interval) -> tuple[float, float, float]:
    """An interval as cells of a table."""
    # a difference of nothing is 0, whichever is better when smaller
    return interval.value + 0.0, interval.low + 0.0, interval.high + 0.0
