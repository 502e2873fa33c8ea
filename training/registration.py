"""Registering a model: a run and a version in MLflow, and its row in the lake's ``models`` table.

A study is one registered model; its candidates and their retrainings are its versions. The row
travels as a tag of the version, so that the table can be rebuilt from MLflow alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from registry.errors import BadInput
from registry.events import emit
from registry.identity import canonical_json, digest
from registry.lake import Lake
from training.cards import Card, code_version
from training.comparing import dataset_of
from training.datasets import Dataset
from training.definitions import reference_input
from training.domain import Known, comparable
from training.fitting import model_of, usual_metric
from training.leaks import refuse_leaks
from training.likeness import Likeness
from training.lookup import RETIRED, model_rows, one_model, split_reference
from training.models._checks import complete_settings
from training.noting import prediction_rows
from training.paging import found_models, found_versions
from training.results import Result
from training.rows import Row, model_row
from training.runs import log_run, make_card
from training.study import Candidate, Study
from training.tracking import client, unless_there

if TYPE_CHECKING:
    from mlflow import MlflowClient

MARK = "scatterlake"


def training_key(
    dataset: Dataset,
    candidate: Candidate,
    seeds: tuple[int, ...],
    metric: str,
    parent: str | None = None,
) -> str:
    """Identity of a training: equal keys would give the same model and scores again.

    A model that was transferred is told by its parent, too, and by how many members it was given:
    they may be fewer than the manifest has.
    """
    model = model_of(candidate)
    settings = complete_settings(model, candidate.settings)
    content = (model.name, model.version, candidate.inputs, settings, dataset.manifest, seeds)
    # what is usual goes without saying, as it did before there were other metrics
    judged = [] if metric == usual_metric(dataset).name else [metric]
    given = [] if parent is None else [parent, str(len(dataset.rows("train")))]
    return digest("training", canonical_json(content), code_version(), *judged, *given)


def registered(lake: Lake, mlflow: MlflowClient, study: str, key: str) -> Row | None:
    """Row of a version that has this training key, or None; one cut off half-way has no row."""
    found = mlflow.search_model_versions(f"name='{study}' and tags.training_key='{key}'")
    for version in found:
        rows = model_rows(lake, study, int(version.version))
        if rows:
            return rows[0]
    return None


def register(
    lake: Lake,
    mlflow: MlflowClient,
    study: Study,
    dataset: Dataset,
    result: Result,
    began: float | None = None,
    parent: str | None = None,
) -> Row:
    """Log a result and register its model; returns the row of the ``models`` table.

    A version is made only of what has a complete card: signature, manifest of a dataset that is
    in the lake, scores on simulated data and on measured data or a statement that there are none,
    baselines, licences and digests. What is refused leaves a run behind, but no version.

    Args:
        lake: The lake.
        mlflow: Its client.
        study: Study it belongs to.
        dataset: What it was fitted on, with all of its inputs: the whole of it is audited.
        result: What was fitted.
        began: When fitting began, seconds since the epoch; now by default.
        parent: ``model/version`` it was transferred from, None when it learnt from scratch.

    Raises:
        BadInput: When the dataset leaks between its sides, or what the parent learnt from into
            them; when it is not in the lake, or the card is not complete; every field that is wrong
            is named.
        NotFound: When there is no such parent.
    """
    where = f"registration of {result.candidate.key}"
    _insist_on_manifest(lake, dataset, where)
    before = None if parent is None else dataset_of(lake, one_model(lake, *split_reference(parent)))
    audit = refuse_leaks(lake, dataset, where, before, study.allowed_leaks)
    dataset = dataset.reading(result.candidate.inputs)
    seeds = tuple(r.seed for r in result.repetitions)
    card = make_card(lake, study, dataset, result)
    card = replace(card, parent=parent, leaks=audit.card())
    run, artifact_digest = log_run(lake, mlflow, study, dataset, result, card, began)
    row = model_row(study, dataset, result, run.info.run_id, artifact_digest)
    if not mlflow.search_registered_models(f"name='{study.name}'"):
        with unless_there():
            mlflow.create_registered_model(study.name, {MARK: code_version()}, study.question)
    version = mlflow.create_model_version(
        study.name,
        source=f"{run.info.artifact_uri}/model",
        run_id=run.info.run_id,
        tags={
            "training_key": training_key(dataset, result.candidate, seeds, study.metric, parent),
            "artifact_digest": artifact_digest,
            "candidate": result.candidate.key,
            "validation": repr(result.mean("validation")),
            "measured": _stated(result.mean("measured")),
            "row": json.dumps(row, default=datetime.isoformat),
            **({"parent": parent} if parent else {}),
        },
        description=f"{study.title}: {result.candidate.key}",
    )
    row = {**row, "version": int(version.version)}
    _note_predictions(lake, dataset, result, card, row)
    lake.replace("models", [row])
    about = {"model": row["model"], "version": row["version"], "metric": row["metric"]}
    emit("trained", lake.uri, **about, score=row["score_simulated"], run=row["run_id"])
    return row


def validation_scores(mlflow: MlflowClient, rows: Mapping[str, Row]) -> dict[str, float]:
    """Mean validation score of registered versions, by candidate."""
    return {
        key: float(mlflow.get_model_version(row["model"], str(row["version"])).tags["validation"])
        for key, row in rows.items()
    }


def mirror(lake: Lake) -> int:
    """Rebuild the ``models`` table from MLflow; returns how many versions there are."""
    mlflow = client(lake)
    rows = []
    for model in found_models(mlflow, f"tags.{MARK} LIKE '%'"):
        alias = {int(version): name for name, version in model.aliases.items()}
        for found in found_versions(mlflow, model.name):
            number = int(found.version)
            row = json.loads(found.tags["row"])
            held = RETIRED if RETIRED in found.tags else alias.get(number)
            row |= {"version": number, "alias": held}
            row |= {"reason": found.tags.get("reason")}
            rows.append({**row, "created_at": datetime.fromisoformat(row["created_at"])})
    lake.replace("models", rows)
    return len(rows)


def _stated(measured: float | None) -> str:
    return "none measured" if measured is None else repr(measured)


def _insist_on_manifest(lake: Lake, dataset: Dataset, where: str) -> None:
    query = "SELECT 1 FROM datasets WHERE manifest = $1"
    if not len(lake.sql(query, [dataset.manifest])):
        raise BadInput(where, "a dataset whose manifest is in the lake", repr(dataset.manifest))


def _note_predictions(lake: Lake, dataset: Dataset, result: Result, card: Card, row: Row) -> None:
    """Answers for the test members, from which intervals and comparisons are drawn later."""
    name = reference_input(card.inputs).name
    train, test = (
        comparable(dataset.take([name], dataset.rows(s))[name]) for s in ("train", "test")
    )
    entities = [dataset.members[member].entity_id for member in dataset.rows("test")]
    like = Likeness.of(Known(train).nearest(test), card)
    lake.append("predictions", prediction_rows(row, card, entities, result.said, like))
