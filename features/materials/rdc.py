r"""Radial distribution curve: all distances, weighted by charge and smoothed by a Gaussian.

.. math::
    RDC(R) = \sum_{i \ne j} Z_i Z_j \exp\left(-\alpha (r_{ij} - R)^2\right)

on R = dr, 2 dr, ..., r_max, without unit. Of a crystal it is taken per atom: the sum runs over the
atoms i of a cell and all their neighbours j in the whole crystal (i's own images too), divided by
the number of atoms (the sum of occupancies). A partly or jointly occupied site has its mean Z, a
vacancy counting zero. :func:`absorber_rdc` gives the curve as one absorbing element sees it, which
is what Rankine, Madkhali and Penfold feed to their network.

The sum of Gaussians is a fast Gauss transform (Greengard and Strain, SIAM J. Sci. Stat. Comput. 12,
79 (1991)). Distances go to narrow bins; with t the offset from the bin's middle and y the
way from there to R, both in units of 1/sqrt(alpha),

    exp(-(y - t)^2) = sum_n t^n / n! h_n(y),   h_0 = exp(-y^2),  h_n+1 = 2 y h_n - 2 n h_n-1,

so that a bin is known by a few sums over its t^n, and no exponential is taken per pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._grid import positive, steps
from features.materials._neighbours import neighbour_pairs
from registry.errors import BadInput
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

TAIL = 28.0
"""A Gaussian is followed until it falls to exp(-TAIL), 7e-13 of its peak."""
BIN = 0.15
TERMS = 9
"""Width of a bin in units of 1/sqrt(alpha), and terms of the series. Offsets reach half a bin: the
first term left out is at most (BIN / sqrt(2))^TERMS / sqrt(TERMS!), 3e-12."""


def gaussian_sum(
    distance: Floats, weight: Floats, *, r_max: float, dr: float, alpha: float
) -> Floats:
    """Sum weighted Gaussians, ``sum_p weight_p exp(-alpha (distance_p - R)^2)``.

    Args:
        distance: Centres, shape ``(n,)``, angstrom, none negative.
        weight: Heights, shape ``(n,)``.
        r_max: Last grid point, angstrom; a whole number of steps.
        dr: Step of the grid, angstrom.
        alpha: Sharpness, 1/angstrom^2.

    Returns:
        Values at R = dr, 2 dr, ..., r_max, shape ``(r_max / dr,)``; within 1e-9 of the largest.

    Raises:
        WrongUse: When a parameter is not positive or the steps do not fit.
    """
    n = steps("r_max", r_max, "dr", dr)
    root = np.sqrt(positive("alpha", alpha))
    per_step = int(np.ceil(dr * root / BIN))
    width = dr / per_step
    reach = int(np.ceil(np.sqrt(TAIL) / (root * width)))
    n_bins = n * per_step + reach + 1
    nearest = np.rint(distance / width).astype(np.int64)
    near = nearest < n_bins
    nearest, term = nearest[near], weight[near].astype(np.float64)
    offset = root * (distance[near] - nearest * width)
    fine = np.zeros(n_bins + 2 * reach)
    for kernel in _hermite(root * width * np.arange(-reach, reach + 1)):
        fine += np.convolve(np.bincount(nearest, term, minlength=n_bins), kernel)
        term *= offset
    # the convolution begins reach bins before zero
    return fine[reach + per_step : reach + n * per_step + 1 : per_step]


def _hermite(y: Floats) -> Iterator[Floats]:
    """Hermite functions ``h_n(y) / n!`` for n = 0, ..., TERMS - 1."""
    before, now = np.zeros_like(y), np.exp(-(y**2))
    for order in range(TERMS):
        yield now
        # the recurrence of h_n, divided by (n + 1)!
        before, now = now, 2 * (y * now - before) / (order + 1)


def absorber_rdc(
    crystal: Crystal, absorber: str, *, r_max: float, dr: float, alpha: float
) -> Floats:
    """Radial distribution curve around one absorbing element, per absorbing atom.

    ``sum_j Z_absorber Z_j exp(-alpha (r_ij - R)^2)``, averaged over the sites i that hold the
    absorber with their occupancy as weight; shape ``(r_max / dr,)``, without unit.

    Raises:
        BadInput: When the structure does not hold the absorber.
        WrongUse: When a parameter is not positive or the steps do not fit.
    """
    from pymatgen.core import Element

    charge = Element(absorber).Z
    numbers, shares = crystal.elements()
    share = shares[:, numbers == charge].sum(axis=1)
    if not share.any():
        known = ", ".join(Element.from_Z(number).symbol for number in numbers)
        raise BadInput("absorber", f"one of {known}", absorber)
    return _curve(crystal, charge * share, share.sum(), r_max, dr, alpha)


def _curve(
    crystal: Crystal, centre: Floats, count: float, r_max: float, dr: float, alpha: float
) -> Floats:
    """Sum over pairs of ``centre_i Z_j``, divided by ``count``."""
    reach = np.sqrt(TAIL / positive("alpha", alpha))
    pairs = neighbour_pairs(crystal.lattice, crystal.cartesian, r_max + reach)
    weight = centre[pairs.centre] * crystal.charges[pairs.neighbour]
    return gaussian_sum(pairs.distance, weight, r_max=r_max, dr=dr, alpha=alpha) / count


def _compute(crystal: Crystal, r_max: float, dr: float, alpha: float) -> Floats:
    return _curve(crystal, crystal.charges, float(crystal.shares.sum()), r_max, dr, alpha)


def _width(parameters: Parameters) -> int:
    positive("alpha", parameters["alpha"])
    return steps("r_max", parameters["r_max"], "dr", parameters["dr"])


DESCRIPTOR = Descriptor(
    name="rdc",
    version="1",
    parameters={"r_max": 8.0, "dr": 0.1, "alpha": 10.0},
    units={"r_max": "angstrom", "dr": "angstrom", "alpha": "1/angstrom^2"},
    width=_width,
    compute=_compute,
    unit="",
    source="Rankine, Madkhali and Penfold, J. Phys. Chem. A 124, 4263 (2020), averaged per atom",
    disorder="weighted",
)
