r"""Coordination of every site: how many neighbours, how far, at which angles.

A neighbour counts by how near it is, which needs no limit between bonded and not bonded and has no
jump when atoms move (Hoppe's effective coordination number, ECoN):

.. math::
    w_j = \exp\left(1 - (d_j / \bar d)^6\right), \qquad
    \bar d = \frac{\sum_j s_j w_j d_j}{\sum_j s_j w_j}, \qquad
    \mathrm{ECoN} = \sum_j s_j w_j,

with s the occupancy of the neighbour and d-bar its own fixed point, from the shortest distance on;
weights below 1e-6 count as none. It is 4.00 in diamond, 6.04 in rock salt and 12.02 in copper; of
unequal bonds the longer ones count less. A row is: ECoN, d-bar, the deviation of the distances from
it, mean and deviation of the angles between two neighbours (weighted by both; degrees; zero where
there are no two).

Sites whose occupancies add up to one at most and that are nearer than 0.75 times the sum of their
covalent radii are alternatives of each other and no neighbours. A site with nothing within
``cutoff`` is refused.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._compiled import LOADS
from features.materials._grid import positive
from features.materials._neighbours import Pairs, displacements, neighbour_pairs
from registry.errors import Unsupported
from registry.records import Floats
from registry.structures import FULL

if TYPE_CHECKING:
    from features.crystal import Crystal

COLUMNS = ("coordination", "bond_length", "bond_deviation", "angle", "angle_deviation")
OVERLAP = 0.75
"""Two halves of an atom are nearer than this share of the sum of covalent radii."""


def site_coordination(crystal: Crystal, cutoff: float) -> Floats:
    """Describe the surroundings of every site, shape ``(n_sites, 5)``.

    Raises:
        Unsupported: When a site has no neighbour within the cutoff.
    """
    from features.materials._coordination_kernel import effective_coordination

    pairs = neighbour_pairs(crystal.lattice, crystal.cartesian, cutoff)
    pairs = _without_alternatives(crystal, pairs)
    start = pairs.start(len(crystal))
    alone = start[1:] == start[:-1]
    if alone.any():
        site = int(np.argmax(alone))
        raise Unsupported(
            f"coordination: site {site}", f"a neighbour within {cutoff:g} angstrom", "none"
        )
    apart = displacements(crystal.lattice, crystal.cartesian, pairs)
    share = crystal.occupancy[pairs.neighbour]
    sites: Floats = effective_coordination(apart, pairs.distance, share, start)
    return sites


def _without_alternatives(crystal: Crystal, pairs: Pairs) -> Pairs:
    filled = crystal.occupancy
    if (filled > 1 - FULL).all():
        return pairs
    weighted = _radii()[crystal.numbers] * crystal.shares
    radius = np.bincount(crystal.site, weighted, len(crystal)) / filled
    near = pairs.distance < OVERLAP * (radius[pairs.centre] + radius[pairs.neighbour])
    together = filled[pairs.centre] + filled[pairs.neighbour] > 1 + FULL
    return pairs.where(together | ~near)


@lru_cache(maxsize=1)
def _radii() -> Floats:
    """Covalent radii by atomic number (Cordero et al. 2008), angstrom; curium's beyond curium."""
    from pymatgen.analysis.molecule_structure_comparator import CovalentRadius
    from pymatgen.core import Element

    table = np.full(len(Element), CovalentRadius.radius["Cm"])
    for symbol, radius in CovalentRadius.radius.items():
        table[Element(symbol).Z] = radius
    return table


def width(parameters: Parameters) -> int:
    """Length of a row.

    Raises:
        WrongUse: For parameters that cannot be.
    """
    positive("cutoff", parameters["cutoff"])
    return len(COLUMNS)


DESCRIPTOR = Descriptor(
    name="coordination_sites",
    version="1",
    parameters={"cutoff": 8.0},
    units={"cutoff": "angstrom"},
    width=width,
    compute=site_coordination,
    unit="as the column: none, angstrom, degree",
    source="Hoppe, Z. Kristallogr. 150, 23 (1979)",
    rows="site",
    disorder="weighted",
    loads=LOADS,
)
