"""Rows of the ``models`` table, and what ``predictions`` says about one member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.lake import now
from training.answering import Said
from training.cards import code_version
from training.datasets import Dataset
from training.definitions import DatasetDefinition
from training.models import Values
from training.reliability import Reliability
from training.results import Result
from training.study import Study

Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What a model said about one member, as it is stored.

    Attributes:
        value: Most probable class, predicted value, or number of the cluster (None: no clusters).
        probability: The model's own probability of a class.
        alternatives: Probability by class; or ``mean``, ``deviation``, ``low`` and ``high`` of a
            value; or ``spread``, ``residual`` and ``codes``. What is not known is left out.
    """

    value: str | None
    probability: float | None
    alternatives: dict[str, Any]


def told(said: Said, i: int, class_names: Sequence[str], reliability: Reliability | None) -> Told:
    """What was said about member ``i``."""
    if said.probabilities is not None:
        answer = said.probabilities[i]
        order = answer.argsort()[::-1]
        shares = {class_names[j]: float(answer[j]) for j in order}
        return Told(class_names[order[0]], float(answer[order[0]]), shares)
    if said.values is not None:
        one = slice(i, i + 1)
        deviation = said.values.deviation
        own = Values(said.values.mean[one], None if deviation is None else deviation[one])
        return _value(own, reliability)
    number = None if said.clusters is None else str(said.clusters[i])
    parts: dict[str, Any] = {"residual": float(said.answers[i])}
    if said.spread is not None and len(said.spread) > 1:
        parts["spread"] = float(said.spread[i])
    if said.codes is not None:
        parts["codes"] = said.codes[i].astype(float).tolist()
    return Told(number, None, parts)


@dataclass(frozen=True)
class Sides:
    """Which side of a dataset the simulated and the measured score of a model are from.

    Attributes:
        simulated: Side, or None where everything is measured.
        measured: Side.
    """

    simulated: str | None
    measured: str


def sides_of(definition: DatasetDefinition) -> Sides:
    """Sides that are scored as simulated and as measured.

    Usually the test side, and the measured curves of its members. When only measured curves are
    tested, what is held out of the simulated ones is the validation side.
    """
    if definition.tested_on == "simulated":
        return Sides("test", "measured")
    return Sides("validation" if definition.split.test == "measured" else None, "test")


def model_row(
    study: Study, dataset: Dataset, result: Result, run_id: str, artifact_digest: str
) -> Row:
    """Row of the ``models`` table, still without its version."""
    definition = dataset.definition
    sides = sides_of(definition)
    simulated, deviation = _over_seeds(result, sides.simulated)
    measured, _ = _over_seeds(result, sides.measured)
    gap = None if measured is None or simulated is None else simulated - measured
    return {
        "model": study.name,
        "run_id": run_id,
        "study": study.name,
        "algorithm": result.candidate.model,
        "predicts": definition.predicts,
        "inputs": [definition.input(name).source for name in result.candidate.inputs],
        "manifest": dataset.manifest,
        "metric": study.metric,
        "score_simulated": simulated,
        "score_simulated_std": deviation,
        "score_measured": measured,
        "gap": gap,
        "baseline_naive": result.naive,
        "baseline_nearest": result.nearest,
        "control_shuffled": result.shuffled,
        "n_train": len(dataset.rows("train")),
        "n_parameters": result.fitted.n_parameters(),
        "train_seconds": sum(r.seconds for r in result.repetitions) / len(result.repetitions),
        "code_version": code_version(),
        "artifact_digest": artifact_digest,
        "created_at": now(),
    }


def _over_seeds(result: Result, side: str | None) -> tuple[float | None, float | None]:
    found = None if side is None else result.over_seeds(side)
    return (None, None) if found is None else found


def _value(values: Values, reliability: Reliability | None) -> Told:
    mean = float(values.mean[0, 0])
    parts = {"mean": mean}
    if values.deviation is not None:
        parts["deviation"] = float(values.deviation[0, 0])
    if reliability is not None:
        ends = reliability.intervals(values)[0]
        if np.isfinite(ends).all():
            parts |= {"low": float(ends[0]), "high": float(ends[1])}
    return Told(repr(mean), None, parts)
