"""Withdrawing what turned out to be wrong, and restoring it: events, of which the last one holds.

Nothing is deleted or changed. What follows from an event is derived whenever a table is read
(:mod:`registry.query.views`); here the same rules tell what would follow, before anything is
written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.errors import Unsupported, WrongUse
from registry.events import emit
from registry.identity import digest
from registry.lake import Lake, now
from registry.lineage.tracing import Node, resolve
from registry.query.views import needs, view

RETRACT, RESTORE = "retract", "restore"
TOLD = {RETRACT: "retracted", RESTORE: "restored"}
"""Events by action."""
KINDS = ("file", "sample", "material", "spectrum")
"""What can be retracted."""

LAST_SQL = """
SELECT action, decided_at FROM retractions WHERE entity_id = $1 AND entity_kind = $2
ORDER BY decided_at DESC LIMIT 1
"""
_MARKED = {
    "materials": "retracted",
    "spectra": "retracted OR stale",
    "features": "stale",
    "datasets": "stale",
    "models": "stale",
    "predictions": "stale",
}
# an event only adds marks or only takes them away
_COUNTS = ", ".join(
    f"abs((SELECT count(*) FROM {table} WHERE {marked}) "
    f"- (SELECT count(*) FROM main.{table} WHERE {marked})) AS {table}"
    for table, marked in _MARKED.items()
)
_DIFFERENCE = f"""
SELECT {_COUNTS}, (
  SELECT list(new.model || '/' || new.version ORDER BY new.model, new.version)
  FROM models AS new JOIN main.models AS old USING (model, version) WHERE new.stale <> old.stale
) AS changed
"""


@dataclass(frozen=True)
class Consequences:
    """What an event marks as retracted or stale, or un-marks.

    Attributes:
        entity: What is retracted or restored.
        action: ``retract`` or ``restore``.
        changed: Whether it is an event at all: retracting what is retracted is none.
        counts: Rows whose mark changes, by table.
        models: Model versions among them, as ``name/version``.
    """

    entity: Node
    action: str
    changed: bool
    counts: dict[str, int]
    models: tuple[str, ...]


def retract(lake: Lake, entity: str, why: str, author: str) -> Consequences:
    """Withdraw a file, sample, material or spectrum; again does nothing.

    Args:
        lake: The lake.
        entity: What to withdraw, in any form that :func:`registry.lineage.tracing.resolve` takes.
        why: Reason, not empty.
        author: Who says so, not empty.

    Raises:
        NotFound: When nothing is called so.
        WrongUse: Without a reason or an author, or when ``entity`` names several things.
        Unsupported: For anything else than a file, sample, material or spectrum.
    """
    return _note(lake, entity, RETRACT, why, author)


def restore(lake: Lake, entity: str, why: str, author: str) -> Consequences:
    """Take a retraction back; does nothing when there is none. See :func:`retract`."""
    return _note(lake, entity, RESTORE, why, author)


def consequences(lake: Lake, entity: str, action: str = RETRACT) -> Consequences:
    """What :func:`retract` or :func:`restore` would do; writes nothing.

    Raises:
        NotFound, WrongUse, Unsupported: As they do.
    """
    node = resolve(lake, entity)
    if node.kind not in KINDS:
        raise Unsupported(
            f"{action} {entity!r}", f"a {', '.join(KINDS[:-1])} or {KINDS[-1]}", str(node)
        )
    last, _ = _last(lake, node)
    if last == action:
        return Consequences(node, action, False, dict.fromkeys(_MARKED, 0), ())
    (counts,) = lake.sql(_if_noted(_DIFFERENCE), [node.id, node.kind, action]).to_pylist()
    models = counts.pop("changed")
    return Consequences(node, action, True, counts, tuple(models or ()))


def _note(lake: Lake, entity: str, action: str, why: str, author: str) -> Consequences:
    for name, text in (("why", why), ("author", author)):
        if not text.strip():
            raise WrongUse(name, f"a text: it is kept with the {action}", "nothing")
    found = consequences(lake, entity, action)
    if found.changed:
        node = found.entity
        _, after = _last(lake, node)
        # later than the last event also where the clocks of two machines disagree
        at = max(now(), after + timedelta(microseconds=1))
        event = {
            "event_id": digest("retraction", node.kind, node.id, action, at.isoformat()),
            "entity_id": node.id,
            "entity_kind": node.kind,
            "action": action,
            "why": why.strip(),
            "author": author.strip(),
            "decided_at": at,
        }
        lake.append("retractions", [event])
        counts = {name: n for name, n in found.counts.items() if n}
        told = {"entity": str(node), "why": why.strip(), "author": author.strip()}
        emit(TOLD[action], lake.uri, "warning", **told, marked=counts)
    return found


def _last(lake: Lake, node: Node) -> tuple[str, datetime]:
    """Last event of an entity; what was never retracted is as if restored long ago."""
    rows = lake.sql(LAST_SQL, [node.id, node.kind]).to_pylist()
    if not rows:
        return RESTORE, datetime.min.replace(tzinfo=now().tzinfo)
    return rows[0]["action"], rows[0]["decided_at"]


def _if_noted(query: str) -> str:
    """A query in which every table is as it would be after the event ``$1, $2, $3``."""
    event = (
        "SELECT $1 AS entity_id, $2 AS entity_kind, $3 AS action, "
        "TIMESTAMPTZ '9999-12-31' AS decided_at"
    )
    tables = [*needs("predictions"), "features", "predictions"]
    tables.remove("retractions")
    shadows = [
        f"retractions AS (FROM stored.retractions UNION ALL BY NAME {event})",
        *(f"{t} AS ({view(t, f'stored.{t}', marked=True)})" for t in tables),
    ]
    return f"WITH {', '.join(shadows)} {query}"
