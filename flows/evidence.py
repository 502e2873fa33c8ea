"""Flow: look at a study's champion, and retrain when there is evidence for it."""

from __future__ import annotations

from typing import Any

from prefect import flow, task

from flows.model_artifacts import keep_challenger
from flows.reporting import report
from flows.steps import AGAIN, HOUR, alone_with_models
from flows.tell import tell
from registry.plugins import pick
from training.evidence import Watched, watch
from training.lookup import one_model
from training.studies import studies
from training.triggers import read_triggers


@task(timeout_seconds=48 * HOUR, **AGAIN)
def look_and_act(lake: str, study: str, triggers: dict[str, Any]) -> Watched:
    """Look at the triggers; when one fires train a challenger and decide."""
    chosen = pick(studies(), "study", study)
    with alone_with_models(lake, study) as opened:
        found = watch(opened, chosen, read_triggers(triggers), progress=report)
        if found.record is not None and found.record.challenger is not None:
            keep_challenger(opened, study, one_model(opened, study, found.record.challenger))
    return found


@flow(name="watch-model")
def watch_model(lake: str, study: str, triggers: dict[str, Any]) -> str:
    """Retrain a study's champion when one of the triggers fires, and tell what was decided.

    Args:
        lake: The lake.
        study: The study.
        triggers: What asks for another model: :mod:`training.triggers`.

    Returns:
        What became of it, with the reason.

    Raises:
        BadInput: For triggers declared wrongly; and, after it was told, when nothing could be
            trained on.
    """
    found: Watched = look_and_act(lake, study, triggers)
    if found.record is None:
        return "no trigger fired"
    tell(found.record, lake)
    if found.refusal is not None:
        raise found.refusal
    return f"{found.record.outcome}: {found.record.reason}"
