"""Everything that is known about one registered version, in one place."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass

from registry.lake import Lake
from registry.lineage.tracing import trace
from training.cards import Card, read_card
from training.decisions import Decided, decisions
from training.lookup import one_model
from training.rows import Row
from training.tracking import client, model_files


@dataclass(frozen=True)
class Dossier:
    """A version.

    Attributes:
        row: Its row in the ``models`` table.
        card: Its card, verified together with its files.
        lineage: How many nodes of each kind it was made from.
        used: How many nodes of each kind were made with it.
        decisions: Decisions about it, oldest first.
    """

    row: Row
    card: Card
    lineage: dict[str, int]
    used: dict[str, int]
    decisions: list[Decided]


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
    made = [one for one in decisions(client(lake), model) if one.version == version]
    return Dossier(row, card, up, down, made)
