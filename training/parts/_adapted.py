"""What was answered about the hard test side in every way, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from registry.records import Floats
from training.datasets import Dataset
from training.evaluation import Interval
from training.findings import Verdict
from training.metrics import Answers, Metric
from training.models import Labels, Probabilities
from training.parts._adapting import ZERO, Answer
from training.parts._resampled import interval_of, resampled
from training.parts._searching import EASY, Searched
from training.parts._sides import Side
from training.parts._trust import Told, Trust, trust

HARD_DRAWS, EASY_DRAWS = 0, 1
"""Seeds of the resamples: the sides share no group, so they are drawn apart."""


class Key(NamedTuple):
    """A way, its variant (empty for a search) and how many of the hard set it saw."""

    way: str
    variant: str
    size: int


@dataclass
class Adapted:
    """Answers of every way and seed.

    Attributes:
        metric: What they are scored by.
        easy: The easy set.
        hard: The hard set.
        seeds: Repetitions.
        said: Answers of networks by key, one for each seed.
        searched: Those of searches.
    """

    metric: Metric
    easy: Dataset
    hard: Dataset
    seeds: tuple[int, ...]
    said: dict[Key, list[Answer]] = field(default_factory=dict)
    searched: dict[Key, list[Searched]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.side = Side.of(self.hard, self.metric)
        self.easy_side = Side.of(self.easy, self.metric)

    def add(self, answer: Answer) -> None:
        """Keep what a network said."""
        key = Key(answer.way, answer.variant, answer.size)
        self.said.setdefault(key, []).append(answer)

    def add_search(self, searched: Searched) -> None:
        """Keep what a search found."""
        key = Key(searched.way, "", searched.size)
        self.searched.setdefault(key, []).append(searched)

    def scores(self, key: Key) -> list[Floats]:
        """Probabilities or likeness by class of the hard test side, one array for each seed."""
        if key in self.searched:
            return [found.test for found in self.searched[key]]
        return [found.test for found in self.said[key]]

    def easy_scores(self, key: Key) -> list[Floats]:
        """The same of the easy test side; only where nothing of the hard set was learnt."""
        found = self.searched[key] if key in self.searched else self.said[key]
        return [one.easy_test for one in found if one.easy_test is not None]

    def answers(self, key: Key) -> list[Answers]:
        """Class numbers of the hard test side, one array for each seed."""
        return classes(self.scores(key))

    def score(self, key: Key) -> Interval:
        """Score on the hard test side."""
        return self.side.score(self.answers(key))

    def deviation(self, key: Key) -> float:
        """Standard deviation of the score over the seeds."""
        truth = self.side.truth
        return float(np.std([self.metric.score(truth, said) for said in self.answers(key)]))

    def score_of(self, key: Key, members: npt.NDArray[np.bool_]) -> float:
        """Score of some members of the hard test side."""
        truth = self.side.truth[members]
        return float(
            np.mean([self.metric.score(truth, said[members]) for said in self.answers(key)])
        )

    def poorly_matched(self) -> npt.NDArray[np.bool_]:
        """The third of the hard test side least like any pattern of the easy training side."""
        likeness = self.searched[Key(EASY, "", 0)][0].test.max(axis=1)
        return np.asarray(likeness <= np.quantile(likeness, 1 / 3))

    def trust(self, key: Key) -> Trust:
        """Mean over seeds on the hard test side; see the part for what is fixed where."""
        rows = self.hard.rows("test")
        return mean_trust(
            [trust(self._fixed(one), told(self.hard, rows, one.test)) for one in self.said[key]]
        )

    def easy_trust(self, key: Key) -> Trust:
        """The same on the easy test side."""
        rows = self.easy.rows("test")
        return mean_trust(
            [
                trust(self._fixed(one), told(self.easy, rows, one.easy_test))
                for one in self.said[key]
                if one.easy_test is not None
            ]
        )

    def better_claim(self, one: Key, other: Key) -> Verdict:
        """Whether one way beats another on the same resampled groups."""
        gain = self.side.gain(self.answers(one), self.answers(other))
        return Verdict.on(gain, f"{words(one)} minus {words(other)}: {gain}")

    def gap_claim(self, variant: str) -> Verdict:
        """Whether what learnt from the easy set alone scores lower on the hard one."""
        gap = interval_of(self._gap(variant))
        return Verdict.on(gap, f"easy minus hard test side, zero-shot, {variant}: {gap}")

    def narrower_claim(self, one: str, other: str) -> Verdict:
        """Whether the gap of the other variant is smaller."""
        less = interval_of(self._gap(one) - self._gap(other))
        return Verdict.on(less, f"gap {one} minus gap {other}, zero-shot: {less}")

    def control(self, key: Key) -> str:
        """A sentence on whether shuffled labels leave a network at chance."""
        found, level = self.score(key), 1 / len(self.hard.class_names)
        is_at = "is" if found.low <= level else "is not"
        return (
            f"Control: brought up and tuned on shuffled labels the network scores {found}; "
            f"chance is {level:.3f}, so it {is_at} at chance or below."
        )

    def _gap(self, variant: str) -> Floats:
        key = Key(ZERO, variant, 0)
        easy = resampled(self.easy_side, classes(self.easy_scores(key)), EASY_DRAWS)
        return np.asarray(easy - resampled(self.side, self.answers(key), HARD_DRAWS))

    def _fixed(self, one: Answer) -> Told:
        if one.easy_validation is None:
            return told(self.hard, self.hard.rows("validation"), one.validation)
        return told(self.easy, self.easy.rows("validation"), one.easy_validation)


def classes(scores: list[Floats]) -> list[Answers]:
    """The class of the highest score of each member, for each seed."""
    return [np.asarray(one.argmax(axis=1), dtype=np.int64) for one in scores]


def told(dataset: Dataset, rows: Labels, probabilities: Probabilities) -> Told:
    """Probabilities of some rows of a dataset, with truth and groups."""
    return Told(probabilities, dataset.labels[rows], tuple(dataset.groups(rows)))


def mean_trust(found: list[Trust]) -> Trust:
    """Mean over seeds."""
    columns = ([t.calibration, t.coverage, t.size] for t in found)
    return Trust(*np.mean(list(columns), axis=0).tolist())


def words(key: Key) -> str:
    """A key as sentences name it."""
    return ", ".join([key.way, *([key.variant] if key.variant else []), str(key.size)])
