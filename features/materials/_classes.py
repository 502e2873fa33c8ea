"""Seven chemical classes, so that pairs of classes give a fixed length for any chemistry.

=============  ================================================================================
hydrogen       H, D, T
oxygen         O
anions         N, the halogens, S, Se, Te, Po; noble gases, which are as large and as inert
s_block        alkali and alkaline-earth metals
d_block        transition metals, Sc to Zn, Y to Cd, Hf to Hg (and Rf to Cn)
f_block        lanthanides La to Lu, actinides Ac to Lr
p_block        what forms networks and the metals of the p block: B, C, Al, Si, P, Ga, Ge, As,
               In, Sn, Sb, Tl, Pb, Bi (and Nh, Fl, Mc, Lv, Ts)
=============  ================================================================================

The rules read the properties of pymatgen's ``Element``, in the order written in ``class_of``.
C and P sit with Si because the minerals hold them as carbonate and phosphate.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Element

    from features.crystal import Crystal, Integers

CLASSES = ("hydrogen", "oxygen", "anions", "s_block", "d_block", "f_block", "p_block")


def class_of(element: Element) -> str:
    """Chemical class of an element."""
    rules = (
        ("hydrogen", element.Z == 1),
        ("oxygen", element.Z == 8),
        (
            "anions",
            element.Z == 7 or element.is_halogen or element.is_chalcogen or element.is_noble_gas,
        ),
        ("s_block", element.is_alkali or element.is_alkaline),
        # before the transition metals: pymatgen counts La and Ac among both
        ("f_block", element.is_lanthanoid or element.is_actinoid),
        ("d_block", element.is_transition_metal),
    )
    return next((name for name, holds in rules if holds), "p_block")


@lru_cache(maxsize=1)
def class_by_number() -> Integers:
    """Index into ``CLASSES`` by atomic number, shape ``(119,)``; 0 stands at number 0."""
    from pymatgen.core import Element

    table = np.zeros(len(Element), dtype=np.int64)
    for element in Element:
        table[element.Z] = CLASSES.index(class_of(element))
    return table


def class_weights(crystal: Crystal) -> Floats:
    """Occupancy of each site by each class, shape ``(n_sites, len(CLASSES))``."""
    weights = np.zeros((len(crystal), len(CLASSES)))
    np.add.at(weights, (crystal.site, class_by_number()[crystal.numbers]), crystal.shares)
    return weights
