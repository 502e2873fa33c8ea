r"""Partial radial distribution function: who sits how far from whom.

For two kinds of atoms a and b and the shell from r to r + dr

.. math::
    g_{ab}(r) = \frac{1}{N_a V_r} \sum_{i \in a} \sum_{j \in b, j \ne i}
                \theta(d_{ij} - r)\,\theta(r + dr - d_{ij}),
    \qquad V_r = \tfrac{4}{3}\pi\left((r + dr)^3 - r^3\right)

in 1/angstrom^3, over all periodic images. With occupancies w the sum counts w_ia w_jb and N_a is
the sum of w_ia: sites are taken as occupied independently of each other, so that two half-filled
sites a short distance apart do appear as a pair.

The kernel :func:`prdf` takes any labels. The descriptor labels elements by chemical class
(``_classes``) and joins the blocks (a, b), a <= b in the order of the classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._classes import CLASSES, class_weights
from features.materials._grid import steps
from features.materials._neighbours import Pairs, neighbour_pairs
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

TIE = 1e-8
"""Distances this little below a bin's edge count as on it (angstrom): lattice parameters have few
digits, many distances sit on an edge exactly, and rounding must not decide their bin."""


def prdf(
    lattice: Floats,
    positions: Floats,
    weights: Floats,
    labels: Sequence[str],
    *,
    cutoff: float,
    bin_size: float,
    tie: float = 0.0,
) -> dict[tuple[str, str], Floats]:
    """Partial radial distribution functions of all ordered pairs of labels that occur.

    Args:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Cartesian positions, shape ``(n, 3)``, angstrom.
        weights: Share of each label on each site, shape ``(n, n_labels)``.
        labels: Names of the columns of ``weights``.
        cutoff: End of the last bin, angstrom; a whole number of bins.
        bin_size: Width of a bin, angstrom.
        tie: Added to every distance before binning; 0 is the definition to the letter.

    Returns:
        For each pair (centre, neighbour) a histogram of shape ``(n_bins,)``, 1/angstrom^3.

    Raises:
        WrongUse: When cutoff and bin size do not fit together.
    """
    n_bins = steps("cutoff", cutoff, "bin_size", bin_size)
    edges = bin_size * np.arange(n_bins + 1)
    volume = 4.0 / 3.0 * np.pi * np.diff(edges**3)
    counts = _counts(neighbour_pairs(lattice, positions, edges[-1]), weights, edges, tie)
    atoms = weights.sum(axis=0)
    present = [n for n in range(len(labels)) if atoms[n] > 0]
    return {
        (labels[a], labels[b]): counts[a, b] / volume / atoms[a] for a in present for b in present
    }


def _counts(pairs: Pairs, weights: Floats, edges: Floats, tie: float) -> Floats:
    """Weighted number of pairs by both labels and bin, shape ``(n_labels, n_labels, n_bins)``."""
    n_bins = len(edges) - 1
    n_sites, n_labels = weights.shape
    distance = pairs.distance + tie
    position = np.searchsorted(edges, distance, side="right") - 1
    position[distance == edges[-1]] = n_bins - 1
    kept = position < n_bins
    # first who surrounds each site, then the sites of each label: one pass over the pairs
    slot = pairs.centre[kept] * n_bins + position[kept]
    neighbour = pairs.neighbour[kept]
    around = np.zeros((n_labels, n_sites, n_bins))
    for b in range(n_labels):
        share = weights[neighbour, b]
        here = share > 0
        around[b] = np.bincount(
            slot[here], weights=share[here], minlength=n_sites * n_bins
        ).reshape(n_sites, n_bins)
    counts: Floats = np.einsum("ia,bik->abk", weights, around)
    return counts


def _compute(crystal: Crystal, cutoff: float, bin_size: float) -> Floats:
    blocks = prdf(
        crystal.lattice,
        crystal.cartesian,
        class_weights(crystal),
        CLASSES,
        cutoff=cutoff,
        bin_size=bin_size,
        tie=TIE,
    )
    absent = np.zeros(steps("cutoff", cutoff, "bin_size", bin_size))
    return np.concatenate(
        [blocks.get(pair, absent) for pair in combinations_with_replacement(CLASSES, 2)]
    )


def _width(parameters: Parameters) -> int:
    n_pairs = len(CLASSES) * (len(CLASSES) + 1) // 2
    return n_pairs * steps("cutoff", parameters["cutoff"], "bin_size", parameters["bin_size"])


DESCRIPTOR = Descriptor(
    name="prdf",
    version="1",
    parameters={"cutoff": 10.0, "bin_size": 0.2},
    units={"cutoff": "angstrom", "bin_size": "angstrom"},
    width=_width,
    compute=_compute,
    unit="1/angstrom^3",
    source="Schutt et al., Phys. Rev. B 89, 205118 (2014), with classes of elements as labels",
    disorder="weighted",
)
