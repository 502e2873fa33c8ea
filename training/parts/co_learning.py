"""Co-learning: what a second modality, there only while learning, teaches a model of the first.

Baltrusaitis, Ahuja & Morency, IEEE Trans. Pattern Anal. 41, 423 (2019), section 7, on parallel
data. Three models answer from one modality, having learnt from the same members:

- *alone* never saw the other modality;
- *both, one hidden* saw both, each hidden at times, and is asked with the other masked (Ngiam et
  al., ICML 2011, "cross modality learning");
- *translation first* learnt to predict the other modality from its own, then the target from there
  on (Caruana, Machine Learning 28, 41, 1997, on what another task teaches).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from registry.errors import BadInput
from training.datasets import Dataset
from training.evaluation import Interval
from training.findings import Finding, Outcome, Verdict
from training.fitting import model_of
from training.models import dense
from training.parts import Setting
from training.parts._drawing import Bar, bars_in, draw_lines
from training.parts._experiment import NAIVE, Tried, Way, baselines, scored, sizes, tried
from training.parts._fits import Fit, Job, equal_data, fit, fits, some_groups, training_on
from training.parts._sides import Side, three
from training.study import Candidate

ALONE, BOTH, TRANSLATED = "alone", "both, one hidden", "translation first"


@dataclass(frozen=True)
class CoLearning:
    """Learn from two modalities, answer from one, with few members and with many.

    The claim holds when the better way of co-learning (chosen on the validation side with the
    fewest members) gains over learning alone with the fewest members and the gain is not told from
    none, or is a loss, with the most. It fails when it loses with the fewest, or still gains with
    the most.

    Attributes:
        name: Name within the study.
        claim: What is claimed.
        alone: Candidate on the modality that answers, of an algorithm that can go on from a parent.
        together: Candidate on both, of an algorithm that takes members with gaps.
        sizes: Members to learn from, ascending; whole groups are drawn until there are so many. The
            rows that end the fit shrink alike.
        version: Raised when running it again would find something else.
    """

    name: str
    claim: str
    alone: Candidate
    together: Candidate
    sizes: tuple[int, ...]
    version: str = field(default="1", init=False)

    def __post_init__(self) -> None:
        where = f"part {self.name!r}"
        if len(self.alone.inputs) != 1 or len(self.together.inputs) != 2:
            found = f"{self.alone.key}, {self.together.key}"
            raise BadInput(where, "one modality alone, two together", found)
        if self.alone.inputs[0] not in self.together.inputs:
            raise BadInput(f"{where}: together", f"{self.alone.inputs[0]} in it", self.together.key)
        if len(self.sizes) < 2 or list(self.sizes) != sorted({*self.sizes}) or self.sizes[0] < 1:
            raise BadInput(f"{where}: sizes", "two or more, ascending", repr(self.sizes))

    @property
    def other(self) -> str:
        """The modality that is there only while learning."""
        return next(n for n in self.together.inputs if n not in self.alone.inputs)

    def run(self, setting: Setting) -> Finding:
        """Fit all three ways with every size and seed.

        Raises:
            BadInput: When a member lacks a modality, or there are fewer members than a size.
            Unsupported: Without a target, or for algorithms that cannot do this.
        """
        dataset = equal_data(setting.dataset, self.together.inputs, f"part {self.name!r}")
        side = Side.of(dataset, setting.study.judged_by)
        found = self._fitted(setting, dataset)
        naive = tried(setting, dataset, baselines(side.metric, self.alone.inputs)[:1])[NAIVE]
        metric, few, many = side.metric, self.sizes[0], self.sizes[-1]
        chosen = max(
            (found[few][BOTH], found[few][TRANSLATED]), key=lambda t: metric.sign * t.validation
        ).way.label
        gains = {
            n: side.gain(found[n][chosen].answers, found[n][ALONE].answers) for n in self.sizes
        }
        return Finding(
            part=self.name,
            title=f"Co-learning: {self.other} while learning, {self.alone.inputs[0]} when asked",
            columns=(
                "members",
                "way",
                "numbers learnt",
                "validation",
                scored(setting),
                "low",
                "high",
                "better than alone by",
                "low",
                "high",
            ),
            rows=tuple(
                _row(side, n, each, found[n][ALONE])
                for n in self.sizes
                for each in found[n].values()
            ),
            verdict=judged(chosen, gains[few], gains[many], few, many),
            notes=(
                sizes(dataset),
                "Each size is drawn anew for every seed, whole groups at a time, the same for "
                "every way; a smaller draw is part of a larger. The test side is always whole.",
                f"{TRANSLATED} learns twice from the same members; {BOTH} has a second branch. "
                "Equal are the members, not the arithmetic.",
            ),
            drawn={
                "x": list(self.sizes),
                "x_axis": "members learnt from",
                "log": True,
                "axis": scored(setting),
                "title": f"{setting.study.title}: {self.other} only while learning",
                "naive": side.score(naive.answers).value,
                "lines": [
                    [
                        label,
                        bars_in(
                            Bar(label, *three(side.score(found[n][label].answers)), label)
                            for n in self.sizes
                        ),
                    ]
                    for label in (ALONE, BOTH, TRANSLATED)
                ],
            },
            metrics={"gain_few": gains[few].value, "gain_many": gains[many].value},
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Draw the score against the number of members, a line for each way."""
        draw_lines(finding.drawn, path)

    def _fitted(self, setting: Setting, dataset: Dataset) -> dict[int, dict[str, Tried]]:
        """All ways learnt from each number of members, by label."""
        own = dataset.only(self.alone.inputs)
        ways = (
            (ALONE, self.alone, own, ()),
            (BOTH, self.together, dataset, (self.other,)),
            (TRANSLATED, self.alone, dataset, ()),
        )
        jobs = [
            Job(
                known,
                candidate,
                setting.study.judged_by,
                seed,
                train=some_groups(dataset, "train", n, seed),
                validation=some_groups(dataset, "validation", self._ending(dataset, n), seed),
                hidden=hidden,
            )
            for n in self.sizes
            for _, candidate, known, hidden in ways
            for seed in setting.seeds
        ]
        done = iter(fits(setting, jobs, taught))
        return {
            n: {
                label: Tried(Way(label, candidate), tuple(next(done) for _ in setting.seeds))
                for label, candidate, _, _ in ways
            }
            for n in self.sizes
        }

    def _ending(self, dataset: Dataset, n: int) -> int:
        """Members whose loss ends a fit of ``n``."""
        sides = (len(dataset.rows(side)) for side in ("validation", "train"))
        return max(1, round(n * next(sides) / next(sides)))


def taught(job: Job) -> Fit:
    """Fit; first to predict an input that the job's dataset has and its candidate does not read."""
    more = set(job.dataset.blocks) - set(job.candidate.inputs)
    return translation_first(job) if more else fit(job)


def translation_first(job: Job) -> Fit:
    """Fit to predict the other input of the job's dataset, and go on from there to the target.

    Raises:
        Unsupported: For an algorithm that cannot predict values or go on from a parent.
    """
    training = training_on(job)
    (other,) = set(job.dataset.blocks) - set(job.candidate.inputs)
    rows = [
        job.dataset.rows(side) if own is None else own
        for side, own in (("train", job.train), ("validation", job.validation))
    ]
    block = dense(job.dataset.blocks)[other].astype(np.float64)
    parent = model_of(job.candidate).train(
        replace(
            training,
            task="regression",
            n_classes=0,
            targets=block[rows[0]],
            validation_targets=block[rows[1]],
        ),
        **job.candidate.settings,
    )
    return fit(job, parent)


def _row(side: Side, n: int, each: Tried, alone: Tried) -> tuple[str | int | float | None, ...]:
    difference: tuple[float | None, ...] = (None, None, None)
    if each is not alone:
        difference = three(side.gain(each.answers, alone.answers))
    score = three(side.score(each.answers))
    return n, each.way.label, each.parameters, each.validation, *score, *difference


def judged(chosen: str, few: Interval, many: Interval, n_few: int, n_many: int) -> Verdict:
    """What comes of the claim, from how much the chosen way gains with few and with many."""
    outcome: Outcome = "is undecided"
    if few.high < 0 or many.low > 0:
        outcome = "fails"
    elif few.low > 0:
        outcome = "holds"
    reason = f"{chosen} gains {few} with {n_few} members and {many} with {n_many}"
    return Verdict(outcome, reason, few)
