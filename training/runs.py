"""The MLflow run of a result: parameters, metrics, the model with its card, and a picture."""

from __future__ import annotations

import json
import platform
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

from registry.lake import Lake
from training.cards import WEIGHTS, Card, code_version
from training.datasets import Dataset
from training.definitions import reference_input
from training.domain import domain_threshold
from training.fitting import model_of
from training.models import dense
from training.picture import draw_confusion_matrix, draw_parity, with_unit
from training.results import Result
from training.signatures import signature_of
from training.study import Study
from training.tracking import experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

LIBRARIES = ("numpy", "scikit-learn", "torch", "lightning", "mlflow", "skops", "safetensors")
SIDES = ("validation", "test", "measured")


def log_run(
    lake: Lake, mlflow: MlflowClient, study: Study, dataset: Dataset, result: Result
) -> tuple[Run, str]:
    """Log a result as one run; returns it and the digest over the model's files."""
    card = make_card(lake, study, dataset, result)
    experiment = experiment_id(mlflow, lake, study.name)
    run = mlflow.create_run(experiment, run_name=result.candidate.key)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        artifact_digest = _write(folder, card, dataset, result)
        mlflow.log_artifacts(run.info.run_id, str(folder / "model"), "model")
        mlflow.log_artifacts(run.info.run_id, str(folder / "evaluation"), "evaluation")
    _log(mlflow, run.info.run_id, dataset, result)
    mlflow.set_terminated(run.info.run_id)
    return run, artifact_digest


def make_card(lake: Lake, study: Study, dataset: Dataset, result: Result) -> Card:
    """Card of a result; its files are added when it is written."""
    candidate = result.candidate
    train = dataset.rows("train")
    inputs = tuple(dataset.definition.input(name) for name in candidate.inputs)
    reference = reference_input(inputs).name
    block = dense(dataset.take([reference], train))[reference]
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
    ids = [m.entity_id for m in dataset.members if m.split != "test"]
    found = lake.sql(
        "SELECT DISTINCT coalesce(licence, 'not stated') AS licence FROM materials "
        "WHERE material_id IN (SELECT unnest($1::VARCHAR[])) ORDER BY licence",
        [ids],
        dataset.snapshot,
    )
    return tuple(found["licence"].to_pylist())


def _write(folder: Path, card: Card, dataset: Dataset, result: Result) -> str:
    model, evaluation = folder / "model", folder / "evaluation"
    (model / WEIGHTS).mkdir(parents=True)
    evaluation.mkdir()
    result.fitted.save(model / WEIGHTS)
    artifact_digest = card.write(model)
    _draw(evaluation, dataset, result)
    content = {"definition": json.loads(dataset.definition.json()), "manifest": dataset.manifest}
    content |= {"snapshot": dataset.snapshot, "left_out": dataset.left_out}
    (evaluation / "dataset.json").write_text(json.dumps(content, indent=1))
    environment = {"python": platform.python_version(), "platform": platform.platform()}
    environment |= {name: installed(name) for name in LIBRARIES}
    (evaluation / "environment.json").write_text(json.dumps(environment, indent=1))
    return artifact_digest


def _draw(folder: Path, dataset: Dataset, result: Result) -> None:
    """The test side of the registered model, for tasks that have a truth."""
    title = f"{result.candidate.key}, test side"
    if dataset.definition.task == "classification":
        confusion = result.repetitions[0].test.confusion
        draw_confusion_matrix(confusion, dataset.class_names, title, folder / "confusion.png")
    elif dataset.definition.task == "regression":
        axis = with_unit(str(dataset.definition.predicts), dataset.definition.unit)
        draw_parity(result.truth, result.said.answers, axis, title, folder / "parity.png")


def _log(mlflow: MlflowClient, run_id: str, dataset: Dataset, result: Result) -> None:
    from mlflow.entities import Metric, Param, RunTag

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
    tags = [RunTag("code_version", code_version()), RunTag("task", dataset.definition.task)]
    if result.shuffled_at_chance is not None:
        control = "at chance" if result.shuffled_at_chance else "above chance"
        tags.append(RunTag("control_shuffled", control))
    mlflow.log_batch(run_id, metrics=metrics, params=params, tags=tags)


def _reliability(result: Result) -> dict[str, float]:
    found = result.reliability
    if found is None:
        return {}
    values = {"conformal_level": found.level, "conformal_coverage": found.coverage}
    known = {"size": found.size, "coverage_measured": found.coverage_measured}
    values |= {f"conformal_{name}": v for name, v in known.items() if v is not None}
    return values | (found.calibration or {})
