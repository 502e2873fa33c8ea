"""Labels into the lake: rows of ``properties``, each once, and none changed unasked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from registry.errors import BadInput
from registry.lake import Lake

EQUALLY_CLOSE = 1e-12
"""Relative difference of a number that is written out and read back."""

STORED_SQL = """
SELECT entity_id, property, method, value, text, coalesce(unit, '') AS unit FROM properties
WHERE (property, method) IN (SELECT (unnest($1::VARCHAR[]), unnest($2::VARCHAR[])))
"""


@dataclass(frozen=True)
class Label:
    """One property of one entity: a number in a unit, a text, or a text that is a number.

    Attributes:
        entity_id: Sample, spectrum or material.
        property: Name of the property.
        method: How it was found.
        value: Number, or None.
        text: Name of a class, or None.
        unit: Unit of the number.
        source: File digest or reference.
    """

    entity_id: str
    property: str
    method: str
    value: float | None = None
    text: str | None = None
    unit: str = ""
    source: str | None = None


@dataclass
class LabelReport:
    """What became of a table.

    Attributes:
        written: New labels.
        known: Labels that were there already.
        replaced: Labels that had another value.
        refused: What is wrong, by line.
    """

    written: int = 0
    known: int = 0
    replaced: int = 0
    refused: list[BadInput] = field(default_factory=list)


def key_of(label: Label) -> tuple[str, str, str]:
    """What a label is about: entity, property and method; there is one for each."""
    return label.entity_id, label.property, label.method


def write_properties(
    lake: Lake, rows: Iterable[Label], *, replace: bool = False, source: str = "properties"
) -> LabelReport:
    """Write labels; those that are there already stay as they are.

    Args:
        lake: The lake.
        rows: Labels.
        replace: Write a label that has another value in the lake in place of it.
        source: What to call the labels in messages.

    Raises:
        BadInput: For a label without a finite number or a text, one given twice, one that has
            another value in the lake, or a property that is in another unit there; nothing is
            written then.
    """
    labels = list(rows)
    if not labels:
        return LabelReport()
    _insist_on_values(labels, source)
    stored = _stored(lake, labels)
    units: dict[tuple[str, str], str] = {}
    for label in (*stored.values(), *labels):
        unit = units.setdefault((label.property, label.method), label.unit)
        if unit != label.unit:
            what = f"{source}: {label.property!r} by {label.method!r}"
            raise BadInput(what, f"the unit {unit!r}, as elsewhere", repr(label.unit))
    old = [label for label in labels if key_of(label) in stored]
    changed = [label for label in old if not _same(label, stored[key_of(label)])]
    if changed and not replace:
        was, now = stored[key_of(changed[0])], changed[0]
        raise BadInput(
            f"{source}: {now.property!r} of {now.entity_id}",
            f"{_told(was)}, as it is in the lake (or replace it)",
            f"{_told(now)}, and {len(changed) - 1} others that differ",
        )
    new = [label for label in labels if key_of(label) not in stored]
    lake.append("properties", [vars(label) for label in new])
    if changed:
        lake.replace("properties", [vars(label) for label in changed])
    return LabelReport(len(new), len(old) - len(changed), len(changed))


def _insist_on_values(labels: list[Label], source: str) -> None:
    seen = set()
    for label in labels:
        where = f"{source}: {label.property!r} of {label.entity_id}"
        if label.value is not None and not math.isfinite(label.value):
            raise BadInput(where, "a finite number", repr(label.value))
        if label.value is None and not label.text:
            raise BadInput(where, "a number or a text", "neither")
        if key_of(label) in seen:
            raise BadInput(where, f"one label by {label.method!r}", "two")
        seen.add(key_of(label))


def _stored(lake: Lake, labels: list[Label]) -> dict[tuple[str, str, str], Label]:
    kinds = sorted({(label.property, label.method) for label in labels})
    rows = lake.sql(STORED_SQL, [[p for p, _ in kinds], [m for _, m in kinds]]).to_pylist()
    return {key_of(label): label for label in (Label(**row) for row in rows)}


def _same(one: Label, other: Label) -> bool:
    if one.value is None or other.value is None:
        return (one.value, one.text) == (other.value, other.text)
    return one.text == other.text and math.isclose(one.value, other.value, rel_tol=EQUALLY_CLOSE)


def _told(label: Label) -> str:
    return repr(label.text) if label.value is None else f"{label.value:g} {label.unit}".strip()
