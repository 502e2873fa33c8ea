r"""Radial distribution function of all atoms together.

.. math::
    g(r) = \frac{V}{(\sum_i w_i)^2 V_r} \sum_i \sum_{j \ne i} w_i w_j\,
           \theta(d_{ij} - r)\,\theta(r + dr - d_{ij}),
    \qquad V_r = \tfrac{4}{3}\pi\left((r + dr)^3 - r^3\right)

over the atoms i of a cell of volume V and all j of the crystal, i's own images too: without unit,
and one on the average of large r. The weight of a site is its occupancy (``weighting`` 'number') or
its mean Z ('charge': near to how X-rays see it), a vacancy counting zero. Sites are taken as
occupied independently of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._compiled import LOADS
from features.materials._grid import steps
from features.materials._neighbours import TIE, pair_counts
from registry.errors import WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

WEIGHTINGS = ("number", "charge")


def _compute(crystal: Crystal, cutoff: float, bin_size: float, weighting: str) -> Floats:
    weights = crystal.charges if weighting == "charge" else crystal.occupancy
    edges = bin_size * np.arange(steps("cutoff", cutoff, "bin_size", bin_size) + 1)
    counts = pair_counts(crystal.lattice, crystal.cartesian, weights[:, None], edges, TIE)[0, 0]
    shell = 4.0 / 3.0 * np.pi * np.diff(edges**3)
    g: Floats = counts * crystal.volume / (weights.sum() ** 2 * shell)
    return g


def _width(parameters: Parameters) -> int:
    weighting = parameters["weighting"]
    if weighting not in WEIGHTINGS:
        raise WrongUse("weighting", f"one of {', '.join(WEIGHTINGS)}", repr(weighting))
    return steps("cutoff", parameters["cutoff"], "bin_size", parameters["bin_size"])


DESCRIPTOR = Descriptor(
    name="rdf",
    version="1",
    parameters={"cutoff": 20.0, "bin_size": 0.1, "weighting": "number"},
    units={"cutoff": "angstrom", "bin_size": "angstrom", "weighting": ""},
    width=_width,
    compute=_compute,
    unit="",
    source="Warren, X-ray Diffraction (1969), ch. 10; Egami and Billinge, Underneath the Bragg "
    "Peaks (2003), eq. 3.1",
    disorder="weighted",
    loads=LOADS,
)
