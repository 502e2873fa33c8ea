"""Two registered versions on the same hold-out, and promotion of one by that comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from registry.errors import BadInput
from registry.lake import Lake
from training.assembly import assemble
from training.datasets import Dataset
from training.definitions import definition_from
from training.evaluation import Interval
from training.holdout import HoldOut, hold_outs
from training.loading import load_model
from training.lookup import one_model
from training.promotion import Decision, challenge, question, unseen
from training.tracking import client

DATASET_SQL = "SELECT definition, snapshot FROM datasets WHERE manifest = $1"


@dataclass(frozen=True)
class Comparison:
    """How much better the second version is on one hold-out.

    Attributes:
        hold_out: Answers of both.
        first: Score of the first version.
        second: Score of the second.
        interval: Of the difference, above 0 where the second is better; None when there are too
            few members.
    """

    hold_out: HoldOut
    first: float
    second: float
    interval: Interval | None


def dataset_of(lake: Lake, row: dict[str, Any]) -> Dataset:
    """The dataset a version was trained on, read again at its snapshot.

    Raises:
        BadInput: When it is not in the lake, or is no longer the same.
    """
    where, manifest = f"dataset of {row['model']}/{row['version']}", row["manifest"]
    known = lake.sql(DATASET_SQL, [manifest]).to_pylist()
    if not known:
        raise BadInput(where, f"manifest {manifest} in the lake", "none")
    found = assemble(
        lake, definition_from(known[0]["definition"]), json.loads(known[0]["snapshot"])
    )
    if found.manifest != manifest:
        raise BadInput(where, f"manifest {manifest} at its snapshot", found.manifest)
    return found


def compare_versions(
    lake: Lake, first: tuple[str, int | str], second: tuple[str, int | str]
) -> list[Comparison]:
    """Compare two versions on members of the second one's test side that neither saw.

    Args:
        lake: The lake.
        first: Name and version or alias.
        second: The same of the other.

    Returns:
        One comparison on measured members, where there are any, and one on simulated ones, where
        there are any.

    Raises:
        NotFound: When there is no such model, version or alias.
        BadInput: When they answer different questions, or the hold-out cannot be read again.
        ModelRefused: When a file of one was altered.
    """
    old, new = load_model(lake, *first), load_model(lake, *second)
    asked = [(question(model.card), model.card.metric) for model in (old, new)]
    if asked[0] != asked[1]:
        (one, by), (other, by_other) = asked
        raise BadInput("comparison", f"another model for {one} by {by}", f"{other} by {by_other}")
    dataset = dataset_of(lake, new.row)
    members = unseen(lake, dataset, old.card.manifest)
    return [
        Comparison(found, *found.scores(), found.interval() if found.decides else None)
        for found in hold_outs(lake, dataset, members, old, new)
        if found.truth
    ]


def promote(lake: Lake, study: str, version: int | str) -> Decision:
    """Let a version challenge the champion of its study; the decision is noted.

    Raises:
        NotFound: When there is no such model, version or alias.
        BadInput: When the hold-out cannot be read again.
        ModelRefused: When a file of one was altered.
    """
    row = one_model(lake, study, version)
    return challenge(lake, client(lake), dataset_of(lake, row), study, row["version"])
