"""Named candidates fitted with every seed, and what each scored on the test side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.answering import chance
from training.datasets import Dataset
from training.metrics import Answers, Metric
from training.parts import Setting
from training.parts._fits import Fit, Gaps, Job, fits
from training.parts._sides import Side
from training.picture import with_unit
from training.study import Candidate

NAIVE, NEAREST, SHUFFLED = "knows nothing", "nearest neighbour", "shuffled labels"


@dataclass(frozen=True)
class Way:
    """A candidate and what it is called within its experiment."""

    label: str
    candidate: Candidate


@dataclass(frozen=True)
class Tried:
    """A way, fitted with every seed.

    Attributes:
        way: What was fitted.
        fits: One for each seed.
    """

    way: Way
    fits: tuple[Fit, ...]

    @property
    def answers(self) -> list[Answers]:
        """About the test side, one array for each seed."""
        return [fit.answers for fit in self.fits]

    def gapped(self, place: int) -> list[Answers]:
        """The same with the gaps of that place."""
        return [fit.gapped[place] for fit in self.fits]

    def imputed(self, place: int) -> list[Answers]:
        """The same with means in place of them."""
        return [fit.imputed[place] for fit in self.fits]

    @property
    def validation(self) -> float:
        """Mean score on the validation side."""
        return float(np.mean([fit.validation for fit in self.fits]))

    @property
    def parameters(self) -> int | None:
        """Numbers learnt."""
        return self.fits[0].parameters

    @property
    def seconds(self) -> float:
        """Mean time of a fit."""
        return float(np.mean([fit.seconds for fit in self.fits]))


def tried(
    setting: Setting,
    dataset: Dataset,
    ways: Sequence[Way],
    gaps: Mapping[str, tuple[Gaps, ...]] | None = None,
    imputed: Sequence[str] = (),
    shuffled: Sequence[str] = (),
) -> dict[str, Tried]:
    """Fit ways with every seed of a setting.

    Args:
        setting: Where the experiment is run.
        dataset: Members.
        ways: What to fit.
        gaps: What is taken away from the test side, by label of the way.
        imputed: Ways that are also asked with means in place of the gaps.
        shuffled: Ways whose training labels are shuffled.

    Returns:
        By label, in the order of the ways.
    """
    metric, given = setting.study.judged_by, gaps or {}
    jobs = [
        Job(
            dataset.only(way.candidate.inputs),
            way.candidate,
            metric,
            seed,
            gaps=given.get(way.label, ()),
            imputed=way.label in imputed,
            shuffled=way.label in shuffled,
        )
        for way in ways
        for seed in setting.seeds
    ]
    done = iter(fits(setting, jobs))
    return {way.label: Tried(way, tuple(next(done) for _ in setting.seeds)) for way in ways}


def baselines(metric: Metric, inputs: tuple[str, ...]) -> list[Way]:
    """An answer that knows nothing, and the nearest neighbour on all of some inputs."""
    naive = Candidate("most_frequent", inputs)
    if metric.task == "regression":
        value = "median" if metric.name == "mae" else "mean"
        naive = Candidate("typical_value", inputs, {"value": value})
    return [Way(NAIVE, naive), Way(NEAREST, Candidate("nearest_neighbour", inputs))]


def best(found: Sequence[Tried], metric: Metric) -> Tried:
    """The best on the validation side; of equal ones the first."""
    return max(found, key=lambda t: metric.sign * t.validation)


def on_shuffled(setting: Setting, dataset: Dataset, candidate: Candidate) -> Tried:
    """A candidate on shuffled labels, with the first seed: the control of an experiment."""
    way, first = Way(SHUFFLED, candidate), replace(setting, seeds=setting.seeds[:1])
    return tried(first, dataset, [way], shuffled=[SHUFFLED])[SHUFFLED]


def control(side: Side, dataset: Dataset, shuffled: Tried, naive: Tried) -> str:
    """A sentence on whether a model falls to chance where there is nothing to learn."""
    found = side.score(shuffled.answers)
    level = chance(side.metric.task, dataset.class_names, side.score(naive.answers).value)
    assert level is not None  # there is a target
    worse = found.low if side.metric.sign > 0 else found.high
    what = "is not" if side.metric.better(worse, level) else "is"
    return (
        f"Control: {shuffled.way.candidate.key} learnt from shuffled labels (one seed) scores "
        f"{found}; "
        f"chance is {level:.3f}, so it {what} at chance or below."
    )


def likeness(found: Sequence[Tried]) -> str:
    """A sentence on how many numbers were learnt."""
    counts = [t.parameters for t in found if t.parameters]
    return (
        f"Numbers learnt: {min(counts):,} to {max(counts):,}, a ratio of "
        f"{max(counts) / min(counts):.2f}; all learnt from the same members."
    )


def scored(setting: Setting) -> str:
    """What a study is judged by as an axis or a column names it, with its unit if it has one."""
    metric = setting.study.judged_by
    return with_unit(metric.title, setting.dataset.definition.unit if metric.has_unit else "")


def sizes(dataset: Dataset) -> str:
    """A sentence on how many members there are, and in how many groups."""
    sides = []
    for side in ("train", "validation", "test"):
        rows = dataset.rows(side)
        sides.append(f"{len(rows)} {side} ({len(set(dataset.groups(rows)))} groups)")
    return f"Members: {', '.join(sides)}."
