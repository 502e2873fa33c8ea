"""Champion and challenger of a study: compared on the same hold-out, the reason written down.

A challenger takes over only when it is shown to be better: the 95 % paired bootstrap interval of
the difference lies above zero. A champion trained on data retracted since is replaced unless the
challenger is shown to be worse; a challenger trained on such data, or one that was retired, takes
over from nobody. Measured members decide wherever the hold-out has any: when they are too few,
nobody takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.lake import Lake
from training.aliases import place
from training.cards import Card, insist_on_code, outgrown
from training.datasets import Dataset
from training.decisions import PROMOTED, REFUSED, decided
from training.evaluation import Interval
from training.holdout import FEWEST, HoldOut, hold_outs
from training.loading import load_model
from training.lookup import CHALLENGER, CHAMPION, RETIRED, champion, model_rows
from training.metrics import metric_named
from training.rows import Row
from training.splits import Member
from training.stored import member_names

if TYPE_CHECKING:
    from mlflow import MlflowClient

STALE = "champion is stale and challenger not shown worse"

KNOWN_SQL = """
SELECT entity_id, "group" FROM dataset_members WHERE manifest = $1 AND split <> 'test'
"""


@dataclass(frozen=True)
class Decision:
    """Whether the challenger becomes champion, why, and the difference that decided."""

    promote: bool
    reason: str
    interval: Interval | None


def decide(hold_out: HoldOut, champion_is_stale: bool = False) -> Decision:
    """Decide on answers to the same hold-out."""
    n, metric = len(hold_out.truth), metric_named(hold_out.metric)
    if not hold_out.decides:
        alike = "classes" if metric.task == "classification" else "values"
        few = (
            f"not decidable: {n} common hold-out members ({hold_out.kind}) of "
            f"{len(set(hold_out.truth))} {alike}, {FEWEST} of 2 {alike} are needed"
        )
        return Decision(champion_is_stale, f"{STALE}: {few}" if champion_is_stale else few, None)
    found = hold_out.interval()
    if champion_is_stale:
        promote = found.high >= 0
        why = STALE if promote else "shown worse"
    else:
        promote = found.low > 0
        why = "better" if promote else "not shown better"
    return Decision(promote, f"{why}: {told(hold_out, found)}", found)


def told(hold_out: HoldOut, found: Interval) -> str:
    """A comparison in words: the difference, its interval, both scores, and on what."""
    old, new = hold_out.scores()
    metric = metric_named(hold_out.metric)
    side = "above" if found.low > 0 else "below" if found.high < 0 else "includes"
    on = f"{len(hold_out.truth)} {hold_out.kind} members that neither was trained on"
    if hold_out.kind == "simulated":
        on += " (no measured data to decide on)"
    return (
        f"{metric.difference} {found.value:.3f} (95 % interval {found.low:.3f} to "
        f"{found.high:.3f}, {side} zero), {new:.3f} against {old:.3f} on {on}"
    )


def challenge(
    lake: Lake, mlflow: MlflowClient, dataset: Dataset, study: str, version: int
) -> Decision:
    """Compare a registered version with the champion of its study, place the aliases, note why.

    Args:
        lake: The lake.
        mlflow: Its client.
        dataset: The dataset the challenger was trained on; its test side is the hold-out.
        study: Study, the registered name.
        version: The challenger.
    """
    holder = champion(lake, study)
    if holder is not None and holder["version"] == version:
        return Decision(False, f"version {version} is the champion already", None)
    (row,) = model_rows(lake, study, version)
    if row["alias"] == RETIRED:
        return Decision(False, f"version {version} is retired: {row['reason']}", None)
    if row["stale"]:
        decision = Decision(False, "trained on data that is retracted", None)
    elif holder is None:
        decision = Decision(True, _unopposed(lake, study), None)
    else:
        decision = _against(lake, dataset, study, holder, version)
    alias = CHAMPION if decision.promote else CHALLENGER
    place(lake, mlflow, study, version, alias, decision.reason)
    act = PROMOTED if decision.promote else REFUSED
    decided(mlflow, study, version, act, decision.reason, holder)
    return decision


def _against(lake: Lake, dataset: Dataset, study: str, holder: Row, version: int) -> Decision:
    old, new = load_model(lake, study, holder["version"]), load_model(lake, study, version)
    insist_on_code(new.card)
    members = unseen(lake, dataset, old.card.manifest)
    return (
        _other_question(old.card, new.card)
        or _other_code(old.card)
        or decide(next(hold_outs(lake, dataset, members, old, new)), bool(holder["stale"]))
    )


def _other_code(old: Card) -> Decision | None:
    """A champion that nobody can ask any more is no champion."""
    reason = outgrown(old)
    if reason is None:
        return None
    return Decision(True, f"the champion cannot be asked any more: {reason}", None)


def _unopposed(lake: Lake, study: str) -> str:
    if len(model_rows(lake, study, retired=True)) > len(model_rows(lake, study)):
        return "no champion to compare with: the one there was is retired"
    return "first model of the study: best on the validation side"


def question(card: Card) -> str:
    """What a model answers, in words."""
    return f"{card.task} of {card.predicts} ({card.unit or 'no unit'})"


def _other_question(old: Card, new: Card) -> Decision | None:
    """A champion that answers another question than the study asks now is no champion of it."""
    asked = [question(card) for card in (old, new)]
    if asked[0] == asked[1]:
        return None
    return Decision(True, f"the champion was for {asked[0]}, the study asks for {asked[1]}", None)


@dataclass(frozen=True)
class LearntFrom:
    """Whom a model has seen, on the training or the validation side of its dataset.

    Attributes:
        entities: Their ids.
        groups: Their groups.
        names: Their mineral names, in lower case.
    """

    entities: frozenset[str]
    groups: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, lake: Lake, manifest: str) -> LearntFrom:
        """Whom models of a manifest have seen.

        Raises:
            NotFound: When there is no such manifest.
        """
        rows = lake.sql(KNOWN_SQL, [manifest])
        ids = rows["entity_id"].to_pylist()
        names = member_names(lake, manifest, ids).values()
        return cls(
            frozenset(ids),
            frozenset(rows["group"].to_pylist()),
            frozenset(name.lower() for name in names),
        )

    def knows(self, entity_id: str, name: str | None) -> bool:
        """Whether it is one of them, or has the name of one."""
        return entity_id in self.entities or (name is not None and name.lower() in self.names)


def unseen(lake: Lake, dataset: Dataset, manifest: str) -> list[Member]:
    """Test members of a dataset that are no relative of a training member of another one.

    Raises:
        NotFound: When there is no such manifest.
    """
    known = LearntFrom.of(lake, manifest)
    return [
        m
        for m in dataset.members
        if m.split == "test"
        and m.group not in known.groups
        and not known.knows(m.entity_id, m.name)
    ]
