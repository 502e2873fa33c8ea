"""The MLflow run of a study: parent of the runs of its candidates and parts.

One for each dataset, choice of seeds and version of the code: a study that was cut off goes on in
the run it began in.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.identity import canonical_json, digest
from registry.lake import Lake
from training.cards import code_version
from training.datasets import Dataset
from training.definitions import DatasetDefinition
from training.fitting import model_of
from training.models._checks import complete_settings
from training.provenance import write_provenance
from training.run_files import EVALUATION
from training.study import Candidate, Study
from training.tracking import experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

STUDY_KEY, PARENT = "study_key", "mlflow.parentRunId"
VERDICT = "verdict.json"


def study_key(study: Study, dataset: Dataset, seeds: Sequence[int]) -> str:
    """Identity of a run of a study."""
    return digest("study", study.name, dataset.manifest, canonical_json(seeds), code_version())


def study_run(
    lake: Lake, mlflow: MlflowClient, study: Study, dataset: Dataset, seeds: Sequence[int]
) -> str:
    """Id of the run of a study, made when there is none."""
    from mlflow.entities import Param

    key = study_key(study, dataset, seeds)
    experiment = experiment_id(mlflow, lake, study.name)
    known = run_tagged(mlflow, experiment, STUDY_KEY, key)
    if known is not None:
        return str(known.info.run_id)
    tags = {STUDY_KEY: key, "kind": "study", "code_version": code_version()}
    run_id = str(mlflow.create_run(experiment, run_name=study.name, tags=tags).info.run_id)
    params = {
        "study": study.name,
        "metric": study.metric,
        "seeds": ",".join(map(str, seeds)),
        "manifest": dataset.manifest,
        "task": dataset.definition.task,
    }
    mlflow.log_batch(run_id, params=[Param(name, value) for name, value in params.items()])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_provenance(lake, dataset, folder)
        (folder / "study.json").write_text(json.dumps(declared(study), indent=1))
        mlflow.log_artifacts(run_id, scratch, EVALUATION)
    return run_id


@contextmanager
def running(mlflow: MlflowClient, run_id: str) -> Iterator[None]:
    """Say of a run that it runs, and at the end how it ended; an interrupt is no failure."""
    mlflow.update_run(run_id, status="RUNNING")
    ended = "FAILED"
    try:
        yield
        ended = "FINISHED"
    except KeyboardInterrupt:
        ended = "KILLED"
        raise
    finally:
        mlflow.set_terminated(run_id, ended)


def run_tagged(mlflow: MlflowClient, experiment: str, tag: str, value: str) -> Run | None:
    """Newest run of an experiment that has a tag of that value, or None."""
    found = mlflow.search_runs([experiment], f"tags.{tag} = '{value}'", max_results=1)
    return found[0] if found else None


def declared(study: Study) -> dict[str, Any]:
    """A study as its file declares it, as plain values."""
    value: dict[str, Any] = plain(study)
    del value["prepare"]
    return value


def datasets_of(value: Any) -> Iterator[DatasetDefinition]:
    """Datasets among the fields of a declaration."""
    yield from held_in(value, DatasetDefinition)


def held_in(value: Any, *kinds: type) -> Iterator[Any]:
    """What is of some kinds among the fields of a declaration; what it holds itself is not told."""
    if isinstance(value, kinds):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from held_in(part, *kinds)
    elif isinstance(value, Mapping):
        yield from held_in(tuple(value.values()), *kinds)
    elif is_dataclass(value):
        for field in fields(value):
            yield from held_in(getattr(value, field.name), *kinds)


def plain(value: Any) -> Any:
    """A declaration as JSON values; candidates with version and complete settings."""
    if isinstance(value, DatasetDefinition):
        return json.loads(value.json())
    if isinstance(value, Candidate):
        model = model_of(value)
        settings = complete_settings(model, value.settings)
        return {"key": value.key, "version": model.version, "settings": settings}
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {"kind": type(value).__name__, **named}
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value
