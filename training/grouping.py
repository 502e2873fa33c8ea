"""What a material shares with those it must stay together with, or when it was measured.

Whatever a split is by, determinations of one mineral, one formula in one space group and equal
curves stay together as well: a coarser group never divides a finer one. A prototype is an
anonymous formula with a space group, as in Mehl et al., Comput. Mater. Sci. 136, S1 (2017), but
without Wyckoff positions, so structures that differ only in those count as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.errors import BadInput
from registry.lake import Lake
from training.definitions import By

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


def keys(
    by: By, material: Mapping[str, Any], curves: Sequence[str], samples: Sequence[str] = ()
) -> list[str]:
    """Keys of one material; materials that share one are in one group.

    The first in the alphabet names the group. That must be the coarsest, so that what is added
    later seldom renames one, and never a curve, which changes with the simulator.

    Args:
        by: What the split is by.
        material: Row of ``materials``.
        curves: Digests of its curves.
        samples: Samples it was measured on; only read for a split by sample.

    Raises:
        BadInput: When its formula cannot be made anonymous.
    """
    if by == "random":
        return [f"material:{material['material_id']}"]
    group = material["space_group_number"]
    own = [f"formula:{material['formula']} {group}"]
    own += [f"same-curve:{curve}" for curve in curves]
    if material["name"]:
        own.append(f"mineral:{material['name'].lower()}")
    if by == "chemical_system":
        own.append(f"chemistry:{material['chemical_system']}")
    elif by == "space_group":
        own.append(f"by-space-group:{group}")
    elif by == "prototype":
        own.append(f"by-prototype:{anonymous_formula(material)} {group}")
    elif by == "sample":
        own += [f"by-sample:{sample}" for sample in samples]
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
    if not len(rows):
        raise BadInput(where, f"{what} of at least one material", "none")
    return dict(zip(rows["material_id"].to_pylist(), rows["found"].to_pylist(), strict=True))
