"""What a member of a dataset is: a material, a sample or a single spectrum.

A material is a row of ``materials``. A spectrum is a row of ``spectra``, measured or simulated,
with or without a material. A sample is what was measured together under one ``sample_id``; samples
have no table of their own, and their ``where`` reads this one::

    sample_id, material_ids, techniques, kinds, instruments    (the last four are lists)
    n_spectra, first_time, last_time
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from registry.lake import Lake

Entity = Literal["material", "sample", "spectrum"]
ENTITIES: tuple[Entity, ...] = get_args(Entity)
PLURAL: Mapping[Entity, str] = {
    "material": "materials",
    "sample": "samples",
    "spectrum": "spectra",
}
KEY: Mapping[Entity, str] = {
    "material": "material_id",
    "sample": "sample_id",
    "spectrum": "spectrum_id",
}
"""Column of ``spectra`` that says whose a curve is."""

_SAMPLES = """
SELECT sample_id, n_spectra, first_time, last_time, withdrawn, material_ids, techniques, kinds,
       instruments FROM (
  SELECT sample_id, count(*) AS n_spectra, min(time) AS first_time, max(time) AS last_time,
         bool_and(retracted OR stale) AS withdrawn,
         list_sort(list(DISTINCT material_id) FILTER (material_id IS NOT NULL)) AS material_ids,
         list_sort(list(DISTINCT technique)) AS techniques,
         list_sort(list(DISTINCT kind)) AS kinds,
         list_sort(list(DISTINCT instrument) FILTER (instrument IS NOT NULL)) AS instruments
  FROM spectra WHERE sample_id IS NOT NULL GROUP BY sample_id)
"""
_CANDIDATES: Mapping[Entity, str] = {
    "material": """
SELECT material_id AS entity_id, [material_id] AS materials, NULL AS sample, NULL AS time,
       retracted AS withdrawn FROM materials WHERE {where} ORDER BY entity_id
""",
    "sample": f"""
WITH samples AS ({_SAMPLES})
SELECT sample_id AS entity_id, material_ids AS materials, sample_id AS sample, last_time AS time,
       withdrawn FROM samples WHERE {{where}} ORDER BY entity_id
""",
    "spectrum": """
SELECT spectrum_id AS entity_id, [m for m in [material_id] if m IS NOT NULL] AS materials,
       sample_id AS sample, CASE kind WHEN 'experimental' THEN time END AS time,
       retracted OR stale AS withdrawn FROM spectra WHERE {where} ORDER BY entity_id
""",
}
_MATERIALS = """
SELECT material_id, name, formula, space_group_number, chemical_system FROM materials
WHERE material_id IN (SELECT unnest($1::VARCHAR[]))
"""
_OWNERS = """
SELECT {key} AS entity_id, list_sort(list(DISTINCT material_id)) AS materials FROM spectra
WHERE material_id IS NOT NULL AND {key} IN (SELECT unnest($1::VARCHAR[])) GROUP BY entity_id
"""


@dataclass(frozen=True)
class Subject:
    """Somebody or something that could be a member.

    Attributes:
        entity_id: Its id.
        materials: Rows of ``materials`` it belongs to: itself, the material of a spectrum, those of
            a sample; none where that is unknown.
        sample: Sample it is, or was measured on.
        time: When it was last measured; None for materials, which a split asks for itself.
    """

    entity_id: str
    materials: tuple[Mapping[str, Any], ...] = ()
    sample: str | None = None
    time: datetime | None = None

    @property
    def name(self) -> str | None:
        """Mineral name, where there is one material and it has a name."""
        return self.materials[0]["name"] if len(self.materials) == 1 else None


def read_subjects(
    lake: Lake, entity: Entity, where: str, at: dict[str, int]
) -> tuple[list[Subject], int]:
    """Subjects that fulfil a condition, by id, and how many more are retracted or stale.

    Args:
        lake: The lake.
        entity: What they are.
        where: SQL condition on ``materials``, ``samples`` or ``spectra``.
        at: Snapshot.
    """
    every = lake.sql(_CANDIDATES[entity].format(where=where), at=at).to_pylist()
    rows = [row for row in every if not row["withdrawn"]]
    known = _materials(lake, {m for row in rows for m in row["materials"] or ()}, at)
    subjects = [
        Subject(
            row["entity_id"],
            tuple(known[m] for m in row["materials"] or () if m in known),
            row["sample"],
            row["time"],
        )
        for row in rows
    ]
    return subjects, len(every) - len(rows)


def material_of(
    lake: Lake, entity: Entity, ids: Sequence[str], at: dict[str, int] | None
) -> dict[str, str]:
    """The material of each sample or spectrum that has exactly one; a material is its own."""
    if entity == "material":
        return {name: name for name in ids}
    rows = lake.sql(_OWNERS.format(key=KEY[entity]), [list(ids)], at).to_pylist()
    return {r["entity_id"]: r["materials"][0] for r in rows if len(r["materials"]) == 1}


def names_of(
    lake: Lake, entity: Entity, ids: Sequence[str], at: dict[str, int] | None = None
) -> dict[str, str]:
    """Mineral name by id, of those that have one material with a name (:attr:`Subject.name`)."""
    owner = material_of(lake, entity, ids, at)
    known = _materials(lake, set(owner.values()), at)
    named = {
        member: known[material]["name"] for member, material in owner.items() if material in known
    }
    return {member: name for member, name in named.items() if name is not None}


def _materials(
    lake: Lake, ids: Iterable[str], at: dict[str, int] | None
) -> dict[str, Mapping[str, Any]]:
    rows = lake.sql(_MATERIALS, [sorted(ids)], at).to_pylist()
    return {row["material_id"]: row for row in rows}
