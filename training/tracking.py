"""MLflow: where it keeps things, and one client of it. Imported only inside functions: it is slow.

Without ``MLFLOW_TRACKING_URI`` runs and registered versions are in ``mlflow/mlflow.db`` of the
lake and their files in ``mlflow/artifacts``.
"""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING

from registry.lake import Lake

if TYPE_CHECKING:
    from mlflow import MlflowClient

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def tracking_uri(lake: Lake) -> str:
    """Where MLflow keeps runs and registered models of a lake."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{lake.path}/mlflow/mlflow.db"


def client(lake: Lake) -> MlflowClient:
    """Client of the lake's MLflow; makes the data base when there is none yet."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    (lake.path / "mlflow").mkdir(exist_ok=True)
    with warnings.catch_warnings():
        # MLflow 3.17 on SQLAlchemy 2.1
        warnings.filterwarnings("ignore", message=".*``noload`` loader strategy is deprecated")
        from mlflow import MlflowClient

        uri = tracking_uri(lake)
        made = MlflowClient(tracking_uri=uri, registry_uri=uri)
        made.search_experiments(max_results=1)
    return made


def experiment_id(mlflow: MlflowClient, lake: Lake, name: str) -> str:
    """Experiment of a study, made when there is none; local artifacts go into the lake."""
    found = mlflow.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    local = (lake.path / "mlflow" / "artifacts").as_uri()
    where = None if os.environ.get("MLFLOW_TRACKING_URI") else local
    return str(mlflow.create_experiment(name, artifact_location=where))
