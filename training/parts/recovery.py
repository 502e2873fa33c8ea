"""Whether taking patterns apart finds the phases, amounts and boundaries that are known.

For simulated libraries. Constituents are assigned to phases one to one, so that as little intensity
as possible is misplaced; a constituent too many is assigned to none. ``Misplaced`` is the share of
a sample's intensity that is given to a wrong phase or to none (half the sum of the differences).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.records import Floats
from training.evaluation import Interval, bootstrap, paired_bootstrap
from training.findings import Finding, Verdict
from training.metrics import metric_named
from training.parts import Setting
from training.parts._library import Composition, numbers
from training.parts._recovery_picture import draw_recovery
from training.parts._unmixed import Curves, Unmixed, tasks, unmixed
from training.targets import Property

PRESENT = 0.05
"""Share of the intensity from which a phase counts as there."""


@dataclass(frozen=True)
class Recovery:
    """The part; it claims that merging beats knowing the number of phases.

    Attributes:
        input: Input of the dataset whose curves are taken apart.
        composition: Corners of the diagrams.
        phases: Names of the phases.
        shares: Property of each phase: its true share of the intensity.
        claim: In words.
        settings: What differs from the defaults of ``nmfk``.
        strain: Largest strain between two copies.
        alike: Least cosine of two copies.
        name: Of the part.
        version: Of the part.
    """

    input: str
    composition: Composition
    phases: tuple[str, ...]
    shares: tuple[Property, ...]
    claim: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    strain: float = 0.02
    alike: float = 0.9
    name: str = "recovery"
    version: str = "1"

    def __post_init__(self) -> None:
        if len(self.phases) != len(self.shares) or not self.phases:
            found = f"{len(self.shares)} for {len(self.phases)}"
            raise BadInput(f"part {self.name!r}: shares", "a property of each phase", found)

    def run(self, setting: Setting) -> Finding:
        """Take apart, assign, compare."""
        curves = Curves.of(setting.dataset, self.input)
        fractions = self.composition.read(setting.lake, setting.dataset)
        true = numbers(setting.lake, setting.dataset, list(self.shares))
        setting.progress(f"{self.name}: {len(self.phases)} phases, {len(setting.seeds)} seeds")
        found = self._found(setting, curves, true)
        wrong = {method: _misplaced(true, said) for method, said in found.items()}
        groups = [member.group for member in setting.dataset.members]
        known, chosen = f"nmf, {len(self.phases)} (the true number)", "nmfk, copies merged"
        rows = []
        for method, (counts, said) in self._counted(found, setting, curves).items():
            error = _score(wrong[method], groups)
            same = [((s >= PRESENT) == (true >= PRESENT)).all(axis=1).mean() for s in said]
            right = [(s.argmax(axis=1) == true.argmax(axis=1)).mean() for s in said]
            rows.append(
                (
                    method,
                    counts,
                    error.value,
                    error.low,
                    error.high,
                    float(np.mean(same)),
                    float(np.mean(right)),
                )
            )
        difference = _gain(wrong[chosen], wrong[known], groups)
        return Finding(
            part=self.name,
            title="Recovery of what is known",
            columns=(
                "method",
                "constituents",
                "misplaced",
                "low",
                "high",
                "same phases",
                "main phase right",
            ),
            rows=tuple(rows),
            verdict=Verdict.on(
                difference, f"less misplaced by {chosen!r} than by {known!r}, paired by sample"
            ),
            notes=(
                f"{len(true)} simulated samples of {len(self.phases)} phases. Misplaced: share of "
                "a sample's intensity given to a wrong phase or none, with the 95 % interval over "
                "resampled samples; same phases: share of samples in which exactly the phases of "
                f"{100 * PRESENT:g} % or more are found; main phase right: share of samples whose "
                "phase that scatters most is told. Constituents are assigned with the truth at "
                "hand: this is the best that naming them could give.",
                "The shares are simulated: nothing here is claimed of a measurement.",
            ),
            drawn={
                "components": list(self.composition.components),
                "fractions": np.round(fractions, 4).tolist(),
                "phases": list(self.phases),
                "true": np.round(true, 4).tolist(),
                "found": np.round(found[chosen][0], 4).tolist(),
                "method": chosen,
            },
            metrics={f"misplaced by {_plain(row[0])}": row[2] for row in rows},
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """True and found share of each phase on the triangle, and one against the other."""
        draw_recovery(finding.drawn, path)

    def _unmixed(self, setting: Setting, curves: Curves) -> dict[str, tuple[Unmixed, ...]]:
        given = unmixed(tasks(curves, "nmf", {"parts": len(self.phases)}, (0,)))
        chosen = unmixed(tasks(curves, "nmfk", self.settings, setting.seeds), setting.workers)
        return {f"nmf, {len(self.phases)} (the true number)": given, "nmfk": chosen}

    def _found(self, setting: Setting, curves: Curves, true: Floats) -> dict[str, list[Floats]]:
        """Shares of every method, assigned to phases, one for each seed it depends on."""
        found = {"the mean of all samples": [np.tile(true.mean(axis=0), (len(true), 1))]}
        for method, results in self._unmixed(setting, curves).items():
            found[method] = [assigned(each.shares, true) for each in results]
            short = method.split(" (")[0]
            found[f"{short}, copies merged"] = [
                assigned(each.merged(each.copies(curves.x, self.strain, self.alike)), true)
                for each in results
            ]
        return found

    def _counted(
        self, found: Mapping[str, list[Floats]], setting: Setting, curves: Curves
    ) -> dict[str, tuple[float | None, list[Floats]]]:
        """How many constituents each method has, on average over its seeds."""
        counts: dict[str, float] = {}
        for method, results in self._unmixed(setting, curves).items():
            counts[method] = float(np.mean([each.k for each in results]))
            merged = [each.copies(curves.x, self.strain, self.alike).max() + 1 for each in results]
            counts[f"{method.split(' (')[0]}, copies merged"] = float(np.mean(merged))
        return {method: (counts.get(method), said) for method, said in found.items()}


def _plain(method: str) -> str:
    """A method as MLflow may name it."""
    return re.sub(r"[^\w ]", "", method)


def assigned(shares: Floats, true: Floats) -> Floats:
    """Shares of constituents given to phases one to one, so that least is misplaced.

    Args:
        shares: Of constituents, shape ``(n, groups)``.
        true: Of phases, shape ``(n, phases)``.

    Returns:
        Shape ``(n, phases)``; zero for a phase without a constituent.
    """
    from scipy.optimize import linear_sum_assignment

    # what is placed rightly when a constituent stands for a phase
    right = np.array([[np.minimum(s, t).sum() for t in true.T] for s in shares.T])
    constituent, phase = linear_sum_assignment(right, maximize=True)
    found = np.zeros_like(true)
    found[:, phase] = shares[:, constituent]
    return found


def _misplaced(true: Floats, said: Sequence[Floats]) -> list[Floats]:
    """Share of each sample that is misplaced, one array for each seed, shape ``(n,)``."""
    # what is in no phase (a constituent too many) is misplaced as well
    return [
        (np.abs(s - true).sum(axis=1) + np.abs(s.sum(axis=1) - true.sum(axis=1))) / 2 for s in said
    ]


def _score(wrong: Sequence[Floats], groups: Sequence[str]) -> Interval:
    together = np.concatenate(wrong)
    return bootstrap(metric_named("mae"), np.zeros_like(together), together, [*groups] * len(wrong))


def _gain(one: Sequence[Floats], other: Sequence[Floats], groups: Sequence[str]) -> Interval:
    """How much less the first misplaces; a method without seeds is repeated for each."""
    seeds = max(len(one), len(other))
    first, second = (np.concatenate([*each] * (seeds // len(each))) for each in (one, other))
    return paired_bootstrap(
        metric_named("mae"), np.zeros_like(first), first, second, [*groups] * seeds
    )
