"""Labels from a table: what is known of samples, spectra or materials, as rows of ``properties``.

A CSV file has a header. Some columns say whom a line is about: the id (``sample``, ``spectrum``,
``material``, each also with ``_id``, or ``entity_id``), or the ``file`` a spectrum was ingested
from, its ``part`` within the file and its ``sample``, as far as needed to name one. Every other
column is a property::

    sample, Kerr rotation [mrad], region
    S1,     0.41,                 2
    S2,     ,                     3

With a unit in brackets (``[]`` for none) a column is of numbers. Without, it is of text, and of
numbers as well where they are some, so that a class may be called 2. An empty cell says nothing.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from registry.errors import BadInput, WrongUse
from registry.identity import digest
from registry.lake import Lake

Entity = Literal["sample", "spectrum", "material"]
KEY = {"sample": "sample_id", "spectrum": "spectrum_id", "material": "material_id"}
SELECTORS = {"file": "file", "file_name": "file", "part": "part", "file_part": "part"}
HEADING = re.compile(r"(?P<name>.*\S)\s*\[(?P<unit>[^\[\]]*)\]\s*")
EQUALLY_CLOSE = 1e-12
"""Relative difference of a number that is written out and read back."""

STORED_SQL = """
SELECT entity_id, property, method, value, text, coalesce(unit, '') AS unit FROM properties
WHERE (property, method) IN (SELECT (unnest($1::VARCHAR[]), unnest($2::VARCHAR[])))
"""
SPECTRA_SQL = """
SELECT {key} AS entity_id, spectrum_id, sample_id AS sample, file_part AS part,
       parse_filename(file_name) AS file FROM spectra WHERE {key} IS NOT NULL
"""
MATERIALS_SQL = """
SELECT material_id AS entity_id, NULL AS sample, file_part AS part,
       parse_filename(file_name) AS file FROM materials
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
    old = [label for label in labels if _key(label) in stored]
    changed = [label for label in old if not _same(label, stored[_key(label)])]
    if changed and not replace:
        was, now = stored[_key(changed[0])], changed[0]
        raise BadInput(
            f"{source}: {now.property!r} of {now.entity_id}",
            f"{_told(was)}, as it is in the lake (or replace it)",
            f"{_told(now)}, and {len(changed) - 1} others that differ",
        )
    new = [label for label in labels if _key(label) not in stored]
    lake.append("properties", [vars(label) for label in new])
    if changed:
        lake.replace("properties", [vars(label) for label in changed])
    return LabelReport(len(new), len(old) - len(changed), len(changed))


def ingest_labels(
    lake: Lake, path: Path, entity: Entity, method: str, *, replace: bool = False
) -> LabelReport:
    """Read a table of labels; a line that is wrong is told and stops no other.

    Args:
        lake: The lake; whoever is labelled must be in it.
        path: CSV file in UTF-8, with commas, semicolons or tabs.
        entity: Whom lines are about.
        method: How the labels were found.
        replace: Write labels that differ from those in the lake in place of them.

    Raises:
        BadInput: When the file is none, has no header, or no column that names an entity or a
            property; and as :func:`write_properties`.
    """
    if entity not in KEY:
        raise WrongUse("entity", f"one of {', '.join(KEY)}", repr(entity))
    content = _text(path)
    lines = content.splitlines()
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    table = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    header = [name.strip() for name in next(table, [])]
    roles = _roles(path, header, entity)
    find = _finder(lake, entity, [role for role in roles if isinstance(role, str)])
    source, labels, refused = digest(content), {}, []
    for cells in table:
        where = f"{path.name}, line {table.line_num}"
        if not any(cell.strip() for cell in cells):
            continue
        try:
            for label in _of_line(where, cells, roles, find, method, source):
                if _key(label) in labels:
                    at = f"{where}, {label.property!r} of {label.entity_id}"
                    raise BadInput(at, "each property of one once", "it again")
                labels[_key(label)] = label
        except BadInput as error:
            refused.append(error)
    report = write_properties(lake, labels.values(), replace=replace, source=path.name)
    report.refused = refused
    return report


@dataclass(frozen=True)
class _Column:
    """A column of a property; ``unit`` is None where the heading has no brackets."""

    name: str
    unit: str | None


Role = str | _Column
Find = Callable[[str, dict[str, str]], str]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), "a text file in UTF-8", str(error)) from error


def _roles(path: Path, header: list[str], entity: Entity) -> list[Role]:
    """What each column is: ``id``, ``file``, ``part``, ``sample``, or a property."""
    ids = {"entity_id", entity, KEY[entity]}
    other = {"sample": "sample", "sample_id": "sample", **SELECTORS}
    roles: list[Role] = []
    for name in header:
        if name.lower() in ids:
            roles.append("id")
        elif name.lower() in other:
            roles.append(other[name.lower()])
        else:
            found = HEADING.fullmatch(name)
            roles.append(
                _Column(found["name"], found["unit"].strip()) if found else _Column(name, None)
            )
    where = f"{path.name}, line 1"
    named = [role for role in roles if isinstance(role, str)]
    if not named:
        expected = f"a column {', '.join(sorted(ids))} or file"
        raise BadInput(where, expected, ", ".join(header) or "no header")
    properties = [role.name for role in roles if isinstance(role, _Column)]
    if not properties or "" in properties or len(set(properties)) < len(properties):
        raise BadInput(where, "properties, each with its own name", ", ".join(header))
    return roles


def _of_line(
    where: str, cells: list[str], roles: list[Role], find: Find, method: str, source: str
) -> Iterator[Label]:
    if len(cells) != len(roles):
        raise BadInput(where, f"{len(roles)} cells", str(len(cells)))
    pairs = [(role, cell.strip()) for role, cell in zip(roles, cells, strict=True)]
    entity = find(where, {role: cell for role, cell in pairs if isinstance(role, str) and cell})
    # a line is taken whole or not at all
    yield from [
        _label(
            f"{where}, {role.name!r}", Label(entity, role.name, method, source=source), role, cell
        )
        for role, cell in pairs
        if isinstance(role, _Column) and cell
    ]


def _label(where: str, plain: Label, column: _Column, cell: str) -> Label:
    number = _number(cell)
    if column.unit is None:
        return Label(**{**vars(plain), "text": cell, "value": number})
    if number is None:
        raise BadInput(where, f"a finite number in {column.unit or 'no unit'}", repr(cell))
    return Label(**{**vars(plain), "value": number, "unit": column.unit})


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _finder(lake: Lake, entity: Entity, roles: Sequence[str]) -> Find:
    """Who it is that a line names; refuses nobody and more than one."""
    rows = lake.sql(SPECTRA_SQL.format(key=KEY[entity])).to_pylist()
    if entity == "material":
        rows += lake.sql(MATERIALS_SQL).to_pylist()
    known: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for role in {"file", "part", "sample"} & set(roles):
            if row[role] is not None:
                known.setdefault((role, row[role]), set()).add(_place(row))
        known.setdefault(("id", row["entity_id"]), set()).add(_place(row))
    owner = {_place(row): str(row["entity_id"]) for row in rows}

    def find(where: str, told: dict[str, str]) -> str:
        asked = {r: Path(v).name if r == "file" else v for r, v in told.items()}
        places = [known.get(item, set()) for item in asked.items()]
        found = sorted({owner[place] for place in set.intersection(*places)}) if places else []
        if len(found) != 1:
            expected = f"one {entity} of the lake"
            listed = ", ".join(f"{role} {value!r}" for role, value in asked.items()) or "no name"
            raise BadInput(where, expected, f"{len(found) or 'none'} with {listed}")
        return found[0]

    return find


def _place(row: dict[str, str]) -> str:
    """What tells rows apart: the spectrum, or the material itself."""
    return row.get("spectrum_id") or row["entity_id"]


def _insist_on_values(labels: list[Label], source: str) -> None:
    seen = set()
    for label in labels:
        where = f"{source}: {label.property!r} of {label.entity_id}"
        if label.value is not None and not math.isfinite(label.value):
            raise BadInput(where, "a finite number", repr(label.value))
        if label.value is None and not label.text:
            raise BadInput(where, "a number or a text", "neither")
        if _key(label) in seen:
            raise BadInput(where, f"one label by {label.method!r}", "two")
        seen.add(_key(label))


def _stored(lake: Lake, labels: list[Label]) -> dict[tuple[str, str, str], Label]:
    kinds = sorted({(label.property, label.method) for label in labels})
    rows = lake.sql(STORED_SQL, [[p for p, _ in kinds], [m for _, m in kinds]]).to_pylist()
    return {_key(label): label for label in (Label(**row) for row in rows)}


def _key(label: Label) -> tuple[str, str, str]:
    return label.entity_id, label.property, label.method


def _same(one: Label, other: Label) -> bool:
    if one.value is None or other.value is None:
        return (one.value, one.text) == (other.value, other.text)
    return one.text == other.text and math.isclose(one.value, other.value, rel_tol=EQUALLY_CLOSE)


def _told(label: Label) -> str:
    return repr(label.text) if label.value is None else f"{label.value:g} {label.unit}".strip()
