"""How a model on several modalities bears their being missing when it is asked.

Three ways: it hid modalities from itself while it learnt (modality dropout, Neverova et al., IEEE
Trans. Pattern Anal. 38, 1692, 2016) and is told what is missing; it never did and is told; it never
did and gets the mean of the training side instead (mean imputation, the baseline of Little & Rubin,
Statistical Analysis with Missing Data, 2019, chapter 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from registry.errors import BadInput, Unsupported
from training.findings import Finding, Verdict
from training.fitting import model_of
from training.metrics import Answers
from training.parts import Setting
from training.parts._drawing import Bar, bars_in, draw_lines
from training.parts._experiment import NAIVE, Way, baselines, scored, sizes, tried
from training.parts._fits import Gaps, equal_data
from training.parts._sides import Side, three
from training.study import Candidate

HIDDEN, TOLD, IMPUTED = "modality dropout, masked", "no dropout, masked", "no dropout, mean imputed"


@dataclass(frozen=True)
class MissingModalities:
    """Score against how many modalities each member of the test side lacks, drawn at random.

    The claim holds when, with the most missing, modality dropout is better than mean imputation.

    Attributes:
        name: Name within the study.
        claim: What is claimed.
        candidate: Candidate on all modalities, of an algorithm with the setting ``hide``.
        missing: How many modalities members lack, ascending, fewer than there are.
        hide: Share of modalities hidden while learning, with modality dropout.
        version: Raised when running it again would find something else.
    """

    name: str
    claim: str
    candidate: Candidate
    missing: tuple[int, ...] = (0, 1, 2, 3)
    hide: float = 0.3
    version: str = field(default="1", init=False)

    def __post_init__(self) -> None:
        most = len(self.candidate.inputs) - 1
        steps = all(a < b for a, b in zip(self.missing, self.missing[1:], strict=False))
        if len(self.missing) < 2 or not steps or self.missing[0] < 0 or self.missing[-1] > most:
            expected = f"two or more numbers from 0 to {most}, ascending"
            raise BadInput(f"part {self.name!r}: missing", expected, repr(self.missing))

    def run(self, setting: Setting) -> Finding:
        """Fit with and without modality dropout, every seed, and take modalities away.

        Raises:
            BadInput: When a member lacks a modality already.
            Unsupported: Without a target, or for an algorithm that hides nothing.
        """
        names = self.candidate.inputs
        where = f"part {self.name!r}"
        if "hide" not in model_of(self.candidate).settings:
            raise Unsupported(where, "an algorithm with the setting hide", self.candidate.model)
        dataset = equal_data(setting.dataset, names, where)
        side = Side.of(dataset, setting.study.judged_by)
        gaps = tuple(drawn_gaps(len(side.truth), len(names), k) for k in self.missing)
        ways = [Way(HIDDEN, self._hiding(self.hide)), Way(TOLD, self._hiding(0.0))]
        found = tried(
            setting,
            dataset,
            [*ways, baselines(side.metric, names)[0]],
            gaps={way.label: gaps for way in ways},
            imputed=[TOLD],
        )
        places = range(len(gaps))
        said = {
            HIDDEN: [found[HIDDEN].gapped(i) for i in places],
            TOLD: [found[TOLD].gapped(i) for i in places],
            IMPUTED: [found[TOLD].imputed(i) for i in places],
        }
        gain = side.gain(said[HIDDEN][-1], said[IMPUTED][-1])
        metric, most = side.metric, self.missing[-1]
        return Finding(
            part=self.name,
            title="Missing modalities",
            columns=(
                f"missing of {len(names)}",
                "share",
                "way",
                scored(setting),
                "low",
                "high",
                f"better than {IMPUTED} by",
                "low",
                "high",
            ),
            rows=tuple(
                (
                    k,
                    k / len(names),
                    label,
                    *three(side.score(own[i])),
                    *_gain(side, own[i], said[IMPUTED][i]),
                )
                for i, k in enumerate(self.missing)
                for label, own in said.items()
            ),
            verdict=Verdict.on(
                gain,
                f"with {most} of {len(names)} missing, {HIDDEN} {metric.compared} {IMPUTED} in "
                f"{metric.title}: {gain}",
            ),
            notes=(
                sizes(dataset),
                "Who lacks what is drawn once, the same for every way and seed; all members lack "
                "equally many. The training side is complete.",
                f"Modality dropout hides {self.hide:.0%} of the modalities while learning, never "
                "all of a member.",
            ),
            drawn={
                "x": [100 * k / len(names) for k in self.missing],
                "x_axis": f"missing share of {len(names)} modalities (%)",
                "log": False,
                "axis": scored(setting),
                "title": setting.study.title,
                "naive": side.score(found[NAIVE].answers).value,
                "lines": [
                    [label, bars_in(Bar(label, *three(side.score(s)), label) for s in own)]
                    for label, own in said.items()
                ],
            },
            metrics={"gain": gain.value},
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Draw a line for each way."""
        draw_lines(finding.drawn, path)

    def _hiding(self, hide: float) -> Candidate:
        return replace(self.candidate, settings={**self.candidate.settings, "hide": hide})


def _gain(side: Side, one: Sequence[Answers], other: Sequence[Answers]) -> Sequence[float | None]:
    return (None, None, None) if one is other else three(side.gain(one, other))


def drawn_gaps(members: int, inputs: int, missing: int) -> Gaps:
    """Which inputs members lack, equally many each; those of fewer are among those of more.

    Returns:
        Shape ``(members, inputs)``.
    """
    order = np.random.default_rng(0).random((members, inputs)).argsort(axis=1).argsort(axis=1)
    return np.asarray(order < missing)
