"""Champion and challenger of a study: compared on the same hold-out, the reason written down.

A challenger takes over only when it is shown to be better: the 95 % paired bootstrap interval of
the difference lies above zero. A champion trained on data retracted since is replaced unless the
challenger is shown to be worse; a challenger trained on such data takes over from nobody. Measured
members decide where the hold-out has enough of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from registry.lake import Lake
from training.datasets import Dataset
from training.evaluation import Interval, paired_bootstrap
from training.loading import LoadedModel, load_model, read_inputs, reads_curves
from training.lookup import CHALLENGER, CHAMPION, champion, model_rows
from training.rows import Row
from training.splits import Member

if TYPE_CHECKING:
    from mlflow import MlflowClient

FEWEST = 10
"""Fewest hold-out members, of two classes or more, that may decide."""

STALE = "champion is stale and challenger not shown worse"

KNOWN_SQL = """
SELECT m.entity_id, m."group", lower(t.name) AS name
FROM dataset_members m LEFT JOIN materials t ON t.material_id = m.entity_id
WHERE m.manifest = $1 AND m.split <> 'test'
"""


@dataclass(frozen=True)
class HoldOut:
    """Answers of both models on the same members, sorted alike.

    Attributes:
        kind: ``measured`` or ``simulated``.
        truth: True class names, shape ``(n,)``.
        groups: Group of each member.
        champion: Its answers.
        challenger: Its answers.
    """

    kind: str
    truth: tuple[str, ...]
    groups: tuple[str, ...]
    champion: tuple[str, ...]
    challenger: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """Whether the challenger becomes champion, why, and the difference that decided."""

    promote: bool
    reason: str
    interval: Interval | None


def decide(hold_out: HoldOut, champion_is_stale: bool = False) -> Decision:
    """Decide on answers to the same hold-out."""
    n, classes = len(hold_out.truth), len(set(hold_out.truth))
    if n < FEWEST or classes < 2:
        few = (
            f"not decidable: {n} common hold-out members of {classes} classes, "
            f"{FEWEST} of 2 are needed"
        )
        return Decision(champion_is_stale, f"{STALE}: {few}" if champion_is_stale else few, None)
    every = (hold_out.truth, hold_out.challenger, hold_out.champion)
    names = sorted({name for answers in every for name in answers})
    number = {name: i for i, name in enumerate(names)}
    truth, new, old = (np.array([number[a] for a in answers]) for answers in every)
    found = paired_bootstrap(truth, new, old, hold_out.groups)
    on = f"on {n} {hold_out.kind} members that neither was trained on"
    if hold_out.kind == "simulated":
        on += " (no measured data to decide on)"
    difference = f"difference in balanced accuracy {found} {on}"
    if champion_is_stale:
        promote = found.high >= 0
        why = STALE if promote else "shown worse"
    else:
        promote = found.low > 0
        why = "better" if promote else "not shown better"
    return Decision(promote, f"{why}: {difference}", found)


def challenge(
    lake: Lake, mlflow: MlflowClient, dataset: Dataset, study: str, version: int
) -> Decision:
    """Compare a registered version with the champion of its study and place the aliases.

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
    if row["stale"]:
        decision = Decision(False, "trained on data that is retracted", None)
    elif holder is None:
        decision = Decision(True, "first model of the study: best on the validation side", None)
    else:
        old, new = load_model(lake, study, holder["version"]), load_model(lake, study, version)
        decision = decide(hold_out(lake, dataset, old, new), bool(holder["stale"]))
    alias = CHAMPION if decision.promote else CHALLENGER
    place(lake, mlflow, study, version, alias, decision.reason)
    return decision


def hold_out(lake: Lake, dataset: Dataset, old: LoadedModel, new: LoadedModel) -> HoldOut:
    """Answers of both models on test members that neither saw, measured ones if they suffice."""
    members = unseen(lake, dataset, old.card.manifest)
    both_read_curves = reads_curves(old.card) and reads_curves(new.card)
    if both_read_curves and dataset.measured is not None:
        measured = _answers(lake, dataset, members, old, new, "experimental")
        if len(measured.truth) >= FEWEST and len(set(measured.truth)) >= 2:
            return measured
    return _answers(lake, dataset, members, old, new, "simulated")


def unseen(lake: Lake, dataset: Dataset, manifest: str) -> list[Member]:
    """Test members of a dataset that are no relative of a training member of another one."""
    test = [m for m in dataset.members if m.split == "test"]
    rows = lake.sql(KNOWN_SQL, [manifest])
    entities, groups, names = (set(rows[c].to_pylist()) for c in ("entity_id", "group", "name"))
    return [
        m
        for m in test
        if m.entity_id not in entities
        and m.group not in groups
        and (m.name is None or m.name.lower() not in names)
    ]


def _answers(
    lake: Lake,
    dataset: Dataset,
    members: Sequence[Member],
    old: LoadedModel,
    new: LoadedModel,
    kind: str,
) -> HoldOut:
    wanted = [m.entity_id for m in members]
    by_model = []
    for model in (old, new):
        entities, inputs = read_inputs(lake, model.card, wanted, dataset.snapshot, kind)
        best = model.fitted.probabilities(inputs).argmax(axis=1) if entities else []
        names = [model.card.class_names[i] for i in best]
        by_model.append(dict(zip(entities, names, strict=True)))
    common = [m for m in members if all(m.entity_id in found for found in by_model)]
    first, second = (tuple(found[m.entity_id] for m in common) for found in by_model)
    return HoldOut(
        kind="measured" if kind == "experimental" else kind,
        truth=tuple(m.label for m in common),
        groups=tuple(m.group for m in common),
        champion=first,
        challenger=second,
    )


def place(
    lake: Lake, mlflow: MlflowClient, study: str, version: int, alias: str, reason: str
) -> None:
    """Give an alias to a version, in MLflow and in the ``models`` table; who had it loses it."""
    mlflow.set_registered_model_alias(study, alias, str(version))
    mlflow.set_model_version_tag(study, str(version), "reason", reason)
    changed: list[Row] = []
    for row in model_rows(lake, study):
        if row["version"] == version:
            if row["alias"] not in (alias, None):
                mlflow.delete_registered_model_alias(study, row["alias"])
            changed.append({**row, "alias": alias, "reason": reason})
        elif row["alias"] == alias:
            changed.append({**row, "alias": None})
    lake.replace("models", changed)
