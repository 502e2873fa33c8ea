"""Judging a study's claim, and reading back what registered models answered on the test side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.errors import LakeError
from registry.lake import Lake
from training.datasets import Dataset
from training.definitions import class_order
from training.evaluation import Interval, bootstrap, paired_bootstrap
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
    """

    truth: Answers
    answered: Answers
    class_names: tuple[str, ...]
    groups: tuple[str, ...]
    metric: Metric

    def interval(self) -> Interval:
        """Its score with the 95 % interval."""
        return bootstrap(self.metric, self.truth, self.answered, self.groups)


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
    found = lake.sql(ANSWERS_SQL, key).to_pydict()
    if not found["alternatives"] or None in found["alternatives"]:
        raise LakeError(
            f"{row['model']} version {row['version']}: no answers for its whole test side in "
            "the lake: train it again with force"
        )
    metric, groups = metric_named(row["metric"]), tuple(found["group"])
    if metric.task == "unsupervised":
        parts = [json.loads(text) for text in found["alternatives"]]
        spread, left = (np.array([part[key] for part in parts]) for key in ("spread", "residual"))
        return Answered(spread, left, (), groups, metric)
    if metric.task == "regression":
        true, said = (np.array([float(v) for v in found[c]]) for c in ("label", "value"))
        return Answered(true, said, (), groups, metric)
    names = tuple(class_names or class_order([*found["label"], *found["value"]]))
    number = {name: i for i, name in enumerate(names)}
    truth, answered = (np.array([number[v] for v in found[c]]) for c in ("label", "value"))
    return Answered(truth, answered, names, groups, metric)


def best_on_validation(validation: Mapping[str, float], keys: Sequence[str], metric: Metric) -> str:
    """Key of the best validation score; of equal ones the first."""
    return max(keys, key=lambda key: metric.sign * validation[key])


def judge(
    lake: Lake,
    dataset: Dataset,
    claim: Claim,
    rows: Mapping[str, Row],
    validation: Mapping[str, float],
) -> Verdict | None:
    """Judge a claim as :class:`Claim` says; None when one of its candidates is not there.

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
    rival = best_on_validation(validation, claim.against, metric)
    one, other = (
        answers_of(lake, rows[key], dataset.class_names) for key in (claim.candidate, rival)
    )
    found = paired_bootstrap(
        metric, one.truth, one.answered, other.answered, one.groups, other_truth=other.truth
    )
    reason = f"{claim.candidate} {metric.compared} {rival} in {metric.title}: {found}"
    return Verdict.on(found, reason)
