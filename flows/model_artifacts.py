"""What training leaves in Prefect's pages: models side by side, their data, what was decided."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.artifacts import Row, keep_picture, keep_table
from registry.lake import Lake
from training.coverage import coverage, draw_coverage
from training.retrain import Outcome
from training.run_files import evaluation_file
from training.stored import stored_dataset
from training.train import StudyResult

if TYPE_CHECKING:
    from training.running import Kept

COMPARED = (
    *("version", "candidate", "alias", "metric", "score", "std", "low", "high", "measured", "gap"),
    *("naive", "nearest", "shuffled", "seconds", "n_parameters", "size"),
)
"""Fields of :func:`training.comparison.compare` that a page has room for."""
DIGITS = 4
TEST_SIDE = ("confusion.png", "parity.png")
"""Pictures of what a model said about its test side, of which its run has at most one."""


def keep_compared(lake: Lake, result: StudyResult) -> None:
    """Keep the models of a study side by side, what its data cover, and what its parts found."""
    if result.trained:
        _keep_comparison(lake, result)
    _keep_coverage(lake, result)
    for kept in result.findings:
        _keep_finding(lake, result.study.name, kept)


def keep_retrained(lake: Lake, study: str, outcome: Outcome) -> None:
    """Keep what retraining decided and why."""
    row, decision = outcome.challenger, outcome.decision
    interval = None if decision is None else decision.interval
    told = {
        "trained": outcome.trained,
        "challenger": None if row is None else row["version"],
        "promoted": decision is not None and decision.promote,
        "better by": None if interval is None else str(interval),
        "dataset": outcome.manifest,
        "reason": outcome.reason,
    }
    keep_table(f"retrain-{study}", lake.uri, [told], f"Retraining of `{study}`")
    if row is not None:
        keep_challenger(lake, study, row)


def keep_challenger(lake: Lake, study: str, row: Row) -> None:
    """Keep what a challenger said about its test side; ``row`` is its row of ``models``."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in TEST_SIDE:
            if picture := evaluation_file(lake, row["run_id"], name, scratch):
                title = f"{study}: challenger version {row['version']} on its test side"
                keep_picture(f"challenger-{study}", lake.uri, picture, title)


def _keep_comparison(lake: Lake, result: StudyResult) -> None:
    """The table and the picture that the run of the study was logged with."""
    name, title = result.study.name, f"{result.study.title}: models side by side"
    with tempfile.TemporaryDirectory() as scratch:
        table, picture = (
            evaluation_file(lake, result.run_id, f"comparison.{kind}", scratch)
            for kind in ("json", "png")
        )
        if table is not None:
            rows = [_row(row) for row in json.loads(table.read_text())["models"]]
            keep_table(f"comparison-{name}", lake.uri, rows, title)
        if picture is not None:
            keep_picture(f"comparison-picture-{name}", lake.uri, picture, title)


def _keep_coverage(lake: Lake, result: StudyResult) -> None:
    stored = stored_dataset(lake, result.dataset.manifest)
    title = f"Members of {stored.definition.name} that have each modality"
    with tempfile.TemporaryDirectory() as scratch:
        picture = Path(scratch) / "coverage.png"
        draw_coverage(coverage(lake, stored), title, picture)
        keep_picture(f"coverage-{result.study.name}", lake.uri, picture, title)


def _keep_finding(lake: Lake, study: str, kept: Kept) -> None:
    found, what = kept.finding, f"{study}-{kept.finding.part}"
    verdict = "" if found.verdict is None else f": the claim {found.verdict.outcome}"
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    keep_table(what, lake.uri, rows, f"{found.title}{verdict}")
    keep_picture(f"{what}-picture", lake.uri, kept.picture, found.title)


def _row(compared: dict[str, Any]) -> Row:
    shown = {name: compared[name] for name in COMPARED}
    return {n: round(v, DIGITS) if isinstance(v, float) else v for n, v in shown.items()}
