"""Ways to fuse several modalities against the best single one, on equal data.

Which single modality is best, and which way of fusing, is decided on the validation side; the
intervals are paired bootstraps over groups of the test side, all seeds together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from training.findings import Finding, Verdict
from training.parts import Setting
from training.parts._drawing import Bar, bars_in, draw_scores
from training.parts._experiment import (
    NAIVE,
    NEAREST,
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

__all__ = ["Fusing", "Way"]


@dataclass(frozen=True)
class Fusing:
    """Fusion against the best single modality.

    The claim holds when the best way of fusing is better than the best single modality, both
    chosen on the validation side.

    Attributes:
        name: Name within the study.
        claim: What is claimed.
        together: Ways of fusing all modalities.
        alone: Candidates of one modality each.
        version: Raised when running it again would find something else.
    """

    name: str
    claim: str
    together: tuple[Way, ...]
    alone: tuple[Way, ...]
    version: str = field(default="1", init=False)

    def run(self, setting: Setting) -> Finding:
        """Fit every way with every seed.

        Raises:
            BadInput: When a member lacks an input, or the data cannot be learnt from.
            Unsupported: Without a target.
        """
        every = tuple(dict.fromkeys(n for w in self._ways for n in w.candidate.inputs))
        dataset = equal_data(setting.dataset, every, f"part {self.name!r}")
        metric = setting.study.judged_by
        side = Side.of(dataset, metric)
        found = tried(setting, dataset, [*self._ways, *baselines(metric, every)])
        fused = best([found[way.label] for way in self.together], metric)
        rival = best([found[way.label] for way in self.alone], metric)
        at_chance = on_shuffled(setting, dataset, fused.way.candidate)
        gain = side.gain(fused.answers, rival.answers)
        reason = (
            f"{fused.way.label} {metric.compared} {rival.way.label} in {metric.title}, both the "
            f"best of their kind on the validation side: {gain}"
        )
        fitted = [found[way.label] for way in self._ways]
        return Finding(
            part=self.name,
            title="Fusion against the best single modality",
            columns=(
                "way",
                "inputs",
                "numbers learnt",
                "seconds",
                "validation",
                scored(setting),
                "low",
                "high",
                f"better than {rival.way.label} by",
                "low",
                "high",
            ),
            rows=tuple(_row(side, each, rival) for each in found.values()),
            verdict=Verdict.on(gain, reason),
            notes=(
                sizes(dataset),
                likeness(fitted),
                control(side, dataset, at_chance, found[NAIVE]),
                "Intervals: 95 %, groups of the test side resampled, all seeds together; those of "
                "differences are not corrected for there being several.",
            ),
            drawn={
                "axis": scored(setting),
                "title": setting.study.title,
                "naive": side.score(found[NAIVE].answers).value,
                "bars": bars_in(
                    Bar(label, *three(side.score(each.answers)), _kind(self, label))
                    for label, each in found.items()
                    if label != NAIVE
                ),
            },
            metrics={
                "gain": gain.value,
                "together": side.score(fused.answers).value,
                "alone": side.score(rival.answers).value,
                "shuffled": side.score(at_chance.answers).value,
                "nearest": side.score(found[NEAREST].answers).value,
            },
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Draw a bar for each way, the marker that knows nothing beside them."""
        draw_scores(finding.drawn, path)

    @property
    def _ways(self) -> tuple[Way, ...]:
        return (*self.together, *self.alone)


def _row(side: Side, each: Tried, rival: Tried) -> tuple[str | int | float | None, ...]:
    difference: tuple[float | None, ...] = (None, None, None)
    if each is not rival:
        difference = three(side.gain(each.answers, rival.answers))
    return (
        each.way.label,
        "+".join(each.way.candidate.inputs),
        each.parameters,
        each.seconds,
        each.validation,
        *three(side.score(each.answers)),
        *difference,
    )


def _kind(part: Fusing, label: str) -> str:
    if label == NEAREST:
        return NEAREST
    return "together" if label in {way.label for way in part.together} else "alone"
