"""A small lake with everything that can be moved: several versions, runs, a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param

from flows.moving.doors import Tracking
from registry.lake import Lake
from registry.upkeep import maintain

SPECTRA = 5
POINTS = 1200
"""Values of the metric: more than go into one request."""
PARAMS = 120


def make(folder: Path) -> Lake:
    """An embedded lake with several versions, two runs, a model with a version deleted."""
    lake = Lake.open(folder)
    for first in range(SPECTRA):
        lake.append("spectra", spectra(1, first))
    maintain(lake, "spectra")
    tracking = Tracking.of(lake.storage)
    mlflow = tracking.client()
    assert tracking.files is not None
    study = mlflow.create_experiment(
        "minerals", tracking.files.as_uri(), {"question": "which mineral?"}
    )
    parent = mlflow.create_run(study, 1000, {"kind": "study"}, "all").info.run_id
    child = mlflow.create_run(study, 2000, {"mlflow.parentRunId": parent}, "one").info.run_id
    mlflow.log_batch(
        child,
        metrics=[Metric("loss", 1 / (1 + k), 3000 + k, k) for k in range(POINTS)],
        params=[Param(f"p{k}", str(k)) for k in range(PARAMS)],
    )
    mlflow.log_text(child, "weights", "model/weights.txt")
    mlflow.set_terminated(child, "FINISHED", 9000)
    mlflow.create_registered_model("minerals", {"owner": "beamline"}, "which mineral?")
    place = f"{mlflow.get_run(child).info.artifact_uri}/model"
    for number in (1, 2, 3):
        row = json.dumps({"run_id": child, "version": number})
        mlflow.create_model_version("minerals", place, child, {"row": row}, description="soap")
    mlflow.delete_model_version("minerals", "2")
    mlflow.set_registered_model_alias("minerals", "champion", "3")
    entry = {"model": "minerals", "version": 3, "run_id": child, "alias": "champion"}
    lake.replace("models", [entry])
    return lake


def spectra(n: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows of ``spectra``."""
    return [
        {
            "spectrum_id": f"s{k}",
            "technique": "saxs",
            "kind": "experimental",
            "sample_id": f"sample {k}",
            "x": [0.1, 0.2, 0.3],
            "intensity": [1.0 * k, 2.0, 3.0],
        }
        for k in range(first, first + n)
    ]


def all_rows(lake: Lake, name: str, version: int | None = None) -> list[str]:
    """Every row of a table as text, read by a query and not by what moved it."""
    at = {} if version is None else {name: version}
    found = lake.sql(f"SELECT * FROM {name}", at=at).to_pylist()
    return sorted(json.dumps(row, default=str) for row in found)
