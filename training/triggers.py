"""Triggers of retraining, declared by what they need to know::

    triggers:
      new_rows: 100                     # so many new rows that no error check refuses
      drift: {technique: xrd}           # fields of training.drift.trigger.Drift
      degraded: 0.05                    # worse than it was by more than this, in the metric's unit
      retracted: true                   # something it learnt from is withdrawn

Any one that fires asks for a challenger. When to look is for the schedule to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from registry.errors import BadInput
from training.degradation import new_score, worse
from training.drift.trigger import Drift
from training.holdout import FEWEST
from training.metrics import metric_named
from training.signs import Case, Sign, Trigger

NAMES = ("new_rows", "drift", "degraded", "retracted")
LIST_FIELDS = ("detectors",)

WITHDRAWN_SQL = """
WITH gone AS (SELECT list(spectrum_id) AS ids FROM spectra WHERE retracted OR stale)
SELECT count(*) AS n FROM dataset_members m, gone WHERE m.manifest = $1 AND (
  m.entity_id IN (SELECT material_id FROM materials WHERE retracted)
  OR coalesce(list_contains(gone.ids, m.entity_id), false)
  OR coalesce(list_has_any(m.spectra, gone.ids), false))
"""
STATE = ("materials", "spectra", "retractions")
"""Tables that say what is withdrawn; who learnt from what is asked now."""


@dataclass(frozen=True)
class NewRows:
    """Enough came: at least so many new rows that fail no error check."""

    least: int

    def __call__(self, case: Case) -> Sign:
        """Count."""
        found = case.arrivals
        n = len(found.rows)
        reason = f"{n} new rows, {self.least} are asked for"
        if found.failed:
            reason += f"; {found.failed} more fail an error check"
        numbers = {"new": n, "asked": self.least, "failed": found.failed}
        return Sign("new_rows", n >= self.least, reason, {**numbers})


@dataclass(frozen=True)
class Retracted:
    """Something the champion's dataset was made of is withdrawn."""

    def __call__(self, case: Case) -> Sign:
        """Count members that are withdrawn or read from what is."""
        n, before = (self._withdrawn(case, at) for at in (case.now, case.since))
        reason = f"{n} members of what the {case.named} learnt from are withdrawn"
        if before:
            reason += f", {before} of them before the last decision"
        return Sign("retracted", n > before, reason, {"withdrawn": n, "before": before})

    @staticmethod
    def _withdrawn(case: Case, at: dict[str, int]) -> int:
        versions = {name: at[name] for name in STATE}
        rows = case.lake.sql(WITHDRAWN_SQL, [case.holder["manifest"]], versions)
        return int(rows["n"][0].as_py())


@dataclass(frozen=True)
class Degraded:
    """The 95 % interval of its score on new labelled members is worse than its score was."""

    by: float

    def __call__(self, case: Case) -> Sign:
        """Ask the champion about them."""
        if case.study.dataset.task == "unsupervised":
            return Sign("degraded", False, "nothing is labelled: the study is unsupervised")
        found = new_score(case)
        metric = metric_named(case.holder["metric"])
        numbers = {"members": found.members, "before": found.before, "by": self.by}
        what = f"{found.members} new labelled members ({found.kind})"
        if found.members < FEWEST or found.interval is None:
            return Sign("degraded", False, f"{what}, {FEWEST} are needed", {**numbers})
        score = found.interval
        numbers |= {"score": score.value, "low": score.low, "high": score.high}
        if found.before is None:
            reason = f"{what}: the {case.named} has no score on such to compare with"
            return Sign("degraded", False, reason, {**numbers})
        fired = worse(metric, score, found.before, self.by)
        shown = "worse" if fired else "not shown worse"
        told = f"{metric.title} {score} on {what}, {found.before:.3f} when registered"
        return Sign("degraded", fired, f"{shown} by {self.by:g}: {told}", {**numbers})


def read_triggers(declared: Any, where: str = "triggers") -> tuple[Trigger, ...]:
    """Triggers as declared, in the order of :data:`NAMES`.

    Raises:
        BadInput: Names the field that is unknown or wrong.
    """
    if not isinstance(declared, Mapping) or not declared:
        raise BadInput(where, f"fields among {', '.join(NAMES)}", repr(declared))
    unknown = sorted(map(str, declared.keys() - set(NAMES)))
    if unknown:
        raise BadInput(where, f"only {', '.join(NAMES)}", ", ".join(unknown))
    found: list[Trigger] = []
    if "new_rows" in declared:
        found.append(NewRows(_whole(f"{where}: new_rows", declared["new_rows"])))
    if "drift" in declared:
        found.append(_drift(f"{where}: drift", declared["drift"]))
    if "degraded" in declared:
        found.append(Degraded(_number(f"{where}: degraded", declared["degraded"])))
    if "retracted" in declared:
        wanted = declared["retracted"]
        if not isinstance(wanted, bool):
            raise BadInput(f"{where}: retracted", "true or false", repr(wanted))
        found += [Retracted()] if wanted else []
    return tuple(found)


def look_at(case: Case, triggers: Sequence[Trigger]) -> tuple[Sign, ...]:
    """What every trigger sees, in their order."""
    return tuple(trigger(case) for trigger in triggers)


def _drift(where: str, declared: Any) -> Drift:
    known = {field.name: field.default for field in fields(Drift)}
    if not isinstance(declared, Mapping):
        raise BadInput(where, f"fields among {', '.join(known)}", repr(declared))
    unknown = sorted(map(str, declared.keys() - known.keys()))
    if unknown:
        raise BadInput(where, f"only {', '.join(known)}", ", ".join(unknown))
    given: dict[str, Any] = {}
    for name, value in declared.items():
        at = f"{where}: {name}"
        if name in LIST_FIELDS:
            if (
                not isinstance(value, list)
                or not value
                or not all(isinstance(v, str) for v in value)
            ):
                raise BadInput(at, "a list of names", repr(value))
            given[name] = tuple(value)
        elif isinstance(known[name], str):
            if not isinstance(value, str):
                raise BadInput(at, "text", repr(value))
            given[name] = value
        elif isinstance(known[name], int):
            given[name] = _whole(at, value)
        else:
            given[name] = _number(at, value)
    return Drift(**given)


def _whole(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadInput(where, "a whole number above 0", repr(value))
    return value


def _number(where: str, value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < float("inf")
    ):
        raise BadInput(where, "a finite number, 0 or more", repr(value))
    return float(value)
