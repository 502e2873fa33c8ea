"""Rows of the ``models`` and ``predictions`` tables."""

from __future__ import annotations

import json
from typing import Any

from registry.lake import now
from training.cards import code_version
from training.datasets import Dataset
from training.fitting import Result
from training.models import Probabilities
from training.study import Study

Row = dict[str, Any]


def model_row(
    study: Study, dataset: Dataset, result: Result, run_id: str, artifact_digest: str
) -> Row:
    """Row of the ``models`` table, still without its version."""
    simulated, deviation = result.over_seeds("test") or (None, None)
    measured = result.mean("measured")
    gap = None if measured is None or simulated is None else simulated - measured
    definition = dataset.definition
    return {
        "model": study.name,
        "run_id": run_id,
        "study": study.name,
        "algorithm": result.candidate.model,
        "predicts": definition.target,
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


def prediction_row(
    row: Row, entity_id: str, class_names: tuple[str, ...], answer: Probabilities
) -> Row:
    """Row of the ``predictions`` table for one entity.

    Args:
        row: Row of the model that answered.
        entity_id: Material or spectrum.
        class_names: Names of the classes.
        answer: Probabilities, shape ``(n_classes,)``.
    """
    order = answer.argsort()[::-1]
    return {
        "model": row["model"],
        "version": row["version"],
        "entity_id": entity_id,
        "value": class_names[order[0]],
        "probability": float(answer[order[0]]),
        "alternatives": json.dumps({class_names[i]: float(answer[i]) for i in order}),
        "predicted_at": now(),
    }
