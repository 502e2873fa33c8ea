r"""Atom-centred symmetry functions, averaged over the atoms of the cell.

Around an atom i, with the cutoff f(r) = (cos(pi r / r_cut) + 1) / 2 within r_cut,

.. math::
    G^1 &= \sum_j f(r_{ij}), \qquad G^2 = \sum_j e^{-\eta (r_{ij} - R_s)^2} f(r_{ij}) \\
    G^4 &= 2^{1-\zeta} \sum_{j<k} (1 + \lambda \cos\theta_{jik})^\zeta
           e^{-\eta (r_{ij}^2 + r_{ik}^2 + r_{jk}^2)} f(r_{ij}) f(r_{ik}) f(r_{jk}) \\
    G^5 &= 2^{1-\zeta} \sum_{j<k} (1 + \lambda \cos\theta_{jik})^\zeta
           e^{-\eta (r_{ij}^2 + r_{ik}^2)} f(r_{ij}) f(r_{ik})

where Behler's sums over all j, k count each pair twice and these, as dscribe's, once. Neighbours
are told apart by the seven classes of ``_classes``: G1 and all G2 for each class, then all G4 and
G5 for each pair of classes, (0, 0), (1, 0), (1, 1), (2, 0), ... What the atom in the middle is does
not enter. The parameters list the sets: ``g2`` of (eta, R_s), ``g4`` and ``g5`` of (eta, zeta,
lambda).

A shared or partly empty site counts by its occupancies, sites being taken as occupied independently
of each other; species that share a site never count as a pair. The average is weighted by
occupancy. ``acsf_sites`` keeps the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.descriptor import Descriptor
from features.materials import _acsf
from features.materials._compiled import LOADS
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal


def _compute(crystal: Crystal, **settings: Any) -> Floats:
    share = crystal.occupancy / crystal.occupancy.sum()
    mean: Floats = share @ _acsf.site_functions(crystal, **settings)
    return mean


DESCRIPTOR = Descriptor(
    name="acsf",
    version="1",
    parameters=_acsf.PARAMETERS,
    units=_acsf.UNITS,
    width=_acsf.width,
    compute=_compute,
    unit="",
    source=_acsf.SOURCE,
    disorder="weighted",
    loads=LOADS,
)
