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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.properties import Label, LabelReport, key_of, write_properties
from registry.errors import BadInput, WrongUse
from registry.identity import digest
from registry.lake import Lake

__all__ = ["Label", "LabelReport", "ingest_labels", "write_properties"]

Entity = Literal["sample", "spectrum", "material"]
KEY = {"sample": "sample_id", "spectrum": "spectrum_id", "material": "material_id"}
SELECTORS = {"file": "file", "file_name": "file", "part": "part", "file_part": "part"}
HEADING = re.compile(r"(?P<name>.*\S)\s*\[(?P<unit>[^\[\]]*)\]\s*")
SPECTRA_SQL = """
SELECT {key} AS entity_id, spectrum_id, sample_id AS sample, file_part AS part,
       parse_filename(file_name) AS file FROM spectra WHERE {key} IS NOT NULL
"""
MATERIALS_SQL = """
SELECT material_id AS entity_id, NULL AS sample, file_part AS part,
       parse_filename(file_name) AS file FROM materials
"""


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
                if key_of(label) in labels:
                    at = f"{where}, {label.property!r} of {label.entity_id}"
                    raise BadInput(at, "each property of one once", "it again")
                labels[key_of(label)] = label
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
