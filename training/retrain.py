"""Retraining a champion when the lake has changed, and deciding whether the new one takes over."""

from __future__ import annotations

import time
from dataclasses import dataclass

from registry.errors import NotFound
from registry.lake import Lake
from training.assembly import assemble
from training.fitting import Progress, fit_candidate
from training.leaks import refuse_leaks
from training.leaks.clusters import note_if_asked
from training.loading import load_model
from training.lookup import champion
from training.promotion import Decision, challenge
from training.registration import register, registered, training_key
from training.resuming import resumable
from training.rows import Row
from training.study import Candidate, Study
from training.tracking import client, reaching
from training.train import as_trained, silent


@dataclass(frozen=True)
class Outcome:
    """What retraining did.

    Attributes:
        trained: Whether anything was trained.
        reason: Why, or why not; and who is champion now.
        manifest: The newest dataset.
        challenger: Row of the challenger, or None when nothing was trained.
        decision: The comparison, or None when nothing was trained.
    """

    trained: bool
    reason: str
    manifest: str
    challenger: Row | None = None
    decision: Decision | None = None


def retrain(lake: Lake, study: Study, progress: Progress | None = None) -> Outcome:
    """Train a challenger like the champion on the newest data, unless nothing has changed.

    Args:
        lake: The lake.
        study: The study whose champion is retrained.
        progress: Called with a line for each step.

    Raises:
        NotFound: When the study has no champion yet.
        BadInput: When the newest dataset cannot be trained on, or leaks.
    """
    say = progress or silent
    holder = champion(lake, study.name)
    if holder is None:
        raise NotFound("champion of study", study.name, [])
    note_if_asked(lake, study.dataset)
    dataset = assemble(lake, study.dataset)
    if dataset.manifest == holder["manifest"] and not holder["stale"]:
        version, manifest = holder["version"], dataset.manifest
        reason = f"nothing changed: champion version {version} was trained on {manifest} too"
        say(reason)
        return Outcome(False, reason, dataset.manifest)
    refuse_leaks(lake, dataset, f"retraining of {study.name}", allow=study.allowed_leaks)
    card = load_model(lake, study.name, holder["version"]).card
    candidate = Candidate(card.algorithm, tuple(i.name for i in card.inputs), card.settings)
    mlflow, own = client(lake), dataset.reading(candidate.inputs)
    key = training_key(dataset, candidate, card.seeds, study.metric)
    with reaching(lake), resumable(lake, study.name):
        row = known = registered(lake, mlflow, study.name, key)
        if row is None:
            began = time.time()
            result = fit_candidate(own, candidate, card.seeds, say, metric=study.judged_by)
            row = register(lake, mlflow, study, dataset, result, began)
        as_trained(lake, own, candidate, row, known is not None, say)
        decision = challenge(lake, mlflow, dataset, study.name, row["version"])
    outcome = "promoted" if decision.promote else "not promoted"
    reason = f"version {row['version']} {outcome}: {decision.reason}"
    say(reason)
    return Outcome(known is None, reason, dataset.manifest, row, decision)
