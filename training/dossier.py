"""Everything that is known about one registered version, in one place."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.lake import Lake
from registry.lineage.tracing import trace
from training.cards import Card, outgrown, read_card
from training.decisions import Decided, decisions
from training.lookup import one_model
from training.rows import Row
from training.tracking import client, model_files

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT = "parent"
"""Tag of a version that was transferred from another one: its ``model/version``."""


@dataclass(frozen=True)
class Dossier:
    """A version.

    Attributes:
        row: Its row in the ``models`` table.
        card: Its card, verified together with its files.
        lineage: How many nodes of each kind it was made from.
        used: How many nodes of each kind were made with it.
        decisions: Decisions about it, oldest first.
        ancestors: Versions it was transferred from, its parent first.
        children: Versions that were transferred from it.
        outgrown: Why it cannot be asked with the installed code, or None when it can.
    """

    row: Row
    card: Card
    lineage: dict[str, int]
    used: dict[str, int]
    decisions: list[Decided]
    ancestors: list[str]
    children: list[str]
    outgrown: str | None


def dossier(lake: Lake, model: str, which: int | str) -> Dossier:
    """Read everything about a version; its weights are verified, not loaded.

    Raises:
        NotFound: When there is no such model, version or alias.
        ModelRefused: When the card or a file was altered, added or removed.
    """
    row = one_model(lake, model, which)
    version = row["version"]
    with tempfile.TemporaryDirectory() as scratch:
        card = read_card(model_files(lake, row["run_id"], scratch), row["artifact_digest"])
    up, down = (
        dict(Counter(node.kind for node in trace(lake, f"{model}/{version}", way)[1:]))
        for way in ("up", "down")
    )
    mlflow = client(lake)
    made = [one for one in decisions(mlflow, model) if one.version == version]
    children = mlflow.search_model_versions(f"tags.{PARENT} = '{model}/{version}'")
    descended = [f"{child.name}/{child.version}" for child in children]
    return Dossier(
        row=row,
        card=card,
        lineage=up,
        used=down,
        decisions=made,
        ancestors=ancestors(mlflow, card.parent),
        children=sorted(descended),
        outgrown=outgrown(card),
    )


def ancestors(mlflow: MlflowClient, parent: str | None) -> list[str]:
    """A version that another one was transferred from, the one that was transferred from, ..."""
    found = []
    while parent is not None:
        found.append(parent)
        name, _, version = parent.partition("/")
        parent = mlflow.get_model_version(name, version).tags.get(PARENT)
    return found
