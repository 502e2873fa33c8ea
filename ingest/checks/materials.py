"""Quality columns of crystal structures and their limits."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.checks import Check
from registry.records import Floats
from registry.structures import crystal_system

NEIGHBOUR_CUTOFF = 2.0
ANIONS = frozenset({"O", "F", "Cl", "Br", "I", "S", "N"})
"""Elements whose presence makes a crystal ionic enough to balance charges."""

MATERIAL_CHECKS = (
    Check("n_sites", "number of sites", lower=1),
    Check("min_distance", "shortest distance of two fully occupied atoms (angstrom)", lower=0.5),
    Check("max_occupancy", "largest total occupancy of a site", upper=1.02),
    Check("density", "density (g/cm^3)", lower=0.01, upper=30.0),
    Check(
        "close_contact",
        "shortest distance of two atoms other than hydrogen (angstrom)",
        lower=0.9,
        severity="warning",
    ),
    Check(
        "space_group_differs",
        "1 when the crystal system found differs from the one declared",
        upper=0,
        severity="warning",
    ),
    Check(
        "charge_excess",
        "charge a site that no known oxidation states balance (a hydrogen left out, a wrong share)",
        upper=0.1,
        severity="warning",
    ),
)


def material_quality(rows: pa.Table) -> dict[str, Floats]:
    """Quality columns of rows of the ``materials`` table, each of shape ``(n,)``.

    NaN where a check does not apply.
    """
    measured = [_of(row) for row in rows.to_pylist()]
    return {check.name: np.array([m[check.name] for m in measured]) for check in MATERIAL_CHECKS}


def _of(row: dict[str, Any]) -> dict[str, float]:
    occupancy = np.array([sum(s["occupancy"] for s in site) for site in row["species"]])
    hydrogen = np.array(
        [all(s["symbol"] in ("H", "D", "T") for s in site) for site in row["species"]]
    )
    i, j, r = _pairs(row)
    together = occupancy[i] + occupancy[j] > 1.02
    heavy = ~hydrogen[i] & ~hydrogen[j]
    return {
        "n_sites": float(len(occupancy)),
        "min_distance": float(min(r[together], default=NEIGHBOUR_CUTOFF)),
        "close_contact": float(min(r[together & heavy], default=NEIGHBOUR_CUTOFF)),
        "max_occupancy": float(occupancy.max()),
        "density": row["density"],
        "space_group_differs": _differs(row),
        "charge_excess": _charge_excess(row["species"]),
    }


def _pairs(row: dict[str, Any]) -> tuple[Any, Any, Floats]:
    from pymatgen.core import Lattice
    from pymatgen.optimization.neighbors import find_points_in_spheres

    lattice = Lattice(np.reshape(row["lattice"], (3, 3)))
    inside = np.reshape(row["positions"], (-1, 3)) % 1.0
    cartesian = np.ascontiguousarray(lattice.get_cartesian_coords(inside))
    i, j, image, r = find_points_in_spheres(
        cartesian,
        cartesian,
        r=NEIGHBOUR_CUTOFF,
        pbc=np.ones(3, dtype=np.int64),
        lattice=np.ascontiguousarray(lattice.matrix),
    )
    other = (i != j) | np.any(image != 0, axis=1)
    return i[other], j[other], r[other]


def _charge_excess(sites: list[list[dict[str, Any]]]) -> float:
    """Least charge a site (elementary charges), every element anywhere between its known states.

    Oxygen counts as -2 (a peroxide is flagged), fluorine as -1. NaN for alloys, elements and
    species that are no element.
    """
    amounts: Counter[str] = Counter()
    for site in sites:
        for each in site:
            amounts["H" if each["symbol"] in ("D", "T") else each["symbol"]] += each["occupancy"]
    if len(amounts) < 2 or not ANIONS & amounts.keys() or not all(map(_is_element, amounts)):
        return np.nan
    lowest = sum(n * min(_states(symbol)) for symbol, n in amounts.items())
    highest = sum(n * max(_states(symbol)) for symbol, n in amounts.items())
    return max(lowest, -highest, 0.0) / len(sites)


@cache
def _is_element(symbol: str) -> bool:
    from pymatgen.core import Element

    return bool(Element.is_valid_symbol(symbol))


@cache
def _states(symbol: str) -> tuple[int, ...]:
    """Known oxidation states; 0 for an element without."""
    from pymatgen.core import Element

    element = Element(symbol)
    common = symbol in ("O", "F")
    return (element.common_oxidation_states if common else element.oxidation_states) or (0,)


def _differs(row: dict[str, Any]) -> float:
    declared = _declared_system(row["declared_space_group"] or "")
    return float(declared is not None and declared != row["crystal_system"])


@cache
def _declared_system(symbol: str) -> str | None:
    """Crystal system of a Hermann-Mauguin symbol; None where pymatgen does not know the setting."""
    from pymatgen.symmetry.groups import SpaceGroup

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Full symbol not available")
        try:
            return crystal_system(SpaceGroup(symbol.replace(" ", "")).int_number)
        except ValueError:
            return None
