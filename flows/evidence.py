"""Flow: look at a study's champion, and retrain when there is evidence for it."""

from __future__ import annotations

from typing import Any

from prefect import flow, task

from flows.reporting import report
from flows.tell import tell
from registry.lake import Lake
from registry.plugins import pick
from training.evidence import Watched, watch
from training.studies import studies
from training.triggers import read_triggers


@task
def look_and_act(lake: str, study: str, triggers: dict[str, Any]) -> Watched:
    """Look at the triggers; when one fires train a challenger and decide."""
    chosen = pick(studies(), "study", study)
    return watch(Lake.existing(lake), chosen, read_triggers(triggers), progress=report)


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
