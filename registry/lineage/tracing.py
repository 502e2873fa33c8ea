"""Following lineage from Python: what a user means by a text, what was made of it or made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from registry.errors import NotFound, WrongUse
from registry.identity import digest
from registry.lake import Lake

Direction = Literal["down", "up"]
MACRO = {"down": "downstream", "up": "upstream"}
SHORTEST_PREFIX = 6
NEAR = 8

TRACE_SQL = """
SELECT id, kind, coalesce(label, '') AS label, coalesce(state, '') AS state, depth, relation, parent
FROM (
    SELECT id, kind, 0 AS depth, '' AS relation, NULL AS parent FROM lineage_nodes WHERE id = $1
    UNION ALL BY NAME FROM {macro}($1)
) LEFT JOIN lineage_nodes USING (id, kind) LEFT JOIN lineage_states USING (id, kind)
ORDER BY depth, kind, label, id
"""
EXACT_SQL = "SELECT id, kind, label FROM lineage_nodes WHERE id = $1"
# the champion, or all versions where there is none
MODEL_SQL = """
SELECT id, kind, label FROM lineage_nodes
JOIN models ON kind = 'model' AND id = model || '/' || version
WHERE model = $1 AND ($2 = '' OR alias = $2 OR CAST(version AS VARCHAR) = $2)
QUALIFY rank() OVER (ORDER BY alias IS NOT DISTINCT FROM 'champion' DESC) = 1 ORDER BY version
"""
# ids of checks, features and predictions begin with that of their entity
PREFIX_SQL = """
SELECT id, kind, label FROM lineage_nodes
WHERE starts_with(id, $1) AND kind NOT IN ('check', 'feature', 'prediction')
ORDER BY kind, id
"""
NEAR_SQL = """
SELECT id, kind, label FROM lineage_nodes WHERE kind NOT IN ('check', 'feature', 'prediction')
ORDER BY greatest(jaro_winkler_similarity(id, $1), jaro_winkler_similarity(label, $1)) DESC, id
LIMIT $2
"""


@dataclass(frozen=True)
class Node:
    """A node of lineage, and how it was reached.

    Attributes:
        id: Its id.
        kind: One of :data:`registry.lineage.edges.KINDS`.
        label: What a person calls it, or empty.
        state: ``retracted``, ``stale`` or empty; filled in by :func:`trace`.
        depth: Edges from where the tracing began.
        relation: What the source of the last edge is to its target.
        parent: Node it was reached from, None for the first.
    """

    id: str
    kind: str
    label: str = ""
    state: str = ""
    depth: int = 0
    relation: str = ""
    parent: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.id}" + (f" ({self.label})" if self.label else "")


def trace(lake: Lake, entity_id: str, direction: Direction) -> list[Node]:
    """An entity and all that was made from it (``down``) or that it was made of (``up``).

    The entity itself comes first, then the nearest. Each node comes once, with its parent on the
    shortest way; all edges are in ``lineage``.

    Args:
        lake: The lake.
        entity_id: Id of any node, as :func:`resolve` gives it.
        direction: ``down`` or ``up``.
    """
    return _ask(lake, TRACE_SQL.format(macro=MACRO[direction]), [entity_id])


def resolve(lake: Lake, text: str) -> Node:
    """Find the node that a user names.

    The text is, in this order: the id of a node (a sample's is its name, a model's
    ``name/version``), the path of an existing file, a model with or without ``@version`` or
    ``@alias`` (its champion, or only version, without), or the first six or more digits of an id.

    Raises:
        NotFound: When nothing is called so; the message lists what is called most alike.
        WrongUse: When several are; the message lists them.
    """
    for look in (_exact, _file, _models, _prefix):
        found = look(lake, text)
        if len(found) > 1:
            listed = "; ".join(str(node) for node in found[:NEAR])
            more = f" and {len(found) - NEAR} more" if len(found) > NEAR else ""
            raise WrongUse(repr(text), "the id of one thing", f"{listed}{more}")
        if found:
            return found[0]
    near = _ask(lake, NEAR_SQL, [text, NEAR])
    raise NotFound("file, sample, material, spectrum, dataset or model", text, [*map(str, near)])


def _ask(lake: Lake, query: str, params: list[Any]) -> list[Node]:
    return [Node(**row) for row in lake.sql(query, params).to_pylist()]


def _exact(lake: Lake, text: str) -> list[Node]:
    return _ask(lake, EXACT_SQL, [text])


def _file(lake: Lake, text: str) -> list[Node]:
    path = Path(text)
    return _exact(lake, digest(path.read_bytes())) if path.is_file() else []


def _models(lake: Lake, text: str) -> list[Node]:
    name, _, which = text.partition("@")
    return _ask(lake, MODEL_SQL, [name, which])


def _prefix(lake: Lake, text: str) -> list[Node]:
    return _ask(lake, PREFIX_SQL, [text]) if len(text) >= SHORTEST_PREFIX else []
