"""What views there are, what they took, what they refused and who uses them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.errors import NotFound, WrongUse
from registry.lake import Lake

SHORTEST_PREFIX = 6
VIEWS_SQL = """
SELECT v.view_id, v.view AS name, v.version, v.entity, v.rows, v.parameters, v.width, v.unit,
       v.source, v.created_at, count(f.entity_id) - count(f.refused) AS computed,
       count(f.refused) AS refused, sum(f.seconds) AS seconds,
       count(f.seconds) / nullif(sum(f.seconds), 0) AS speed
FROM feature_views v LEFT JOIN features f USING (view_id)
GROUP BY ALL ORDER BY v.entity, name, v.created_at, v.view_id
"""
# a reason reads: place: expected ..., found ...; places and findings differ from entity to entity
REASONS_SQL = """
SELECT coalesce(nullif(regexp_extract(refused, 'expected (.*), found', 1), ''), refused)
       AS expected, count(*) AS entities, min(refused) AS example
FROM features WHERE view_id = $1 AND refused IS NOT NULL
GROUP BY expected ORDER BY entities DESC, expected
"""
USERS_SQL = """
SELECT kind, id, coalesce(label, '') AS label, coalesce(state, '') AS state FROM downstream($1)
LEFT JOIN lineage_nodes USING (kind, id) LEFT JOIN lineage_states USING (kind, id)
WHERE kind IN ('dataset', 'model') ORDER BY kind, label, id
"""


@dataclass(frozen=True)
class View:
    """A descriptor with its parameters and the version of its code, and what is stored of it.

    Attributes:
        view_id: Hash of the three.
        name: Of the descriptor.
        version: Of its code.
        entity: What it describes: ``material`` or ``spectrum``.
        rows: What a row of a value is: ``site`` or ``edge``; empty for a vector.
        parameters: Complete.
        width: Length of the vector, or of a row.
        unit: Of the values.
        source: Publication.
        created_at: When it was first computed.
        computed: Entities that have a value.
        refused: Entities it refused.
        seconds: Time the descriptor took, over all processes; None when unknown.
        speed: Entities per second of one process, refusals among them; None when unknown.
    """

    view_id: str
    name: str
    version: str
    entity: str
    rows: str
    parameters: dict[str, Any]
    width: int
    unit: str
    source: str
    created_at: datetime
    computed: int
    refused: int
    seconds: float | None
    speed: float | None


@dataclass(frozen=True)
class Reason:
    """Why entities were refused: what was expected of them, how many, the text of one."""

    expected: str
    entities: int
    example: str


@dataclass(frozen=True)
class User:
    """A dataset or model made with a view; ``state`` is ``stale`` or empty."""

    kind: str
    id: str
    label: str
    state: str


def views(lake: Lake) -> list[View]:
    """Every view, those of materials first."""
    rows = lake.sql(VIEWS_SQL).to_pylist()
    return [View(**{**row, "parameters": json.loads(row["parameters"])}) for row in rows]


def find(lake: Lake, text: str) -> View:
    """The view that a user names: its id, the first six or more digits of it, or its descriptor.

    Raises:
        NotFound: When there is none; the message lists what there is.
        WrongUse: When there are several; the message lists them.
    """
    every = views(lake)
    is_prefix = len(text) >= SHORTEST_PREFIX
    found = [v for v in every if v.name == text or (is_prefix and v.view_id.startswith(text))]
    if not found:
        raise NotFound("feature view", text, [v.name for v in every])
    if len(found) > 1:
        listed = "; ".join(f"{v.view_id[:12]} {v.name} {v.version} {v.parameters}" for v in found)
        raise WrongUse(repr(text), "the id of one view", listed)
    return found[0]


def reasons(lake: Lake, view_id: str) -> list[Reason]:
    """Why a view refused entities, the most frequent reason first."""
    return [Reason(**row) for row in lake.sql(REASONS_SQL, [view_id]).to_pylist()]


def users(lake: Lake, view_id: str) -> list[User]:
    """Datasets and models that a view was read for."""
    return [User(**row) for row in lake.sql(USERS_SQL, [view_id]).to_pylist()]
