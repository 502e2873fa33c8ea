"""What is predicted: a column of ``materials`` or a property, read as the text of a label.

A sample or a spectrum has the columns of its material, where it has exactly one.

Labels are text in every table: the name of a class, or a number in the shortest form that reads
back as the same float.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyarrow import types

from registry.errors import BadInput
from registry.lake import Lake
from registry.schema import Column
from registry.schemas.content import MATERIALS
from training.entities import material_of

if TYPE_CHECKING:
    from training.definitions import DatasetDefinition

PROPERTY_SQL = """
SELECT entity_id, {column} AS label, coalesce(unit, '') AS unit FROM properties
WHERE property = $1 AND method = $2 AND entity_id IN (SELECT unnest($3::VARCHAR[]))
ORDER BY entity_id
"""
KNOWN_SQL = """
SELECT DISTINCT property || ' by ' || method || coalesce(' in ' || nullif(unit, ''), '') AS known
FROM properties ORDER BY known LIMIT 20
"""


@dataclass(frozen=True)
class Property:
    """What is predicted, as a property in the table ``properties``.

    A member that has no such property is left out and counted.

    Attributes:
        name: Name of the property.
        method: How it was found: properties of different methods are different targets.
        unit: Unit that every value must be stored in.
    """

    name: str
    method: str
    unit: str = ""


def column_of(dataset: str, name: str) -> Column:
    """Column of ``materials``.

    Raises:
        BadInput: When there is none of that name.
    """
    found = {c.name: c for c in (*MATERIALS.columns, *MATERIALS.derived)}
    if name not in found:
        raise BadInput(f"dataset {dataset!r}: target", "a column of materials", repr(name))
    return found[name]


def read_labels(
    lake: Lake, definition: DatasetDefinition, ids: Sequence[str], at: dict[str, int]
) -> dict[str, str]:
    """Labels of candidates, by id; those that cannot have one are not there.

    Args:
        lake: The lake.
        definition: Whose target is read; regression reads numbers, classification names.
        ids: Materials, samples or spectra.
        at: Snapshot.

    Raises:
        BadInput: For a target of the wrong type, in another unit, missing in a material or not
            finite; and when nobody has the property.
    """
    where, target = f"dataset {definition.name!r}: target", definition.target
    if isinstance(target, Property):
        return _of_property(lake, where, target, definition, ids, at)
    owner = material_of(lake, definition.entity, ids, at)
    if not owner:
        raise BadInput(where, f"a material of at least one {definition.entity}", "none")
    found = _of_materials(lake, where, str(target), definition, sorted(set(owner.values())), at)
    return {name: found[owner[name]] for name in ids if owner.get(name) in found}


def read_texts(
    lake: Lake, wanted: Property, ids: Sequence[str], at: dict[str, int]
) -> dict[str, str]:
    """Texts of a property by entity, or its numbers as text; those without are not there."""
    query = PROPERTY_SQL.format(column="coalesce(text, CAST(value AS VARCHAR))")
    rows = lake.sql(query, [wanted.name, wanted.method, list(ids)], at).to_pylist()
    return {row["entity_id"]: row["label"] for row in rows if row["label"] is not None}


def _of_materials(
    lake: Lake,
    where: str,
    target: str,
    definition: DatasetDefinition,
    ids: list[str],
    at: dict[str, int],
) -> dict[str, str]:
    column = column_of(definition.name, target)
    number = types.is_floating(column.type) or types.is_integer(column.type)
    regression = definition.task == "regression"
    if regression and not number:
        raise BadInput(where, "a numeric column for regression", f"{target!r} of {column.type}")
    read = f'"{target}"' if regression else f'CAST("{target}" AS VARCHAR)'
    rows = lake.sql(
        f"SELECT material_id, {read} AS label FROM materials "
        "WHERE material_id IN (SELECT unnest($1::VARCHAR[])) ORDER BY material_id",
        [ids],
        at,
    )
    return _labels(where, rows["material_id"].to_pylist(), rows["label"].to_pylist(), target)


def _of_property(
    lake: Lake,
    where: str,
    target: Property,
    definition: DatasetDefinition,
    ids: Sequence[str],
    at: dict[str, int],
) -> dict[str, str]:
    query = PROPERTY_SQL.format(column="value" if definition.task == "regression" else "text")
    rows = lake.sql(query, [target.name, target.method, list(ids)], at)
    asked = f"{target.name!r} by {target.method!r}"
    if not len(rows):
        known = ", ".join(lake.sql(KNOWN_SQL, at=at)["known"].to_pylist()) or "no property"
        expected = f"{asked} of at least one {definition.entity}"
        raise BadInput(where, expected, f"none; there are: {known}")
    units = sorted(set(rows["unit"].to_pylist()) - {target.unit})
    if units:
        raise BadInput(f"{where} {asked}", f"the unit {target.unit!r}", ", ".join(map(repr, units)))
    return _labels(where, rows["entity_id"].to_pylist(), rows["label"].to_pylist(), asked)


def _labels(where: str, ids: list[str], values: list[Any], target: str) -> dict[str, str]:
    wrong = sum(not _is_label(value) for value in values)
    if wrong:
        raise BadInput(
            where,
            f"a label in {target!r} for every material (narrow 'where' otherwise)",
            f"{wrong} of {len(values)} without",
        )
    return {
        entity: value if isinstance(value, str) else repr(float(value))
        for entity, value in zip(ids, values, strict=True)
    }


def _is_label(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower() != "nan"
    return value is not None and bool(np.isfinite(value))
