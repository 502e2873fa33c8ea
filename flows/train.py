"""Flows: train the candidates of a study, run it whole, retrain its champion."""

from __future__ import annotations

from prefect import flow, task

from flows.model_artifacts import keep_compared, keep_retrained
from flows.reporting import report
from flows.steps import AGAIN, HOUR, alone_with_models
from registry.plugins import pick
from training.retrain import Outcome
from training.retrain import retrain as retrain_study
from training.studies import studies
from training.train import StudyResult, run_study, train_study


@task(timeout_seconds=48 * HOUR, **AGAIN)
def train_candidates(lake: str, study: str, seeds: list[int] | None, workers: int) -> StudyResult:
    """Train, register and compare every candidate that is not registered yet."""
    chosen = pick(studies(), "study", study)
    with alone_with_models(lake, study) as opened:
        result = train_study(opened, chosen, seeds, progress=report, workers=workers)
        keep_compared(opened, result)
    return result


@task(timeout_seconds=48 * HOUR, **AGAIN)
def run_parts(lake: str, study: str, seeds: list[int] | None, workers: int) -> StudyResult:
    """Train the candidates of a study and run its parts, as far as they are not kept yet."""
    chosen = pick(studies(), "study", study)
    with alone_with_models(lake, study) as opened:
        result = run_study(opened, chosen, seeds, progress=report, workers=workers)
        keep_compared(opened, result)
    return result


@task(timeout_seconds=48 * HOUR, **AGAIN)
def train_challenger(lake: str, study: str) -> Outcome:
    """Train a challenger on the newest data and decide who is champion."""
    chosen = pick(studies(), "study", study)
    with alone_with_models(lake, study) as opened:
        outcome = retrain_study(opened, chosen, progress=report)
        keep_retrained(opened, study, outcome)
    return outcome


@flow(name="train")
def train(lake: str, study: str, seeds: list[int] | None = None, workers: int = 1) -> StudyResult:
    """Assemble the dataset of a study at the newest snapshot and train its candidates."""
    result: StudyResult = train_candidates(lake, study, seeds, workers)
    return result


@flow(name="study")
def study(lake: str, study: str, seeds: list[int] | None = None, workers: int = 1) -> StudyResult:
    """Run a whole study at the newest snapshot: candidates, then parts."""
    result: StudyResult = run_parts(lake, study, seeds, workers)
    return result


@flow(name="retrain")
def retrain(lake: str, study: str) -> Outcome:
    """Retrain the champion of a study when there is something new, and record the decision."""
    outcome: Outcome = train_challenger(lake, study)
    return outcome
