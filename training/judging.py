"""Judging a study's claim, and reading back what registered models answered on the test side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from registry.errors import LakeError
from registry.lake import Lake
from training.datasets import Dataset
from training.definitions import class_order
from training.evaluation import Interval, bootstrap, paired_bootstrap
from training.models import Labels
from training.rows import Row
from training.study import Claim

ANSWERS_SQL = """
SELECT m.entity_id, m."group", m.label, p.value
FROM dataset_members m
LEFT JOIN predictions p ON p.entity_id = m.entity_id AND p.model = $1 AND p.version = $2
WHERE m.manifest = $3 AND m.split = 'test' ORDER BY m.entity_id
"""


@dataclass(frozen=True)
class Verdict:
    """What came of a claim, and the difference it was judged by."""

    outcome: Literal["holds", "fails", "is undecided"]
    reason: str
    interval: Interval


@dataclass(frozen=True)
class Answered:
    """Test side of a registered model: true and answered class numbers, names and groups."""

    truth: Labels
    answered: Labels
    class_names: tuple[str, ...]
    groups: tuple[str, ...]

    def interval(self) -> Interval:
        """Balanced accuracy with its 95 % interval."""
        return bootstrap(self.truth, self.answered, self.groups)


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
    if not found["value"] or None in found["value"]:
        raise LakeError(
            f"{row['model']} version {row['version']}: no answers for its whole test side in "
            "the lake: train it again with force"
        )
    names = tuple(class_names or class_order([*found["label"], *found["value"]]))
    number = {name: i for i, name in enumerate(names)}
    truth, answered = (np.array([number[v] for v in found[c]]) for c in ("label", "value"))
    return Answered(truth, answered, names, tuple(found["group"]))


def best_on_validation(validation: Mapping[str, float], keys: Sequence[str]) -> str:
    """Key of the highest validation score; of equal ones the first."""
    return max(keys, key=lambda key: validation[key])


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
    rival = best_on_validation(validation, claim.against)
    one, other = (
        answers_of(lake, rows[key], dataset.class_names) for key in (claim.candidate, rival)
    )
    found = paired_bootstrap(one.truth, one.answered, other.answered, one.groups)
    reason = f"{claim.candidate} minus {rival} in balanced accuracy: {found}"
    if found.low > 0:
        return Verdict("holds", reason, found)
    return Verdict("fails" if found.high < 0 else "is undecided", reason, found)
