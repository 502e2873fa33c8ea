"""Training a study: fit what is not there yet, register it, judge the claim, name a champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import NotFound
from registry.lake import Lake
from registry.parallel import mapper
from training.assembly import assemble
from training.datasets import Dataset
from training.definitions import SPLITS
from training.evaluation import Interval
from training.findings import Verdict
from training.fitting import Progress, fit_candidate, seed_fits
from training.judging import answers_of, best_on_validation, judge
from training.promotion import Decision, challenge
from training.registration import register, registered, training_key, validation_scores
from training.rows import Row
from training.splits import refuse_leaks
from training.study import Candidate, Study
from training.tracking import client


@dataclass(frozen=True)
class Trained:
    """A candidate of a study and its row in the ``models`` table.

    Attributes:
        candidate: What was asked for.
        row: Its row.
        reused: It was there already and nothing was computed.
        interval: Score of the registered model on the test side.
    """

    candidate: Candidate
    row: Row
    reused: bool
    interval: Interval


@dataclass(frozen=True)
class StudyResult:
    """What training a study gave.

    Attributes:
        study: The study.
        dataset: What it was trained on.
        trained: Every candidate.
        decision: Whether the best on the validation side became champion.
        verdict: What came of the claim; None when one of its candidates was not trained.
    """

    study: Study
    dataset: Dataset
    trained: tuple[Trained, ...]
    decision: Decision
    verdict: Verdict | None


def train_study(
    lake: Lake,
    study: Study,
    seeds: Sequence[int] | None = None,
    models: Sequence[str] | None = None,
    progress: Progress | None = None,
    force: bool = False,
    snapshot: dict[str, int] | None = None,
    workers: int = 1,
) -> StudyResult:
    """Train the candidates of a study that are not registered yet for the same data and code.

    The candidate that is best on the validation side challenges the champion of the study.

    Args:
        lake: The lake.
        study: What to train.
        seeds: Repetitions, the study's own by default; the first one's model is registered.
        models: Names of algorithms, or keys of candidates, to train; all by default.
        progress: Called with a line for each step.
        force: Train even what is there.
        snapshot: Table versions to read, the newest by default.
        workers: Processes that fit.

    Raises:
        BadInput: When the dataset cannot be trained on, or leaks.
        NotFound: When ``models`` names none of the study's candidates.
    """
    say = progress or silent
    chosen = _chosen(study, models)
    dataset = assemble(lake, study.dataset, snapshot)
    refuse_leaks(dataset.members, f"training of {study.name}")
    sizes = ", ".join(f"{len(dataset.rows(side))} {side}" for side in SPLITS)
    say(f"dataset {study.dataset.name}: {sizes}, manifest {dataset.manifest}")
    mlflow = client(lake)
    use = tuple(study.seeds if seeds is None else seeds)
    known = {
        c.key: None
        if force
        else registered(lake, mlflow, study.name, training_key(dataset, c, use, study.metric))
        for c in chosen
    }
    with mapper(workers) as run:
        new = [c for c in chosen if known[c.key] is None]
        fits = seed_fits(dataset, new, use, run, study.judged_by)
        trained = []
        for c in chosen:
            row = known[c.key]
            if row is None:
                result = fit_candidate(dataset, c, use, say, fits, study.judged_by)
                row = register(lake, mlflow, study, dataset, result)
            trained.append(as_trained(lake, dataset, c, row, known[c.key] is not None, say))
    rows = {t.candidate.key: t.row for t in trained}
    validation = validation_scores(mlflow, rows)
    best = best_on_validation(validation, list(rows), study.judged_by)
    decision = challenge(lake, mlflow, dataset, study.name, rows[best]["version"])
    say(f"{best}: {'promoted' if decision.promote else 'not promoted'}: {decision.reason}")
    verdict = None if study.claim is None else judge(lake, dataset, study.claim, rows, validation)
    if verdict is not None:
        say(f"the claim {verdict.outcome}: {verdict.reason}")
    return StudyResult(study, dataset, tuple(trained), decision, verdict)


def as_trained(
    lake: Lake, dataset: Dataset, candidate: Candidate, row: Row, reused: bool, progress: Progress
) -> Trained:
    """A candidate with its row and the interval of its score; says what became of it."""
    state = "already registered" if reused else "registered"
    progress(f"{candidate.key}: {state} as {row['model']} version {row['version']}")
    interval = answers_of(lake, row, dataset.class_names).interval()
    return Trained(candidate, row, reused, interval)


def silent(_: str) -> None:
    """Progress that is not shown."""


def _chosen(study: Study, models: Sequence[str] | None) -> list[Candidate]:
    if models is None:
        return list(study.candidates)
    known = [name for c in study.candidates for name in (c.model, c.key)]
    for name in models:
        if name not in known:
            raise NotFound(f"candidate of {study.name}", name, known)
    return [c for c in study.candidates if c.model in models or c.key in models]
