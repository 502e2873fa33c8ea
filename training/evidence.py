"""Retraining on evidence: look at the champion, act when a trigger fires, keep what was decided.

A decision is kept as ``evidence/<study>/<time>.json`` of the lake and as a tag of the version it is
about in MLflow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from registry.errors import BadInput
from registry.identity import canonical_json
from registry.lake import Lake, now
from training.decisions import user
from training.evaluation import Interval
from training.fitting import Progress
from training.retrain import Outcome, retrain
from training.signs import Case, Sign, Trigger, case_of
from training.study import Study
from training.tracking import client, reaching
from training.train import silent
from training.triggers import look_at

FOLDER, TAG = "evidence", "evidence."
STAMP = "%Y%m%dT%H%M%S.%f"
PROMOTED, KEPT, UNCHANGED, REFUSED = "promoted", "champion stays", "nothing to train on", "refused"


@dataclass(frozen=True)
class Record:
    """What was decided on evidence.

    Attributes:
        at: When.
        study: About which study.
        champion: Version that was champion.
        signs: What every trigger saw.
        snapshot: Table versions it was looked at: only what comes after is new evidence.
        outcome: What became of it.
        reason: Why.
        challenger: Version that was trained, None where none was.
        interval: How much better the challenger is on the common hold-out, where that was found.
        by: Who asked for it.
    """

    at: datetime
    study: str
    champion: int
    signs: tuple[Sign, ...]
    snapshot: dict[str, int]
    outcome: str
    reason: str
    challenger: int | None
    interval: Interval | None
    by: str

    def json(self) -> str:
        """Canonical JSON, from which :func:`record_from` makes the same record."""
        return canonical_json({**asdict(self), "at": self.at.isoformat()})


@dataclass(frozen=True)
class Watched:
    """One look.

    Attributes:
        case: What was looked at.
        signs: What every trigger saw.
        record: What was decided; None where no trigger fired.
        refusal: Why nothing could be trained, where that was so.
    """

    case: Case
    signs: tuple[Sign, ...]
    record: Record | None = None
    refusal: BadInput | None = None


def observe(lake: Lake, study: Study, triggers: Sequence[Trigger]) -> Watched:
    """Look at a study's champion without doing anything.

    Raises:
        NotFound: When the study has no champion.
        BadInput: When a trigger asks for what the study does not read.
    """
    case = case_of(lake, study)
    decided = [r for r in records(lake, study.name) if r.champion == case.holder["version"]]
    if decided:
        case = case_of(lake, study, decided[-1].snapshot)
    return Watched(case, look_at(case, triggers))


def watch(
    lake: Lake, study: Study, triggers: Sequence[Trigger], progress: Progress | None = None
) -> Watched:
    """Look, and when a trigger fires train a challenger on the newest data and decide.

    Args:
        lake: The lake.
        study: Whose champion is looked at.
        triggers: What asks for another model.
        progress: Called with a line for each step.

    Raises:
        NotFound: When the study has no champion.
        BadInput: When a trigger asks for what the study does not read. That nothing can be trained
            is not raised: it is kept and returned.
    """
    say = progress or silent
    looked = observe(lake, study, triggers)
    for sign in looked.signs:
        say(f"{sign.trigger}: {'FIRED: ' if sign.fired else ''}{sign.reason}")
    if not any(sign.fired for sign in looked.signs):
        return looked
    refusal, outcome = None, None
    try:
        outcome = retrain(lake, study, progress)
    except BadInput as error:
        refusal = error
    record = _record(looked, outcome, refusal)
    _keep(lake, record)
    return Watched(looked.case, looked.signs, record, refusal)


def records(lake: Lake, study: str) -> list[Record]:
    """Decisions about a study, oldest first."""
    paths = sorted(path for path, _, _ in lake.storage.walk(f"{FOLDER}/{study}"))
    texts = [lake.storage.read(path) for path in paths]
    return [record_from(text) for text in texts if text is not None]


def record_from(text: str | bytes) -> Record:
    """Read a record back."""
    value = json.loads(text)
    given = value["interval"]
    own = {
        "at": datetime.fromisoformat(value["at"]),
        "signs": tuple(Sign(**sign) for sign in value["signs"]),
        "interval": None if given is None else Interval(**given),
    }
    return Record(**{**value, **own})


def _record(looked: Watched, outcome: Outcome | None, refusal: BadInput | None) -> Record:
    case = looked.case
    decision = None if outcome is None else outcome.decision
    if outcome is None:
        what, reason = REFUSED, str(refusal)
    elif decision is None:
        what, reason = UNCHANGED, outcome.reason
    else:
        what, reason = PROMOTED if decision.promote else KEPT, outcome.reason
    row = None if outcome is None else outcome.challenger
    return Record(
        at=now(),
        study=case.study.name,
        champion=int(case.holder["version"]),
        signs=looked.signs,
        snapshot=case.now,
        outcome=what,
        reason=reason,
        challenger=None if row is None else int(row["version"]),
        interval=None if decision is None else decision.interval,
        by=user(),
    )


def _keep(lake: Lake, record: Record) -> None:
    """Into the lake and onto the version it is about."""
    stamp = record.at.strftime(STAMP)
    version = record.challenger or record.champion
    # a tag is one line that fits: the numbers are in the lake
    told = {
        "outcome": record.outcome,
        "reason": record.reason,
        "fired": [sign.reason for sign in record.signs if sign.fired],
    }
    with reaching(lake):
        client(lake).set_model_version_tag(
            record.study, str(version), f"{TAG}{stamp}", json.dumps(told)
        )
    # last: while it is not there, the triggers still ask for what was not told
    lake.storage.create(f"{FOLDER}/{record.study}/{stamp}.json", record.json().encode())
