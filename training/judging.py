"""Judging a study's claim, and reading back what registered models answered on the test side."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from registry.errors import BadInput, LakeError
from registry.lake import Lake
from training.datasets import Dataset
from training.definitions import class_order, definition_from
from training.evaluation import RESAMPLES, Difference, Interval, bootstrap, paired_difference
from training.findings import Verdict
from training.metrics import Answers, Metric, metric_named
from training.rows import Row
from training.study import Claim

ANSWERS_SQL = """
SELECT m.entity_id, m."group", m.label, p.value, p.alternatives
FROM dataset_members m
LEFT JOIN predictions p ON p.entity_id = m.entity_id AND p.model = $1 AND p.version = $2
WHERE m.manifest = $3 AND m.split = 'test' ORDER BY m.entity_id
"""


@dataclass(frozen=True)
class Answered:
    """Test side of a registered model.

    Attributes:
        truth: True class numbers or values, or spreads, shape ``(n,)``.
        answered: Answered class numbers or values, or residuals, shape ``(n,)``.
        class_names: Names of the classes, if there are any.
        groups: Group of each member.
        metric: What the model is judged by.
        entities: Id of each member.
    """

    truth: Answers
    answered: Answers
    class_names: tuple[str, ...]
    groups: tuple[str, ...]
    metric: Metric
    entities: tuple[str, ...]

    def interval(self) -> Interval:
        """Its score with the 95 % interval."""
        return bootstrap(self.metric, self.truth, self.answered, self.groups)

    def of(self, entities: Collection[str]) -> Answered:
        """Only some of the members, in the order of their ids."""
        rows = [i for i, entity in enumerate(self.entities) if entity in entities]
        own, groups = (tuple(of[i] for i in rows) for of in (self.entities, self.groups))
        return replace(
            self, truth=self.truth[rows], answered=self.answered[rows], groups=groups, entities=own
        )


def compared(one: Answered, other: Answered, resamples: int = RESAMPLES) -> Difference:
    """How much better the first is on the members that both were asked about.

    Raises:
        BadInput: When there are none.
    """
    common = set(one.entities) & set(other.entities)
    if not common:
        raise BadInput("comparison", "members that both models were asked about", "none")
    first, second = one.of(common), other.of(common)
    return paired_difference(
        one.metric,
        first.truth,
        first.answered,
        second.answered,
        first.groups,
        other_truth=second.truth,
        resamples=resamples,
    )


def answers_of(
    lake: Lake, row: Mapping[str, Any], class_names: Sequence[str] | None = None
) -> Answered:
    """Read what a version answered on the test side of the dataset it was trained on.

    Args:
        lake: The lake.
        row: Row of the ``models`` table.
        class_names: Order of the classes; :func:`class_order` of those that occur by default.

    Raises:
        LakeError: When answers are missing.
    """
    key = [row["model"], row["version"], row["manifest"]]
    every = lake.sql(ANSWERS_SQL, key).to_pylist()
    asked = [m for m in every if m["alternatives"] is not None]
    if not asked or (len(asked) < len(every) and not _drops(lake, row["manifest"])):
        raise LakeError(
            f"{row['model']} version {row['version']}: no answers for its whole test side in "
            "the lake: train it again with force"
        )
    found = {name: [member[name] for member in asked] for name in asked[0]}
    metric, groups = metric_named(row["metric"]), tuple(found["group"])
    entities = tuple(found["entity_id"])
    if metric.task == "unsupervised":
        parts = [json.loads(text) for text in found["alternatives"]]
        spread, left = (np.array([part[key] for part in parts]) for key in ("spread", "residual"))
        return Answered(spread, left, (), groups, metric, entities)
    if metric.task == "regression":
        true, said = (np.array([float(v) for v in found[c]]) for c in ("label", "value"))
        return Answered(true, said, (), groups, metric, entities)
    names = tuple(class_names or class_order([*found["label"], *found["value"]]))
    number = {name: i for i, name in enumerate(names)}
    truth, answered = (np.array([number[v] for v in found[c]]) for c in ("label", "value"))
    return Answered(truth, answered, names, groups, metric, entities)


def best_of(scores: Mapping[str, float], keys: Sequence[str], metric: Metric) -> str:
    """Key of the best score; of equal ones the first."""
    return max(keys, key=lambda key: metric.sign * scores[key])


def judge(
    lake: Lake,
    dataset: Dataset,
    claim: Claim,
    rows: Mapping[str, Row],
    validation: Mapping[str, float],
) -> Verdict | None:
    """Judge a claim as :class:`Claim` says; None when one of its candidates is not there.

    The reason also tells the difference from the other that the test side, asked afterwards, puts
    first: where validation is small, the rule may have picked an easy one to beat.

    Args:
        lake: The lake.
        dataset: The dataset all candidates were trained on.
        claim: The claim.
        rows: Rows of the ``models`` table by candidate.
        validation: Validation score by candidate.
    """
    if not {claim.candidate, *claim.against} <= set(rows):
        return None
    metric = metric_named(rows[claim.candidate]["metric"])
    rival = best_of(validation, claim.against, metric)
    answered = {
        key: answers_of(lake, rows[key], dataset.class_names)
        for key in (claim.candidate, *claim.against)
    }
    tested = {key: metric.score(own.truth, own.answered) for key, own in answered.items()}

    def than(other: str) -> Interval:
        return compared(answered[claim.candidate], answered[other]).interval

    found, strongest = than(rival), best_of(tested, claim.against, metric)
    reason = f"{claim.candidate} {metric.compared} {rival} in {metric.title}: {found}"
    if strongest != rival:
        reason += f"; {metric.compared} {strongest}, the best in hindsight: {than(strongest)}"
    return Verdict.on(found, reason)


def _drops(lake: Lake, manifest: str) -> bool:
    """Whether members may be left out of a dataset by models that read what they lack."""
    found = lake.sql("SELECT definition FROM datasets WHERE manifest = $1", [manifest])
    inputs = definition_from(found["definition"][0].as_py()).inputs
    return any(source.missing == "drop" for source in inputs)
