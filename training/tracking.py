"""MLflow: where it keeps things, and one client of it. Imported only inside functions: it is slow.

Without ``MLFLOW_TRACKING_URI`` runs and registered versions are in ``mlflow/mlflow.db`` of the
lake and their files in ``mlflow/artifacts``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import LakeError
from registry.events import clean
from registry.identity import digest
from registry.lake import Lake
from registry.tables.storage import reason

if TYPE_CHECKING:
    from mlflow import MlflowClient

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
ADVICE = "the same call goes on from here when it answers"
SERVER_ADVICE = f"is it up, and is MLFLOW_TRACKING_URI right? {ADVICE}"


def tracking_uri(lake: Lake) -> str:
    """Where MLflow keeps runs and registered models of a lake.

    Raises:
        LakeError: For a lake in a bucket without a tracking server: whoever shares the lake has
            to find its models.
    """
    named = os.environ.get("MLFLOW_TRACKING_URI")
    if named is None and lake.storage.is_remote:
        raise LakeError(f"{lake.uri} is shared: set MLFLOW_TRACKING_URI to its MLflow server")
    return named or f"sqlite:///{lake.path}/mlflow/mlflow.db"


def client(lake: Lake) -> MlflowClient:
    """Client of the lake's MLflow; makes the data base when there is none yet.

    Raises:
        LakeError: When it does not answer.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    folder = lake.path / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    from filelock import FileLock
    from mlflow import MlflowClient

    uri = tracking_uri(lake)
    # MLflow makes the tables of a new data base without a look at who else is doing so;
    # who may only read makes none, and may not make the lock either
    makes = not uri.startswith("http") and os.access(folder, os.W_OK)
    with reaching(lake), FileLock(folder / ".lock") if makes else nullcontext():
        made = MlflowClient(tracking_uri=uri, registry_uri=uri)
        made.search_experiments(max_results=1)
    return made


@contextmanager
def reaching(lake: Lake) -> Iterator[None]:
    """Turn errors of MLflow's client into one that names the MLflow of a lake, and says what to do.

    Raises:
        LakeError: When it does not answer or refuses.
    """
    uri = tracking_uri(lake)
    with speaking_to_mlflow(uri, SERVER_ADVICE if uri.startswith("http") else ADVICE):
        yield


@contextmanager
def speaking_to_mlflow(address: str, advice: str = "") -> Iterator[None]:
    """Turn errors of MLflow's client into one that names its address.

    Args:
        address: Its server or data base; a password in it is not repeated.
        advice: What to do.

    Raises:
        LakeError: When it does not answer or refuses.
    """
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError) as error:
        told = f"MLflow at {address}: {reason(error)}"
        raise LakeError(clean(f"{told}; {advice}" if advice else told)) from error


def experiment_id(mlflow: MlflowClient, lake: Lake, name: str) -> str:
    """Experiment of a study, made when there is none; local artifacts go into the lake.

    MLflow ties an experiment to an absolute path: a lake that was moved gets another one.
    """
    local = None if os.environ.get("MLFLOW_TRACKING_URI") else artifacts(lake).as_uri()
    here = f"{name}-{digest(local)[:8]}" if local else name
    for known in (name, here):
        found = mlflow.get_experiment_by_name(known)
        if found is None:
            with unless_there():
                return str(mlflow.create_experiment(known, artifact_location=local))
            found = mlflow.get_experiment_by_name(known)
        if local in (None, found.artifact_location):
            return str(found.experiment_id)
    raise LakeError(f"experiments {name!r} and {here!r} keep their files outside {lake.path}")


@contextmanager
def unless_there() -> Iterator[None]:
    """Go on where another process has just made what this one is about to make."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def artifacts(lake: Lake) -> Path:
    """Where a lake without a tracking server keeps the files of its runs."""
    return lake.path / "mlflow" / "artifacts"


def model_files(lake: Lake, run_id: str, scratch: str) -> Path:
    """Folder with the files of a model: in the lake, also after it was moved, else downloaded."""
    inside = artifacts(lake) / run_id / "artifacts" / "model"
    if inside.is_dir():
        return inside
    return Path(client(lake).download_artifacts(run_id, "model", scratch))
