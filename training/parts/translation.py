"""Translation: predict one spectrum from other inputs, on groups never learnt from.

Baltrusaitis, Ahuja & Morency, IEEE Trans. Pattern Anal. 41, 423 (2019), section 4. The score is
explained variance: one minus the squared distance of predicted curves over that of the mean curve
of the training side, so the mean curve scores 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from registry.errors import BadInput
from registry.parallel import mapper
from registry.records import Floats
from registry.vocabulary import technique
from training.answering import distances
from training.datasets import Dataset
from training.definitions import SpectrumInput
from training.findings import Cell, Finding, Verdict
from training.metrics import metric_named
from training.models import dense
from training.parts import Setting
from training.parts._curves import CurveJob, Curves, by_mean, by_model, by_ridge
from training.parts._curves_picture import draw_translation
from training.parts._experiment import NEAREST, SHUFFLED, Way, sizes
from training.parts._fits import equal_data
from training.parts._sides import Side, three
from training.picture import with_unit
from training.resuming import as_here
from training.study import Candidate

RIDGE, MEAN = "ridge regression", "mean curve"
WORST = 3
STRENGTHS = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
Work = Callable[[CurveJob], Curves]


@dataclass(frozen=True)
class Translation:
    """Networks that predict a curve against what needs no network.

    The claim holds when the best network is better than the best of ridge regression, the nearest
    neighbour's curve and the mean curve, both chosen on the validation side.

    Attributes:
        name: Name within the study.
        claim: What is claimed.
        wanted: Input that is predicted.
        networks: Candidates that predict values, on the same inputs.
        version: Raised when running it again would find something else.
    """

    name: str
    claim: str
    wanted: str
    networks: tuple[Way, ...]
    version: str = field(default="1", init=False)

    def __post_init__(self) -> None:
        given = {way.candidate.inputs for way in self.networks}
        if len(given) != 1 or self.wanted in next(iter(given)):
            expected = f"one or more on the same inputs, {self.wanted} not among them"
            raise BadInput(f"part {self.name!r}: networks", expected, repr(sorted(given)))

    @property
    def source(self) -> tuple[str, ...]:
        """Inputs it is predicted from."""
        return self.networks[0].candidate.inputs

    def run(self, setting: Setting) -> Finding:
        """Fit every network with every seed, and the baselines.

        Raises:
            BadInput: When a member lacks an input.
            Unsupported: For an algorithm that predicts no values.
        """
        dataset = equal_data(setting.dataset, (*self.source, self.wanted), f"part {self.name!r}")
        side, truth = _side(dataset, self.wanted)
        found = self._fitted(setting, dataset)
        left = {
            label: [distances(truth, each.test) for each in own] for label, own in found.items()
        }
        networks = [way.label for way in self.networks]
        best = max(networks, key=lambda label: _validation(found[label]))
        rival = max((RIDGE, NEAREST, MEAN), key=lambda label: _validation(found[label]))
        gain = side.gain(left[best], left[rival])
        at_chance = side.score(left[SHUFFLED])
        return Finding(
            part=self.name,
            title=f"Translation: {self.wanted} from {'+'.join(self.source)}",
            columns=(
                "way",
                "numbers learnt",
                "seconds",
                "validation",
                "explained variance",
                "low",
                "high",
                f"better than {rival} by",
                "low",
                "high",
                "rms error, median",
                "rms error, 95 %",
            ),
            rows=tuple(
                _row(side, label, own, left[label], None if label == rival else left[rival], truth)
                for label, own in found.items()
            ),
            verdict=Verdict.on(
                gain,
                f"{best} minus {rival} in explained variance, both the best of their kind on the "
                f"validation side: {gain}",
            ),
            notes=(
                sizes(dataset),
                f"Control: {networks[0]} learnt from curves dealt to members at random explains "
                f"{at_chance}; the mean curve explains 0.",
                "Errors are in units of the largest absolute value of each curve. Groups of the "
                "test side were never learnt from.",
            ),
            drawn=self._drawn(setting, dataset, truth, found, best, rival, side),
            metrics={
                "gain": gain.value,
                "network": side.score(left[best]).value,
                "rival": side.score(left[rival]).value,
            },
        )

    def draw(self, finding: Finding, path: Path) -> None:
        """Draw the scores, and the curves of a usual member and of the worst."""
        draw_translation(finding.drawn, path)

    def _fitted(self, setting: Setting, dataset: Dataset) -> dict[str, list[Curves]]:
        """What each way predicted with each seed; the baselines have none and are repeated."""
        control = self.networks[0].candidate
        nearest = Candidate("nearest_neighbour", self.source)
        networks: dict[str, Work] = {
            **{way.label: partial(by_model, candidate=way.candidate) for way in self.networks},
            SHUFFLED: partial(by_model, candidate=control, without_truth=True),
        }
        baselines: dict[str, Work] = {
            RIDGE: partial(by_ridge, strengths=STRENGTHS),
            NEAREST: partial(by_model, candidate=nearest),
            MEAN: by_mean,
        }
        plans = [(label, work, s) for label, work in networks.items() for s in setting.seeds]
        plans += [(label, work, setting.seeds[0]) for label, work in baselines.items()]
        tasks = ((w, CurveJob(dataset, self.source, self.wanted, s)) for _, w, s in plans)
        found: dict[str, list[Curves]] = {}
        with mapper(setting.workers) as run:
            for (label, _, seed), done in zip(plans, run(as_here(_do), tasks), strict=True):
                setting.progress(
                    f"{self.wanted} by {label}, seed {seed}: {done.seconds:.1f} s, "
                    f"{done.validation:.3f} of the validation side explained"
                )
                found.setdefault(label, []).append(done)
        repeat = len(setting.seeds)
        return {label: own * repeat if label in baselines else own for label, own in found.items()}

    def _drawn(
        self,
        setting: Setting,
        dataset: Dataset,
        truth: Floats,
        found: dict[str, list[Curves]],
        best: str,
        rival: str,
        side: Side,
    ) -> dict[str, Any]:
        said = {best: found[best][0].test, rival: found[rival][0].test}
        explained = 1 - distances(truth, said[best]) / np.maximum(side.truth, 1e-12)
        order = np.argsort(explained, kind="stable")
        shown = [("median", order[len(order) // 2]), *(("worst", i) for i in order[:WORST])]
        members = [dataset.members[i] for i in dataset.rows("test")]
        source = dataset.definition.input(self.wanted)
        x: Floats = np.arange(truth.shape[1], dtype=np.float64)
        axis = "column"
        if isinstance(source, SpectrumInput):
            known = technique(source.technique)
            x, axis = source.points(), with_unit(known.quantity, known.unit)
        return {
            "title": f"{setting.study.title}: {self.wanted} from {'+'.join(self.source)}",
            "x": _rounded(x),
            "x_axis": axis,
            "y_axis": f"{self.wanted} (scaled)",
            "scores": [
                [label, *three(side.score([distances(truth, c.test) for c in own]))]
                for label, own in found.items()
            ],
            "members": [
                {
                    "title": f"{what}: {members[i].name or members[i].entity_id}, "
                    f"{explained[i]:.2f} of its variance explained by {best}",
                    "curves": [
                        ["simulated", _rounded(truth[i])],
                        *([label, _rounded(curves[i])] for label, curves in said.items()),
                    ],
                }
                for what, i in shown
            ],
        }


def _do(task: tuple[Work, CurveJob]) -> Curves:
    work, job = task
    return work(job)


def _rounded(curve: Floats) -> list[float]:
    """To what a picture can show."""
    return [round(float(value), 4) for value in curve]


def _side(dataset: Dataset, wanted: str) -> tuple[Side, Floats]:
    """Test side scored by explained variance, and its curves, shape ``(n, k)``."""
    block = dense(dataset.blocks)[wanted].astype(np.float64)
    truth = block[dataset.rows("test")]
    spread = distances(truth, block[dataset.rows("train")].mean(axis=0))
    groups = tuple(dataset.groups(dataset.rows("test")))
    return Side(metric_named("explained_variance"), spread, groups), truth


def _validation(own: Sequence[Curves]) -> float:
    return float(np.mean([each.validation for each in own]))


def _row(
    side: Side,
    label: str,
    own: Sequence[Curves],
    left: Sequence[Floats],
    rival: Sequence[Floats] | None,
    truth: Floats,
) -> tuple[Cell, ...]:
    rms = np.sqrt(np.mean(left, axis=0) / truth.shape[1])
    nothing: tuple[Cell, ...] = (None, None, None)
    return (
        label,
        own[0].parameters,
        float(np.mean([each.seconds for each in own])),
        _validation(own),
        *three(side.score(left)),
        *(nothing if rival is None else three(side.gain(left, rival))),
        float(np.median(rms)),
        float(np.quantile(rms, 0.95)),
    )
