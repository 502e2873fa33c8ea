"""Whether a model that is retrained on evidence keeps its error where a frozen one loses it.

Members come in an order, in several series (machines, instruments). A first model learns from the
first members of a series. Then blocks come: each is asked about before anything learns from it.
One follower never learns again, one is retrained after every so many blocks, and one when its
score on a new block is shown worse than it was when it was trained. A challenger takes over only
when the paired bootstrap on what neither has learnt from shows it better: the rules of
:mod:`training.triggers` and :mod:`training.promotion` without a registry, so that years pass in
minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import BadInput
from training.assembly import assemble
from training.datasets import Dataset
from training.definitions import DatasetDefinition
from training.evaluation import Interval
from training.findings import Finding, Verdict
from training.metrics import Metric
from training.models import Labels
from training.parts import Setting
from training.parts._drawing import Bar, bars_in, draw_lines
from training.parts._experiment import scored
from training.parts._followed import Told
from training.parts._series import Followed, Follower, Windows, in_order
from training.study import Candidate

FROZEN, EVIDENCE, CLOCK = "frozen", "retrained on evidence", "retrained by the clock"


@dataclass(frozen=True)
class Retraining:
    """The part.

    It claims that on the later half of the blocks the model retrained on evidence is better than
    the frozen one, and no worse than all models were on the first block, but for a share.

    Attributes:
        dataset: All series, every member labelled.
        series: SQL expression that is equal within a series.
        order: SQL expression that rises within it.
        candidate: What is fitted.
        claim: In words.
        first: Members before the first block.
        block: Members of a block.
        window: Newest members that are learnt from.
        every: Blocks from one retraining by the clock to the next.
        degraded: By how much a score must be worse to ask for another model.
        share: Of the first block's score that the later blocks may be worse by.
        name: Of the part.
        version: Of the part.
    """

    dataset: DatasetDefinition
    series: str
    order: str
    candidate: Candidate
    claim: str
    first: int = 600
    block: int = 200
    window: int = 600
    every: int = 2
    degraded: float = 0.0
    share: float = 0.25
    name: str = "retraining"
    version: str = "1"

    def __post_init__(self) -> None:
        for field in ("first", "block", "window", "every"):
            if getattr(self, field) < 1:
                where = f"part {self.name!r}: {field}"
                raise BadInput(where, "1 or more", repr(getattr(self, field)))

    @property
    def followers(self) -> tuple[Follower, ...]:
        """What is compared."""
        return (
            Follower(FROZEN),
            Follower(EVIDENCE, degraded=self.degraded),
            Follower(CLOCK, every=self.every),
        )

    def run(self, setting: Setting) -> Finding:
        """Go through every series with every follower.

        Raises:
            BadInput: When a series has fewer than two blocks, or the dataset cannot be assembled.
        """
        dataset = assemble(setting.lake, self.dataset, setting.dataset.snapshot)
        ordered = in_order(setting.lake, dataset, self.series, self.order)
        done: dict[str, list[Followed]] = {f.label: [] for f in self.followers}
        blocks: list[list[Labels]] = []
        for number, (name, rows) in enumerate(ordered.items()):
            windows = self._windows(setting, dataset, rows, number)
            if len(windows.blocks) < 2:
                found = f"{len(rows)} in series {name}"
                least = self.first + 2 * self.block
                raise BadInput(f"part {self.name!r}", f"{least} members or more", found)
            blocks.append(windows.blocks)
            start = windows.learn(self.first)
            for follower in self.followers:
                own = windows.follow(follower, start)
                done[follower.label].append(own)
                setting.progress(
                    f"{self.name}: series {name}, {follower.label}: {own.trained} trained, "
                    f"{own.promoted} took over"
                )
        fewest = min(map(len, blocks))
        return self._finding(setting, Told.of(dataset, blocks, done, fewest))

    def draw(self, finding: Finding, path: Path) -> None:
        """Score along the order, one line for each follower."""
        draw_lines(finding.drawn, path)

    def _windows(self, setting: Setting, dataset: Dataset, rows: Labels, number: int) -> Windows:
        seed = setting.seeds[number % len(setting.seeds)]
        sizes = (self.first, self.block, self.window)
        return Windows(dataset, rows, *sizes, self.candidate, setting.study.judged_by, seed)

    def _finding(self, setting: Setting, told: Told) -> Finding:
        metric, half = setting.study.judged_by, told.blocks // 2
        late = range(half, told.blocks)
        start = told.score(metric, FROZEN, range(1))
        rows = tuple(told.row(metric, follower.label, late, start) for follower in self.followers)
        verdict = self._verdict(metric, told, late, start)
        return Finding(
            part=self.name,
            title=f"{metric.title} of models that follow, and of one that does not",
            columns=(
                "model",
                "first block",
                "later half",
                "low",
                "high",
                "trained a series",
                "took over a series",
            ),
            rows=rows,
            verdict=verdict,
            notes=(
                f"{told.series} series, {told.blocks} blocks of {self.block} members after "
                f"{self.first}; a model learns from three fifths of the newest {self.window}, "
                "another fifth ends the fit, and on the last it is compared.",
                "Every block is asked about before anything learns from it. Intervals: whole "
                "series resampled; each series has a seed of its own.",
            ),
            drawn=self._drawn(setting, metric, told),
            metrics={f"{row[0]}, later half": float(str(row[2])) for row in rows},
        )

    def _verdict(self, metric: Metric, told: Told, late: range, start: Interval) -> Verdict:
        """The weaker of both halves of the claim."""
        gain = told.gain(metric, EVIDENCE, FROZEN, late)
        kept = told.change(metric, EVIDENCE, late)
        allowed = self.share * abs(start.value)
        held = Interval(kept.value + allowed, kept.low + allowed, kept.high + allowed)
        reason = (
            f"{metric.title} of the later blocks: {EVIDENCE} {metric.compared} {FROZEN}: {gain}; "
            f"against the first block, {allowed:.3f} allowed: {held}"
        )
        return Verdict.on(min(gain, held, key=lambda one: one.low), reason)

    def _drawn(self, setting: Setting, metric: Metric, told: Told) -> dict[str, Any]:
        places = [self.first + (n + 0.5) * self.block for n in range(told.blocks)]
        lines = []
        for follower in self.followers:
            found = [told.score(metric, follower.label, [n]) for n in range(told.blocks)]
            bars = [Bar(follower.label, i.value, i.low, i.high, follower.label) for i in found]
            lines.append((follower.label, bars_in(bars)))
        return {
            "x": places,
            "x_axis": "members since the beginning of the series",
            "log": False,
            "axis": scored(setting),
            "title": setting.study.title,
            "naive": told.naive(metric),
            "lines": lines,
        }
