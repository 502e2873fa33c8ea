"""Datasets that were assembled, as the lake has noted them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.errors import NotFound, WrongUse
from registry.lake import Lake
from training.definitions import DatasetDefinition, definition_from
from training.entities import names_of

FIND_SQL = """
SELECT * FROM datasets WHERE dataset = $1 OR starts_with(manifest, $1)
ORDER BY dataset = $1 DESC, created_at DESC, manifest
"""
MEMBERS_SQL = """
SELECT entity_id, "group", split, label, spectra, views FROM dataset_members
WHERE manifest = $1 ORDER BY entity_id
"""


@dataclass(frozen=True)
class StoredDataset:
    """One manifest.

    Attributes:
        manifest: Its hash.
        definition: What was asked for.
        snapshot: Table versions it was read at.
        left_out: How many candidates were left out, by reason.
        stale: Whether something in it was retracted since.
        created_at: When it was first assembled.
    """

    manifest: str
    definition: DatasetDefinition
    snapshot: dict[str, int]
    left_out: dict[str, int]
    stale: bool
    created_at: datetime


def stored_dataset(lake: Lake, which: str) -> StoredDataset:
    """Look up a dataset by its name (the newest of that name) or the beginning of its manifest.

    Raises:
        NotFound: When there is none; the message lists the names there are.
        WrongUse: When several manifests begin like this.
    """
    rows = lake.sql(FIND_SQL, [which]).to_pylist()
    if not rows:
        names = lake.sql("SELECT DISTINCT dataset FROM datasets")["dataset"].to_pylist()
        raise NotFound("dataset", which, names)
    if len(rows) > 1 and rows[0]["dataset"] != which:
        found = ", ".join(row["manifest"] for row in rows[:5])
        raise WrongUse(f"dataset {which!r}", "the beginning of one manifest", found)
    row = rows[0]
    return StoredDataset(
        manifest=row["manifest"],
        definition=definition_from(row["definition"]),
        snapshot=json.loads(row["snapshot"]),
        left_out=json.loads(row["left_out"]),
        stale=row["stale"],
        created_at=row["created_at"],
    )


def stored_members(lake: Lake, manifest: str) -> list[dict[str, Any]]:
    """Members of a manifest by id: ``entity_id``, ``group``, ``split``, ``label``, ``spectra``,
    ``views`` and ``name``, the mineral name of the member or of its one material.

    Raises:
        NotFound: When there is no such manifest.
    """
    rows: list[dict[str, Any]] = lake.sql(MEMBERS_SQL, [manifest]).to_pylist()
    names = member_names(lake, manifest, [row["entity_id"] for row in rows])
    return [{**row, "name": names.get(row["entity_id"])} for row in rows]


def member_names(lake: Lake, manifest: str, ids: Sequence[str]) -> dict[str, str]:
    """Mineral names of members of a manifest, whatever its members are; some have none.

    Raises:
        NotFound: When there is no such manifest.
    """
    return names_of(lake, stored_dataset(lake, manifest).definition.entity, ids)
