"""What a fitted model says about members, in the one form that metrics take, for every task.

Without a target a representation is judged by what is left of the inputs after encoding and
decoding: the truth of a member is its squared distance from the mean of the side it is on
(``spread``), its answer the squared distance from what was decoded (``residual``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats
from training.datasets import Dataset
from training.metrics import Answers
from training.models import (
    Block,
    Classifier,
    Clustering,
    Decodable,
    Fitted,
    Inputs,
    Labels,
    Probabilities,
    Regressor,
    Task,
    Values,
    dense,
)


@dataclass(frozen=True)
class Said:
    """What a model said about some members.

    Attributes:
        answers: One number per member as metrics take it, shape ``(n,)``.
        spread: Truth of each member when unsupervised, else None.
        probabilities: Of a classifier, shape ``(n, n_classes)``.
        values: Of a regressor.
        codes: Of a representation, shape ``(n, k)``.
        clusters: Of a clustering, shape ``(n,)``.
    """

    answers: Answers
    spread: Floats | None = None
    probabilities: Probabilities | None = None
    values: Values | None = None
    codes: Block | None = None
    clusters: Labels | None = None


def ask(fitted: Fitted, task: Task, inputs: Inputs) -> Said:
    """Ask a fitted model about members.

    Raises:
        Unsupported: When the model is none for the task, or cannot decode its own codes.
    """
    if task == "classification":
        if not isinstance(fitted, Classifier):
            raise _unable(fitted, "gives probabilities")
        probabilities = fitted.probabilities(inputs)
        answers = np.asarray(probabilities.argmax(axis=1), dtype=np.int64)
        return Said(answers, probabilities=probabilities)
    if task == "regression":
        if not isinstance(fitted, Regressor):
            raise _unable(fitted, "predicts values")
        values = fitted.predict(inputs)
        return Said(values.mean[:, 0], values=values)
    if not isinstance(fitted, Decodable):
        raise _unable(fitted, "encodes and decodes")
    return _encoded(fitted, inputs)


def truth_of(dataset: Dataset, rows: Labels, said: Said) -> Answers:
    """The truth that answers about rows of a dataset are scored against, shape ``(n,)``."""
    if said.spread is not None:
        return said.spread
    return np.asarray(dataset.targets)[rows]


def side_by_side(inputs: Inputs) -> Block:
    """All blocks side by side, in the order of their names, shape ``(n, sum of widths)``."""
    blocks = dense(inputs)
    return np.concatenate([blocks[name] for name in sorted(blocks)], axis=1)


def distances(rows: Floats, others: Floats) -> Floats:
    """Squared distance of each row from the other row, shape ``(n,)``; in double precision."""
    return np.asarray(((rows.astype(np.float64) - others) ** 2).sum(axis=1))


def chance(task: Task, class_names: Sequence[str], naive: float) -> float | None:
    """Score of an answer that knows nothing; None where no such thing is defined."""
    if task == "classification":
        return 1 / len(class_names)
    return naive if task == "regression" else None


def _encoded(fitted: Decodable, inputs: Inputs) -> Said:
    given = side_by_side(inputs).astype(np.float64)
    codes = fitted.encode(inputs)
    decoded = fitted.decode(codes)
    return Said(
        distances(given, decoded.astype(np.float64)),
        spread=distances(given, given.mean(axis=0)),
        codes=codes,
        clusters=fitted.assign(inputs) if isinstance(fitted, Clustering) else None,
    )


def _unable(fitted: Fitted, does: str) -> Unsupported:
    return Unsupported("model", f"one that {does}", f"a {type(fitted).__name__}")
