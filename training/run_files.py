"""Files that a run in MLflow is kept with, beside the model: the folder ``evaluation``."""

from __future__ import annotations

from pathlib import Path

from registry.lake import Lake
from training.tracking import artifacts, client

EVALUATION = "evaluation"


def evaluation_file(lake: Lake, run_id: str, name: str, scratch: str) -> Path | None:
    """A file of a run's evaluation: in the lake, also after it was moved, else downloaded.

    Args:
        lake: The lake.
        run_id: MLflow run.
        name: File in ``evaluation``.
        scratch: Where it is downloaded to.

    Returns:
        Its path, or None when the run has no such file.
    """
    inside = artifacts(lake) / run_id / "artifacts" / EVALUATION
    if inside.is_dir():
        return inside / name if (inside / name).is_file() else None
    mlflow = client(lake)
    if f"{EVALUATION}/{name}" not in {f.path for f in mlflow.list_artifacts(run_id, EVALUATION)}:
        return None
    return Path(mlflow.download_artifacts(run_id, f"{EVALUATION}/{name}", scratch))
