"""Running a study: fit what is not there yet, register it, judge the claims, name a champion."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.errors import NotFound, WrongUse
from registry.lake import Lake
from registry.parallel import mapper
from training.assembly import assemble
from training.candidates import chosen
from training.datasets import Dataset
from training.definitions import SPLITS
from training.evaluation import Interval
from training.findings import Verdict
from training.fitting import Progress, fit_candidate, seed_fits
from training.judging import answers_of, best_of, judge
from training.leaks import refuse_leaks
from training.leaks.clusters import note_if_asked
from training.parts import Part, Setting
from training.promotion import Decision, challenge
from training.registration import register, registered, training_key, validation_scores
from training.resuming import resumable
from training.rows import Row
from training.running import Kept, run_part
from training.study import Candidate, Study
from training.study_logs import log_comparison
from training.study_runs import running, study_run
from training.tracking import client, reaching

if TYPE_CHECKING:
    from mlflow import MlflowClient


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
    """What running a study gave.

    Attributes:
        study: The study.
        dataset: What it was run on.
        run_id: Its MLflow run; those of candidates and parts are below it.
        trained: Every candidate that was asked for.
        decision: Whether the best on the validation side became champion; None without candidates.
        verdict: What came of the claim about candidates; None when one of them was not trained,
            or there is none.
        findings: What the parts that were asked for found.
    """

    study: Study
    dataset: Dataset
    run_id: str
    trained: tuple[Trained, ...]
    decision: Decision | None
    verdict: Verdict | None
    findings: tuple[Kept, ...] = ()


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

    The candidate that is best on the validation side challenges the champion of the study. What is
    done when it is interrupted stays done, and the same call goes on from there.

    Args:
        lake: The lake.
        study: What to train.
        seeds: Repetitions, the study's own by default; the first one's model is registered.
        models: Names of algorithms, or keys of candidates, to train: the study's own, or others,
            which are judged alike and marked as added; all of its own by default.
        progress: Called with a line for each step.
        force: Train even what is there.
        snapshot: Table versions to read, the newest by default.
        workers: Processes that fit.

    Raises:
        BadInput: When the dataset cannot be trained on, or leaks.
        NotFound: When ``models`` names something that is not there.
        WrongUse: When an algorithm cannot take the inputs it would be given, or the study consists
            of parts alone.
    """
    candidates = chosen(study, models)
    if not candidates:
        raise WrongUse(f"training of {study.name}", "a study with candidates", "parts alone")
    setting = _setting(lake, study, seeds, progress, workers, snapshot)
    return _run(setting, candidates, [], force)


def run_study(
    lake: Lake,
    study: Study,
    seeds: Sequence[int] | None = None,
    parts: Sequence[str] | None = None,
    progress: Progress | None = None,
    force: bool = False,
    workers: int = 1,
) -> StudyResult:
    """Run a study: its candidates and then its parts; or only some of its parts.

    Args:
        lake: The lake.
        study: What to run.
        seeds: Repetitions, the study's own by default.
        parts: Names of parts to run, without the candidates; everything by default.
        progress: Called with a line for each step.
        force: Run even what is there.
        workers: Processes that fit.

    Raises:
        BadInput: When the dataset cannot be trained on, or leaks.
        NotFound: When there is no such part.
    """
    experiments = chosen_parts(study, parts)
    setting = _setting(lake, study, seeds, progress, workers)
    return _run(setting, study.candidates if parts is None else (), experiments, force)


def chosen_parts(study: Study, names: Sequence[str] | None) -> list[Part]:
    """Parts of a study by name, in its order; all of them when there are no names.

    Raises:
        NotFound: When there is no such part; the message lists those there are.
    """
    known = [part.name for part in study.parts]
    names = known if names is None else names
    for name in names:
        if name not in known:
            raise NotFound(f"part of {study.name}", name, known)
    return [part for part in study.parts if part.name in names]


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


def _setting(
    lake: Lake,
    study: Study,
    seeds: Sequence[int] | None,
    progress: Progress | None,
    workers: int,
    snapshot: dict[str, int] | None = None,
) -> Setting:
    say = progress or silent
    if snapshot is None:
        note_if_asked(lake, study.dataset)
    dataset = assemble(lake, study.dataset, snapshot)
    refuse_leaks(lake, dataset, f"training of {study.name}", allow=study.allowed_leaks)
    sizes = ", ".join(f"{len(dataset.rows(side))} {side}" for side in SPLITS)
    say(f"dataset {study.dataset.name}: {sizes}, manifest {dataset.manifest}")
    use = tuple(study.seeds if seeds is None else seeds)
    return Setting(lake, study, dataset, use, say, workers)


def _run(
    setting: Setting, candidates: Sequence[Candidate], parts: Sequence[Part], force: bool
) -> StudyResult:
    lake, study, dataset = setting.lake, setting.study, setting.dataset
    mlflow = client(lake)
    run_id = study_run(lake, mlflow, study, dataset, setting.seeds)
    decision = verdict = None
    with reaching(lake), running(mlflow, run_id), resumable(lake, study.name):
        trained = _train(setting, mlflow, candidates, force)
        if trained:
            decision, verdict = _decide(setting, mlflow, trained)
        if not all(t.reused for t in trained):
            log_comparison(lake, mlflow, study, run_id, verdict)
        findings = []
        for n, part in enumerate(parts, 1):
            setting.progress(f"part {n} of {len(parts)}")
            findings.append(run_part(setting, part, force))
    return StudyResult(study, dataset, run_id, tuple(trained), decision, verdict, tuple(findings))


def _train(
    setting: Setting, mlflow: MlflowClient, candidates: Sequence[Candidate], force: bool
) -> list[Trained]:
    lake, study, dataset, say = setting.lake, setting.study, setting.dataset, setting.progress
    known = {} if force else _known(setting, mlflow, candidates)
    new = [c for c in candidates if c.key not in known]
    trained = []
    with mapper(setting.workers) as run:
        fits = seed_fits(dataset, new, setting.seeds, run, study.judged_by)
        for c in candidates:
            row, own = known.get(c.key), dataset.reading(c.inputs)
            if row is None:
                began = time.time()
                result = fit_candidate(own, c, setting.seeds, say, fits, study.judged_by)
                row = register(lake, mlflow, study, dataset, result, began=began)
            trained.append(as_trained(lake, own, c, row, c.key in known, say))
    return trained


def _known(
    setting: Setting, mlflow: MlflowClient, candidates: Sequence[Candidate]
) -> dict[str, Row]:
    """Rows of the candidates that are registered for the same data, seeds and code."""
    study = setting.study
    keys = {
        c.key: training_key(setting.dataset, c, setting.seeds, study.metric) for c in candidates
    }
    rows = {key: registered(setting.lake, mlflow, study.name, k) for key, k in keys.items()}
    return {key: row for key, row in rows.items() if row is not None}


def _decide(
    setting: Setting, mlflow: MlflowClient, trained: Sequence[Trained]
) -> tuple[Decision, Verdict | None]:
    """Let the best on the validation side challenge the champion, and judge the claim."""
    lake, study, dataset, say = setting.lake, setting.study, setting.dataset, setting.progress
    rows = {t.candidate.key: t.row for t in trained}
    validation = validation_scores(mlflow, rows)
    best = best_of(validation, list(rows), study.judged_by)
    decision = challenge(lake, mlflow, dataset, study.name, rows[best]["version"])
    say(f"{best}: {'promoted' if decision.promote else 'not promoted'}: {decision.reason}")
    if study.claim is None:
        return decision, None
    # what an earlier call trained counts too
    rows = _known(setting, mlflow, study.candidates) | rows
    validation = validation_scores(mlflow, rows)
    verdict = judge(lake, dataset, study.claim, rows, validation)
    if verdict is not None:
        say(f"the claim {verdict.outcome}: {verdict.reason}")
    return decision, verdict
