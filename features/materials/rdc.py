r"""Radial distribution curve: distances weighted by charges and smoothed by a Gaussian.

What surrounds one atom i, or all the pairs of the cluster around it, on R = dr, 2 dr, ..., r_max:

.. math::
    \text{centre:}  \quad RDC_i(R) &= \sum_{j \ne i} Z_i Z_j e^{-\alpha (r_{ij} - R)^2} \\
    \text{cluster:} \quad RDC_i(R) &= \sum_{k < l} Z_k Z_l e^{-\alpha (r_{kl} - R)^2},
    \qquad k, l \in \{i\} \cup \{j: r_{ij} \le r_{max}\}

without unit. ``centre`` is the curve that Rankine, Madkhali and Penfold feed to their network, with
i the absorbing atom; ``cluster`` takes every pair of atoms around it once and so knows more of the
second shell. j runs over the whole crystal, i's own images too (``periodic``), or over
the atoms of the cell as given and no image (not periodic: for a molecule in a box; such a curve
depends on the cell). Either is averaged over the sites i that hold ``absorber``, weighted by how
much of it they hold, or over all atoms when ``absorber`` is empty. ``rdc_sites`` keeps the rows.

A neighbouring site that is partly or jointly occupied has its mean Z, a vacancy counting zero. In
the middle there is an atom: the absorber with its own Z, or the mean of the atoms of the site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._compiled import LOADS
from features.materials._gaussians import Grid, gaussian_grid
from features.materials._neighbours import SAME, Pairs, displacements, neighbour_pairs
from registry.errors import Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

VARIANTS = ("centre", "cluster")


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
    whole = np.array([0, len(distance)])
    curve: Floats = gaussian_grid(r_max, dr, alpha).rows(distance, weight, whole)[0]
    return curve


def site_curves(
    crystal: Crystal,
    middle: Floats,
    grid: Grid,
    *,
    r_max: float,
    variant: str,
    periodic: bool,
) -> Floats:
    """Curves around sites, shape ``(n_sites, grid.points)``, without unit.

    Args:
        crystal: Structure.
        middle: Z_i of each site, shape ``(n_sites,)``; at zero nothing is computed.
        grid: From :func:`features.materials._gaussians.gaussian_grid`.
        r_max: Radius of a cluster, angstrom.
        variant: One of ``VARIANTS``.
        periodic: Whether the crystal goes on beyond its cell.
    """
    if variant == "cluster":
        pairs = _around(middle > 0, _pairs(crystal, r_max, periodic))
        apart = displacements(crystal.lattice, crystal.cartesian, pairs)
        charge = crystal.charges[pairs.neighbour]
        return grid.clusters(apart, charge, middle, pairs.start(len(crystal)))
    pairs, weight = _weighted(crystal, middle, r_max + grid.reach, periodic)
    return grid.rows(pairs.distance, weight, pairs.start(len(crystal)))


def _weighted(
    crystal: Crystal, middle: Floats, cutoff: float, periodic: bool
) -> tuple[Pairs, Floats]:
    """Pairs around the sites whose Z_i is not zero, each with its Z_i Z_j."""
    pairs = _around(middle > 0, _pairs(crystal, cutoff, periodic))
    return pairs, middle[pairs.centre] * crystal.charges[pairs.neighbour]


def _pairs(crystal: Crystal, cutoff: float, periodic: bool) -> Pairs:
    at = crystal.cartesian
    if periodic:
        return neighbour_pairs(crystal.lattice, at, cutoff)
    apart = np.linalg.norm(at[:, None] - at, axis=-1)
    centre, neighbour = np.nonzero((apart <= cutoff + SAME) & ~np.eye(len(at), dtype=bool))
    image = np.zeros((len(centre), 3), dtype=np.int64)
    return Pairs(centre, neighbour, apart[centre, neighbour], image)


def _around(middles: Any, pairs: Pairs) -> Pairs:
    """Keep the pairs around some sites."""
    if middles.all():
        return pairs
    return pairs.where(middles[pairs.centre])


def absorber_rdc(
    crystal: Crystal,
    absorber: str,
    *,
    r_max: float,
    dr: float,
    alpha: float,
    variant: str = "centre",
    periodic: bool = True,
) -> Floats:
    """Radial distribution curve around one absorbing element, per absorbing atom.

    Args:
        crystal: Structure.
        absorber: Symbol of the element; '' for the mean over all atoms.
        r_max: Last grid point, angstrom; a whole number of steps.
        dr: Step of the grid, angstrom.
        alpha: Sharpness, 1/angstrom^2.
        variant: ``centre`` or ``cluster``.
        periodic: Whether the crystal goes on beyond its cell.

    Returns:
        Shape ``(r_max / dr,)``, without unit.

    Raises:
        Unsupported: When the structure does not hold the absorber.
        WrongUse: When a parameter is not positive or the steps do not fit.
    """
    grid = gaussian_grid(r_max, dr, alpha)
    middle, share = mean_charges(crystal), crystal.occupancy
    if absorber:
        share = _share(crystal, absorber)
        middle = np.where(share > 0, float(_number(absorber)), 0.0)
    if variant == "centre":
        # a sum of sums: no need for the rows
        pairs, weight = _weighted(crystal, share * middle, r_max + grid.reach, periodic)
        total = grid.rows(pairs.distance, weight, np.array([0, len(weight)]))[0]
    else:
        total = share @ site_curves(
            crystal, middle, grid, r_max=r_max, variant=variant, periodic=periodic
        )
    mean: Floats = total / share.sum()
    return mean


def mean_charges(crystal: Crystal) -> Floats:
    """Mean Z of the atoms that sit on each site, vacancies apart, shape ``(n_sites,)``."""
    there = crystal.occupancy > 0
    mean: Floats = np.divide(
        crystal.charges, crystal.occupancy, np.zeros(len(crystal)), where=there
    )
    return mean


def _share(crystal: Crystal, absorber: str) -> Floats:
    """How much of each site the absorber holds, shape ``(n_sites,)``."""
    numbers, shares = crystal.elements()
    share: Floats = shares[:, numbers == _number(absorber)].sum(axis=1)
    if not share.any():
        from pymatgen.core import Element

        known = ", ".join(Element.from_Z(number).symbol for number in numbers)
        raise Unsupported("absorber", f"one of {known}", absorber)
    return share


def _number(symbol: str) -> int:
    from pymatgen.core import Element

    if not Element.is_valid_symbol(symbol):
        raise WrongUse("absorber", "the symbol of an element or nothing", repr(symbol))
    return int(Element(symbol).Z)


def _width(parameters: Parameters) -> int:
    if parameters["absorber"]:
        _number(parameters["absorber"])
    return curve_width(parameters)


def curve_width(parameters: Parameters) -> int:
    """Number of points of the curve.

    Raises:
        WrongUse: For parameters that cannot be.
    """
    if parameters["variant"] not in VARIANTS:
        raise WrongUse("variant", f"one of {', '.join(VARIANTS)}", repr(parameters["variant"]))
    if not isinstance(parameters["periodic"], bool):
        raise WrongUse("periodic", "true or false", repr(parameters["periodic"]))
    return gaussian_grid(parameters["r_max"], parameters["dr"], parameters["alpha"]).points


DESCRIPTOR = Descriptor(
    name="rdc",
    version="1",
    parameters={
        "r_max": 8.0,
        "dr": 0.1,
        "alpha": 10.0,
        "absorber": "",
        "variant": "centre",
        "periodic": True,
    },
    units={
        "r_max": "angstrom",
        "dr": "angstrom",
        "alpha": "1/angstrom^2",
        "absorber": "",
        "variant": "",
        "periodic": "",
    },
    width=_width,
    compute=absorber_rdc,
    unit="",
    source="Rankine, Madkhali and Penfold, J. Phys. Chem. A 124, 4263 (2020), averaged per atom; "
    "Madkhali, Rankine and Penfold, Molecules 25, 2715 (2020)",
    disorder="weighted",
    loads=LOADS,
)
