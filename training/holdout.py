"""What two models answer about the same members that neither was trained on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from registry.lake import Lake
from registry.vocabulary import Kind
from training.answering import ask
from training.datasets import Dataset
from training.evaluation import Interval, paired_bootstrap
from training.loading import LoadedModel, read_inputs, reads_curves
from training.metrics import Answers, metric_named
from training.models import Inputs, Task
from training.splits import Member

Answer = str | float
FEWEST = 10
"""Fewest hold-out members, of two classes or more, that may decide."""


@dataclass(frozen=True)
class HoldOut:
    """Answers of both models on the same members, sorted alike.

    Attributes:
        kind: ``measured`` or ``simulated``.
        truth: True class names or values, or spreads, shape ``(n,)``.
        groups: Group of each member.
        champion: Its answers: class names or values, or residuals.
        challenger: Its answers.
        metric: What the study is judged by.
        champion_truth: Truth of the champion where it is another: the spread of its own inputs.
    """

    kind: str
    truth: tuple[Answer, ...]
    groups: tuple[str, ...]
    champion: tuple[Answer, ...]
    challenger: tuple[Answer, ...]
    metric: str = "balanced_accuracy"
    champion_truth: tuple[Answer, ...] | None = None

    @property
    def decides(self) -> bool:
        """Whether there are enough members, and not all alike."""
        return len(self.truth) >= FEWEST and len(set(self.truth)) >= 2

    def scores(self) -> tuple[float, float]:
        """Scores of the champion and of the challenger."""
        truth, old, new, other = self._arrays()
        metric = metric_named(self.metric)
        return metric.score(truth if other is None else other, old), metric.score(truth, new)

    def interval(self) -> Interval:
        """How much better the challenger is, as the paired bootstrap has it; above 0 is better."""
        truth, old, new, other = self._arrays()
        metric = metric_named(self.metric)
        return paired_bootstrap(metric, truth, new, old, self.groups, other_truth=other)

    def _arrays(self) -> tuple[Answers, Answers, Answers, Answers | None]:
        """Truth, both answers, and the truth of the champion where it is another."""
        truth, old, new = map(np.array, (self.truth, self.champion, self.challenger))
        other = self.champion_truth
        return truth, old, new, None if other is None else np.array(other)


def hold_outs(
    lake: Lake, dataset: Dataset, members: Sequence[Member], old: LoadedModel, new: LoadedModel
) -> Iterator[HoldOut]:
    """Answers of both models: on measured members where there are any, then on simulated ones.

    Where only measured curves are tested, there are no simulated ones to answer about.

    Args:
        lake: The lake.
        dataset: Whose members they are.
        members: Members that neither model was trained on.
        old: The champion.
        new: The challenger.
    """
    both_read_curves = reads_curves(old.card) and reads_curves(new.card)
    only_measured = dataset.definition.tested_on == "experimental"
    if both_read_curves and (only_measured or dataset.measured is not None):
        measured = _answers(lake, dataset, members, old, new, "experimental")
        if measured.truth or only_measured:
            yield measured
    if not only_measured:
        yield _answers(lake, dataset, members, old, new, "simulated")


def _answers(
    lake: Lake,
    dataset: Dataset,
    members: Sequence[Member],
    old: LoadedModel,
    new: LoadedModel,
    kind: Kind,
) -> HoldOut:
    entity = dataset.definition.entity
    wanted = [m.entity_id for m in members]
    by_model = []
    for model in (old, new):
        entities, inputs = read_inputs(lake, model.card, wanted, dataset.snapshot, kind, entity)
        by_model.append(_said(model, entities, inputs) if entities else {})
    common = [m for m in members if all(m.entity_id in found for found in by_model)]
    first, second = ([found[m.entity_id] for m in common] for found in by_model)
    task = dataset.definition.task
    return HoldOut(
        kind="measured" if kind == "experimental" else kind,
        truth=tuple(_truth(task, m, spread) for m, (_, spread) in zip(common, second, strict=True)),
        groups=tuple(m.group for m in common),
        champion=tuple(answer for answer, _ in first),
        challenger=tuple(answer for answer, _ in second),
        metric=new.card.metric,
        champion_truth=tuple(
            _truth(task, m, spread) for m, (_, spread) in zip(common, first, strict=True)
        ),
    )


def _said(
    model: LoadedModel, entities: Sequence[str], inputs: Inputs
) -> dict[str, tuple[Answer, float]]:
    """Answer for each member, and the spread of its inputs where there is no target."""
    said = ask(model.fitted, model.card.task, inputs)
    names = model.card.class_names
    answers: list[Answer] = [names[int(a)] if names else float(a) for a in said.answers]
    spread = [math.nan] * len(entities) if said.spread is None else said.spread.tolist()
    return dict(zip(entities, zip(answers, spread, strict=True), strict=True))


def _truth(task: Task, member: Member, spread: float) -> Answer:
    if task == "unsupervised":
        return spread
    return float(str(member.label)) if task == "regression" else str(member.label)
