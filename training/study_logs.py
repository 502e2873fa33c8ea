"""What is logged with the run of a study once its candidates are trained."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from registry.lake import Lake
from training.comparison import comparison
from training.findings import Verdict
from training.report import draw_comparison
from training.run_files import EVALUATION
from training.study import Study
from training.study_runs import VERDICT

if TYPE_CHECKING:
    from mlflow import MlflowClient


def log_comparison(
    lake: Lake, mlflow: MlflowClient, study: Study, run_id: str, verdict: Verdict | None
) -> None:
    """Log the table and the picture of a study's models, and what came of its claim."""
    found = comparison(lake, study)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        content = {"models": found.rows, "pairs": [asdict(pair) for pair in found.pairs]}
        (folder / "comparison.json").write_text(json.dumps(content, indent=1))
        draw_comparison(lake, study, found, folder / "comparison.png")
        if verdict is not None:
            (folder / VERDICT).write_text(json.dumps(asdict(verdict), indent=1))
            mlflow.set_tag(run_id, "verdict", verdict.outcome)
        mlflow.log_artifacts(run_id, scratch, EVALUATION)
