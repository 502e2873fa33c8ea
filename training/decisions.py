"""Decisions about versions: each kept for good as a tag of its version in MLflow.

One tag a decision, named by its time: nothing is read before it is written, so that two people
who decide at once lose neither decision.

Who decided is the name in ``SCATTERLAKE_USER``, else the one that MLflow's server is asked under
(``MLFLOW_TRACKING_USERNAME``), else that of the account on this machine. It is what the program
was told, not a signature.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registry.events import emit
from registry.lake import now
from training.paging import found_versions

if TYPE_CHECKING:
    from mlflow import MlflowClient

PREFIX = "decision."
PROMOTED, REFUSED = "promoted", "not promoted"
ROLLED_BACK, RETIRED, REINSTATED = "rolled back to", "retired", "reinstated"
USER = ("SCATTERLAKE_USER", "MLFLOW_TRACKING_USERNAME")
"""Variables that name who decides, the first that is set counting."""


@dataclass(frozen=True)
class Decided:
    """A decision.

    Attributes:
        at: When.
        version: Version it is about.
        act: What was decided.
        champion: Who was champion then, None when nobody was.
        reason: Why.
        by: Who decided; empty where it was not kept yet.
    """

    at: datetime
    version: int
    act: str
    champion: int | None
    reason: str
    by: str = ""


def user() -> str:
    """Who decides; the number of the account where the machine has no name for it."""
    named = next((os.environ[name] for name in USER if os.environ.get(name)), None)
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def decided(
    mlflow: MlflowClient,
    study: str,
    version: int,
    act: str,
    reason: str,
    holder: Mapping[str, Any] | None,
) -> None:
    """Keep a decision; ``holder`` is the row of who was champion when it was made."""
    champion = None if holder is None else int(holder["version"])
    made = Decided(now(), version, act, champion, reason, user())
    text = json.dumps(asdict(made), default=datetime.isoformat)
    key = f"{PREFIX}{made.at:%Y%m%dT%H%M%S.%f}"
    mlflow.set_model_version_tag(study, str(version), key, text)
    about: dict[str, Any] = {"model": study, "version": version, "champion": champion}
    emit("decided", act=act, reason=reason, by=made.by, **about)


def decisions(mlflow: MlflowClient, study: str) -> list[Decided]:
    """Decisions about all versions of a study, oldest first."""
    texts = (
        text
        for found in found_versions(mlflow, study)
        for key, text in found.tags.items()
        if key.startswith(PREFIX)
    )
    read = (json.loads(text) for text in texts)
    made = (Decided(**{**value, "at": datetime.fromisoformat(value["at"])}) for value in read)
    return sorted(made, key=lambda one: one.at)


def reigns(made: list[Decided]) -> list[int]:
    """Champions that were not rolled back or retired since, in the order they took over.

    A version that is reinstated has to take over anew.
    """
    found: list[int] = []
    for one in made:
        if one.act == PROMOTED:
            found.append(one.version)
        elif one.act == ROLLED_BACK and one.version in found:
            last = len(found) - 1 - found[::-1].index(one.version)
            found = found[: last + 1]
        elif one.act == RETIRED:
            found = [version for version in found if version != one.version]
    return found
