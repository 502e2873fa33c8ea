"""What a member shares with those it must stay together with, or when it was measured.

Whatever a split is by, determinations of one mineral, one formula in one space group and equal
curves stay together as well: a coarser group never divides a finer one. A prototype is an
anonymous formula with a space group, as in Mehl et al., Comput. Mater. Sci. 136, S1 (2017), but
without Wyckoff positions, so structures that differ only in those count as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.errors import BadInput
from registry.lake import Lake
from training.definitions import By, DatasetDefinition
from training.entities import PLURAL, Entity, Subject
from training.split import OF_MATERIALS
from training.targets import read_texts

# what was calculated has neither a sample nor a time of measurement
SAMPLES_SQL = """
SELECT material_id, list_sort(list(DISTINCT sample_id)) AS found FROM spectra
WHERE sample_id IS NOT NULL AND material_id IN (SELECT unnest($1::VARCHAR[]))
  AND NOT (retracted OR stale) GROUP BY material_id
"""
TIMES_SQL = """
SELECT material_id, max(time) AS found FROM spectra
WHERE kind = 'experimental' AND time IS NOT NULL
  AND material_id IN (SELECT unnest($1::VARCHAR[]))
  AND NOT (retracted OR stale) GROUP BY material_id
"""


@dataclass(frozen=True)
class Kin:
    """What a split asks of the lake beyond what is known of every candidate, by entity.

    Attributes:
        samples: Samples each was measured on, for a split by sample.
        times: When each was last measured, for a split by time; None for other splits.
        together: Value of the property that keeps members together, where there is one.
    """

    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    times: Mapping[str, datetime] | None = None
    together: Mapping[str, str] = field(default_factory=dict)


def read_kin(
    lake: Lake, definition: DatasetDefinition, subjects: Sequence[Subject], at: dict[str, int]
) -> Kin:
    """Read what the split asks for.

    Raises:
        BadInput: When nobody has it, or some lack the material that a split by what only
            materials have needs.
    """
    split, entity = definition.split, definition.entity
    where = f"dataset {definition.name!r}: split by {split.by}"
    ids = [s.entity_id for s in subjects]
    samples: Mapping[str, Sequence[str]] = {}
    times: Mapping[str, datetime] | None = None
    if entity == "material":
        samples = read_samples(lake, ids, at, where) if split.by == "sample" else {}
        times = read_times(lake, ids, at, where) if split.by == "time" else None
    elif split.by == "sample":
        samples = {s.entity_id: [s.sample] for s in subjects if s.sample is not None}
        _insist(samples, where, f"a sample_id of at least one {entity}")
    elif split.by == "time":
        times = {s.entity_id: s.time for s in subjects if s.time is not None}
        _insist(times, where, f"a time of at least one {entity}")
    elif split.by in OF_MATERIALS:
        lone = sum(not s.materials for s in subjects)
        if lone:
            expected = f"a material of every one of the {PLURAL[entity]}"
            raise BadInput(where, expected, f"{lone} of {len(subjects)} without")
    together = {} if split.together is None else read_texts(lake, split.together, ids, at)
    if split.together is not None:
        asked = f"{split.together.name!r} by {split.together.method!r}"
        _insist(together, f"dataset {definition.name!r}: split together", f"{asked} of anyone")
    return Kin(samples, times, together)


def read_samples(
    lake: Lake, ids: Sequence[str], at: dict[str, int], where: str
) -> dict[str, list[str]]:
    """Samples that materials were measured on, by material.

    Raises:
        BadInput: When nothing says of any of them which sample it was measured on.
    """
    return _read(lake, SAMPLES_SQL, ids, at, where, "a sample_id on a spectrum")


def read_times(
    lake: Lake, ids: Sequence[str], at: dict[str, int], where: str
) -> dict[str, datetime]:
    """When materials were last measured, by material; those never measured are not there.

    Raises:
        BadInput: When there is no time of any of them.
    """
    return _read(lake, TIMES_SQL, ids, at, where, "a time on a measured spectrum")


def keys_of(entity: Entity, by: By, subject: Subject, curves: Sequence[str], kin: Kin) -> list[str]:
    """Keys of one candidate; those who share one are in one group. See :func:`keys`."""
    own = [f"{entity}:{subject.entity_id}"] if by == "random" else _bonds(entity, by, subject)
    if by != "random":
        own += [f"same-curve:{curve}" for curve in curves]
        own += [f"by-sample:{sample}" for sample in kin.samples.get(subject.entity_id, ())]
    if subject.entity_id in kin.together:
        own.append(f"by-property:{kin.together[subject.entity_id]}")
    return own


def _bonds(entity: Entity, by: By, subject: Subject) -> list[str]:
    """Keys by material, or else by sample, or else nobody's but one's own."""
    if subject.materials:
        return [key for material in subject.materials for key in keys(by, material)]
    owner = f"sample:{subject.sample}" if subject.sample else f"{entity}:{subject.entity_id}"
    return [f"of-{owner}"]


def keys(by: By, material: Mapping[str, Any]) -> list[str]:
    """Keys of one material; materials that share one are in one group.

    The first in the alphabet names the group. That must be the coarsest, so that what is added
    later seldom renames one, and never a curve, which changes with the simulator.

    Args:
        by: What the split is by.
        material: Row of ``materials``.

    Raises:
        BadInput: When its formula cannot be made anonymous.
    """
    group = material["space_group_number"]
    own = [f"formula:{material['formula']} {group}"]
    if material["name"]:
        own.append(f"mineral:{material['name'].lower()}")
    if by == "chemical_system":
        own.append(f"chemistry:{material['chemical_system']}")
    elif by == "space_group":
        own.append(f"by-space-group:{group}")
    elif by == "prototype":
        own.append(f"by-prototype:{anonymous_formula(material)} {group}")
    return own


def anonymous_formula(material: Mapping[str, Any]) -> str:
    """Formula of a row of ``materials`` with letters for elements, ``AB2`` for SiO2 and TiO2.

    Raises:
        BadInput: When the row has no formula, or one that is none.
    """
    from pymatgen.core import Composition

    formula = material["formula"] or ""
    refusal = BadInput(
        f"material {material['material_id']}: formula",
        "a chemical formula, for its prototype",
        repr(formula),
    )
    try:
        name: str = Composition(formula, strict=True).anonymized_formula
    except ValueError as error:
        raise refusal from error
    if not name:  # of no atoms
        raise refusal
    return name


def _read(
    lake: Lake, query: str, ids: Sequence[str], at: dict[str, int], where: str, what: str
) -> dict[str, Any]:
    rows = lake.sql(query, [list(ids)], at)
    _insist(rows, where, f"{what} of at least one material")
    return dict(zip(rows["material_id"].to_pylist(), rows["found"].to_pylist(), strict=True))


def _insist(found: Sized, where: str, expected: str) -> None:
    if not len(found):
        raise BadInput(where, expected, "none")
