"""What each modality adds: left out when asked, left out when learning, and alone.

A modality hidden only when the model is asked shows what the fitted model leans on; one left out of
learning shows what the others cannot make up for. The two are not the same: see Breiman, Machine
Learning 45, 5 (2001) on the first and Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018) on the
second ("leave one covariate out").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from registry.errors import BadInput
from training.evaluation import Interval
from training.findings import Cell, Finding, Verdict
from training.metrics import Answers
from training.parts import Setting
from training.parts._drawing import Bar, bars_in, draw_scores
from training.parts._experiment import (
    NAIVE,
    Tried,
    Way,
    baselines,
    best,
    control,
    likeness,
    on_shuffled,
    scored,
    sizes,
    tried,
)
from training.parts._fits import equal_data
from training.parts._sides import Side, three
from training.study import Candidate

ALL = "all"


@dataclass(frozen=True)
class Ablation:
    """The model on all modalities against the same with less.

    The claim holds when all modalities are better than the best that lacks one from learning on
    (chosen on the validation side): then every one of them adds something.

    Attributes:
        name: Name within the study.
        claim: What is claimed.
        whole: Candidate on all modalities, of an algorithm that takes members with gaps.
        without: The same with one modality less each, with about as many numbers to learn.
        alone: Candidates of one modality each.
        version: Raised when running it again would find something else.
    """

    name: str
    claim: str
    whole: Candidate
    without: tuple[Candidate, ...]
    alone: tuple[Candidate, ...]
    version: str = field(default="1", init=False)

    def __post_init__(self) -> None:
        every = set(self.whole.inputs)
        left = [every - set(c.inputs) for c in self.without]
        inside = all(set(c.inputs) < every for c in self.without)
        if not inside or sorted(map(sorted, left)) != sorted([name] for name in every):
            found = ", ".join(c.key for c in self.without)
            raise BadInput(f"part {self.name!r}: without", "each modality left out once", found)
        strange = [c.key for c in self.alone if len(c.inputs) != 1 or not set(c.inputs) <= every]
        if strange:
            raise BadInput(f"part {self.name!r}: alone", "one modality each", ", ".join(strange))

    def run(self, setting: Setting) -> Finding:
        """Fit with all, with one less and with one alone, every seed.

        Raises:
            BadInput: When a member lacks a modality, or the data cannot be learnt from.
            Unsupported: Without a target, or for an algorithm that takes no gaps.
        """
        names = self.whole.inputs
        dataset = equal_data(setting.dataset, names, f"part {self.name!r}")
        side = Side.of(dataset, setting.study.judged_by)
        ways = [Way(ALL, self.whole), *self._less, *self._alone]
        n = len(side.truth)
        hidden = tuple(
            np.tile(np.arange(len(names)) == place, (n, 1)) for place in range(len(names))
        )
        found = tried(
            setting,
            dataset,
            [*ways, *baselines(side.metric, names)],
            gaps={ALL: hidden},
        )
        whole = found[ALL]
        rival = best([found[way.label] for way in self._less], side.metric)
        at_chance = on_shuffled(setting, dataset, self.whole)
        said: dict[str, tuple[Sequence[Answers], Tried]] = {ALL: (whole.answers, whole)}
        for place, name in enumerate(names):
            said[f"{name} hidden when asked"] = (whole.gapped(place), whole)
        others = {label: t for label, t in found.items() if label != ALL}
        said |= {label: (t.answers, t) for label, t in others.items()}
        told = side.gain(whole.answers, found[NAIVE].answers)
        difference = side.gain(whole.answers, rival.answers)
        metric = side.metric
        return Finding(
            part=self.name,
            title="What each modality adds",
            columns=(
                "model",
                "inputs learnt from",
                "numbers learnt",
                scored(setting),
                "low",
                "high",
                "all is better by",
                "low",
                "high",
                "share of the gain",
            ),
            rows=tuple(
                _row(label, side, answers, each, whole, told)
                for label, (answers, each) in said.items()
            ),
            verdict=Verdict.on(
                difference,
                f"all {metric.compared} {rival.way.label} in {metric.title}: {difference}",
            ),
            notes=(
                sizes(dataset),
                likeness([found[way.label] for way in ways]),
                control(side, dataset, at_chance, found[NAIVE]),
                f"The gain is what {ALL} is better than {NAIVE} by; the share is how much of it "
                "is lost. Shares need not sum to one: what two modalities both tell is lost with "
                "neither of them.",
                "Intervals: 95 %, groups of the test side resampled, all seeds together; those of "
                "differences are not corrected for there being several.",
            ),
            drawn={
                "axis": scored(setting),
                "title": setting.study.title,
                "naive": side.score(found[NAIVE].answers).value,
                "bars": bars_in(
                    Bar(label, *three(side.score(answers)), self._kind(label))
                    for label, (answers, _) in said.items()
                    if label != NAIVE
                ),
            },
            metrics={"all": side.score(whole.answers).value, "difference": difference.value},
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Draw the score of each with its interval."""
        draw_scores(finding.drawn, path)

    @property
    def _less(self) -> list[Way]:
        whole = self.whole.inputs
        return [
            Way(f"learnt without {next(n for n in whole if n not in c.inputs)}", c)
            for c in self.without
        ]

    @property
    def _alone(self) -> list[Way]:
        return [Way(f"{c.inputs[0]} alone ({c.model})", c) for c in self.alone]

    def _kind(self, label: str) -> str:
        if label in {way.label for way in self._less}:
            return "learnt without"
        if label in {way.label for way in self._alone}:
            return "alone"
        if label.endswith("hidden when asked"):
            return "hidden when asked"
        return label


def _row(
    label: str,
    side: Side,
    answers: Sequence[Answers],
    each: Tried,
    whole: Tried,
    told: Interval,
) -> tuple[Cell, ...]:
    learnt = (label, "+".join(each.way.candidate.inputs), each.parameters)
    if label == ALL:
        return (*learnt, *three(side.score(answers)), None, None, None, None)
    lost = side.gain(whole.answers, answers)
    of_all = set(each.way.candidate.inputs) < set(whole.way.candidate.inputs) or each is whole
    share = lost.value / told.value if of_all and told.value else None
    return (*learnt, *three(side.score(answers)), *three(lost), share)
