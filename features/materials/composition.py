"""Statistics of elemental properties over the composition, in the manner of Magpie.

For each property the minimum, maximum, range, mean, average deviation and mode over the elements,
weighted by their share x_i of all atoms (occupancies counted, vacancies not):

    mean = sum_i x_i p_i,   deviation = sum_i x_i |p_i - mean|,

the mode being the value of the most frequent element (the least of several equally frequent).
:func:`columns` names what stands where.

====================  ==========  ==============================================================
property              unit        source
====================  ==========  ==============================================================
atomic_number
mass                  u           pymatgen's ``Element``, as are all without another source
period
group                             lanthanides and actinides are in group 3
electronegativity                 Pauling's scale
covalent_radius       angstrom    Cordero et al., Dalton Trans. 2832 (2008), in ase
melting_point         K
ionization_energy     eV          the first; NIST
electron_affinity     eV
valence_electrons                 electrons beyond the noble gas before the element
====================  ==========  ==============================================================

He, Ne and Ar have no Pauling electronegativity and elements beyond curium no covalent radius:
crystals with them are refused. The distances of the atoms play no part: polymorphs share a vector.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Outcome
from registry.errors import Unsupported
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Element

    from features.crystal import Crystal

PROPERTIES = {
    "atomic_number": "",
    "mass": "u",
    "period": "",
    "group": "",
    "electronegativity": "",
    "covalent_radius": "angstrom",
    "melting_point": "K",
    "ionization_energy": "eV",
    "electron_affinity": "eV",
    "valence_electrons": "",
}
"""Properties and their units, in the order of the vector."""
STATISTICS = ("minimum", "maximum", "range", "mean", "deviation", "mode")
"""Statistics, in the order of the vector; those of a property stand together."""
NOBLE_GASES = (0, 2, 10, 18, 36, 54, 86)
LAST = 96
"""Curium, the last element with a covalent radius."""
EQUAL = 1e-6
"""Shares that differ by less, relative, are equally frequent."""


def columns() -> tuple[str, ...]:
    """Names of the values, such as ``electronegativity mean``."""
    return tuple(f"{name} {statistic}" for name in PROPERTIES for statistic in STATISTICS)


@lru_cache(maxsize=1)
def element_table() -> Floats:
    """Properties by atomic number, shape ``(119, 10)``; NaN where an element has none."""
    from pymatgen.core import Element

    table = np.full((119, len(PROPERTIES)), np.nan)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No Pauling electronegativity")
        for z in range(1, LAST + 1):
            table[z] = _properties(Element.from_Z(z))
    return table


def _properties(element: Element) -> list[float]:
    from ase.data import covalent_radii

    return [
        element.Z,
        element.atomic_mass,
        element.row,
        element.group,
        element.X,
        covalent_radii[element.Z],
        element.melting_point,
        element.ionization_energy,
        element.electron_affinity,
        element.Z - max(gas for gas in NOBLE_GASES if gas < element.Z),
    ]


def _batch(crystals: Sequence[Crystal]) -> list[Outcome]:
    table = element_table()
    shares = _shares(crystals, len(table))
    vectors = np.concatenate([_statistics(shares, values) for values in table.T], axis=1)
    return [
        vector if np.isfinite(vector).all() else _refusal(share, table)
        for vector, share in zip(vectors, shares, strict=True)
    ]


def _shares(crystals: Sequence[Crystal], n: int) -> Floats:
    """Share of each element of all atoms, shape ``(crystals, n)``."""
    amounts = np.array([np.bincount(c.numbers, c.shares, n) for c in crystals]).reshape(-1, n)
    with np.errstate(invalid="ignore"):
        shares: Floats = amounts / amounts.sum(axis=1, keepdims=True)
    return shares


def _statistics(shares: Floats, values: Floats) -> Floats:
    """Statistics of one property, shape ``(crystals, 6)``; NaN where an element lacks it."""
    present = shares > 0
    low = np.where(present, values, np.inf).min(axis=1)
    high = np.where(present, values, -np.inf).max(axis=1)
    weighted = np.where(present, shares, 0.0)
    inside = np.where(present, values, 0.0)
    mean = (weighted * inside).sum(axis=1)
    deviation = (weighted * np.abs(inside - mean[:, None])).sum(axis=1)
    frequent = shares >= shares.max(axis=1, keepdims=True) * (1 - EQUAL)
    mode = np.where(frequent, values, np.inf).min(axis=1)
    return np.stack([low, high, high - low, mean, deviation, mode], axis=1)


def _refusal(share: Floats, table: Floats) -> Unsupported:
    from pymatgen.core import Element

    lacking = (share > 0)[:, None] & np.isnan(table)
    if not lacking.any():
        return Unsupported("composition", "at least one atom", "none")
    number, column = (int(index[0]) for index in np.nonzero(lacking))
    symbol = Element.from_Z(number).symbol
    if number > LAST:
        return Unsupported("composition", "elements up to Cm", symbol)
    return Unsupported(f"composition: {list(PROPERTIES)[column]}", "elements with one", symbol)


def _compute(crystal: Crystal) -> Floats:
    (outcome,) = _batch([crystal])
    if isinstance(outcome, Unsupported):
        raise outcome
    return outcome


DESCRIPTOR = Descriptor(
    name="composition",
    version="1",
    parameters={},
    units={},
    width=lambda _: len(PROPERTIES) * len(STATISTICS),
    compute=_compute,
    unit="",
    source="Ward et al., npj Comput. Mater. 2, 16028 (2016), ten properties",
    disorder="weighted",
    batch=_batch,
)
