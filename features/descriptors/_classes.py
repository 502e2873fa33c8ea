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

from features.descriptors._sites import occupancies
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Element, Structure

CLASSES = ("hydrogen", "oxygen", "anions", "s_block", "d_block", "f_block", "p_block")


@lru_cache(maxsize=256)
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


def class_weights(structure: Structure) -> Floats:
    """Occupancy of each site by each class, shape ``(n_sites, len(CLASSES))``."""
    elements, shares = occupancies(structure)
    classes = [class_of(element) for element in elements]
    members = np.array([[name == own for name in CLASSES] for own in classes], dtype=np.float64)
    weights: Floats = shares @ members
    return weights
