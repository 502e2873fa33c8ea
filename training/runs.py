"""The MLflow run of a result: parameters, metrics, losses, the model with its card, pictures.

It is a child of the run of its study (:mod:`training.study_runs`).
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from registry.lake import Lake
from training.candidates import is_committed
from training.cards import WEIGHTS, Card, code_version
from training.datasets import Dataset
from training.definitions import reference_input
from training.domain import comparable, domain_threshold
from training.fitting import model_of
from training.measured import both_kinds, write_both_kinds
from training.models import Learnt
from training.provenance import write_provenance
from training.results import Result
from training.run_files import EVALUATION
from training.run_pictures import draw_run
from training.signatures import signature_of
from training.study import Study
from training.study_runs import PARENT, study_run
from training.tracking import experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

SIDES = ("validation", "test", "measured")
MOST = 1000
"""Metrics that MLflow takes at once."""


def log_run(
    lake: Lake,
    mlflow: MlflowClient,
    study: Study,
    dataset: Dataset,
    result: Result,
    card: Card,
    began: float | None = None,
) -> tuple[Run, str]:
    """Log a result as one run; returns it and the digest over the model's files.

    Args:
        lake: The lake.
        mlflow: Its client.
        study: Study it belongs to.
        dataset: What it was fitted on, as its inputs read it.
        result: What was fitted.
        card: Its card.
        began: When fitting began, seconds since the epoch; now by default.
    """
    experiment = experiment_id(mlflow, lake, study.name)
    seeds = [repetition.seed for repetition in result.repetitions]
    tags = {
        PARENT: study_run(lake, mlflow, study, dataset, seeds),
        "kind": "candidate",
        "candidate": result.candidate.key,
        "committed": "yes" if is_committed(study, result.candidate) else "no",
        "code_version": code_version(),
        "task": card.task,
    }
    if result.shuffled_at_chance is not None:
        tags["control_shuffled"] = "at chance" if result.shuffled_at_chance else "above chance"
    if card.parent is not None:
        tags["parent"] = card.parent
    begun = int((time.time() if began is None else began) * 1000)
    run = mlflow.create_run(experiment, begun, tags, run_name=result.candidate.key)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        artifact_digest = _write(lake, folder, card, dataset, result)
        mlflow.log_artifacts(run.info.run_id, str(folder / "model"), "model")
        mlflow.log_artifacts(run.info.run_id, str(folder / EVALUATION), EVALUATION)
    _log(mlflow, run.info.run_id, dataset, result)
    mlflow.set_terminated(run.info.run_id)
    return run, artifact_digest


def make_card(lake: Lake, study: Study, dataset: Dataset, result: Result) -> Card:
    """Card of a result that learnt from scratch; its files are added when it is written."""
    candidate = result.candidate
    train = dataset.rows("train")
    inputs = tuple(dataset.definition.input(name) for name in candidate.inputs)
    reference = reference_input(inputs).name
    block = comparable(dataset.take([reference], train)[reference])
    return Card(
        study=study.name,
        algorithm=candidate.model,
        algorithm_version=model_of(candidate).version,
        settings=result.settings,
        inputs=inputs,
        predicts=dataset.definition.predicts,
        class_names=dataset.class_names,
        manifest=dataset.manifest,
        seeds=tuple(r.seed for r in result.repetitions),
        metrics={s: result.over_seeds(s) for s in SIDES}
        | {"repetitions": [asdict(r) for r in result.repetitions]},
        baselines={"naive": result.naive, "nearest": result.nearest, "shuffled": result.shuffled},
        domain_threshold=domain_threshold(block, dataset.groups(train)),
        data_licences=_data_licences(lake, dataset),
        code_version=code_version(),
        task=dataset.definition.task,
        unit=dataset.definition.unit,
        metric=result.metric.name,
        reliability=result.reliability,
        signature=signature_of(dataset, result),
    )


def _data_licences(lake: Lake, dataset: Dataset) -> tuple[str, ...]:
    """Licences of the materials, or of the curves of other members, that were learnt from."""
    learnt = [m for m in dataset.members if m.split != "test"]
    of_materials = dataset.definition.entity == "material"
    table, key = ("materials", "material_id") if of_materials else ("spectra", "spectrum_id")
    ids = [m.entity_id for m in learnt] if of_materials else [s for m in learnt for s in m.spectra]
    found = lake.sql(
        f"SELECT DISTINCT coalesce(licence, 'not stated') AS licence FROM {table} "
        f"WHERE {key} IN (SELECT unnest($1::VARCHAR[])) ORDER BY licence",
        [ids],
        dataset.snapshot,
    )
    return tuple(found["licence"].to_pylist()) or ("not stated",)


def _write(lake: Lake, folder: Path, card: Card, dataset: Dataset, result: Result) -> str:
    model, evaluation = folder / "model", folder / EVALUATION
    (model / WEIGHTS).mkdir(parents=True)
    result.fitted.save(model / WEIGHTS)
    artifact_digest = card.write(model)
    write_provenance(lake, dataset, evaluation)
    draw_run(evaluation, dataset, result)
    kinds = both_kinds(dataset, result)
    if kinds is not None:
        write_both_kinds(kinds, evaluation)
    return artifact_digest


def _log(mlflow: MlflowClient, run_id: str, dataset: Dataset, result: Result) -> None:
    from mlflow.entities import Metric, Param

    stamp = int(time.time() * 1000)
    metrics = [
        Metric("baseline_naive", result.naive, stamp, 0),
        Metric("baseline_nearest", result.nearest, stamp, 0),
        Metric("control_shuffled", result.shuffled, stamp, 0),
    ]
    for r in result.repetitions:
        metrics.append(Metric("train_seconds", r.seconds, stamp, r.seed))
        for side in SIDES:
            found = getattr(r, side)
            if found is not None:
                metrics += [
                    Metric(f"{side}_{name}", value, stamp, r.seed)
                    for name, value in found.values.items()
                ]
    metrics += [Metric(name, value, stamp, 0) for name, value in _reliability(result).items()]
    params = [Param(name, str(value)) for name, value in result.settings.items()]
    params += [
        Param("model", result.candidate.model),
        Param("inputs", "+".join(result.candidate.inputs)),
        Param("manifest", dataset.manifest),
    ]
    if isinstance(result.fitted, Learnt):
        for n, epoch in enumerate(result.fitted.history):
            metrics.append(Metric("loss_training", epoch.training, stamp, n))
            metrics.append(Metric("loss_validation", epoch.validation, stamp, n))
    params.append(Param("seeds", ",".join(str(r.seed) for r in result.repetitions)))
    for first in range(0, len(metrics), MOST):
        mlflow.log_batch(run_id, metrics=metrics[first : first + MOST])
    mlflow.log_batch(run_id, params=params)


def _reliability(result: Result) -> dict[str, float]:
    found = result.reliability
    if found is None:
        return {}
    values = {"conformal_level": found.level, "conformal_coverage": found.coverage}
    known = {"size": found.size, "coverage_measured": found.coverage_measured}
    values |= {f"conformal_{name}": v for name, v in known.items() if v is not None}
    return values | (found.calibration or {})
