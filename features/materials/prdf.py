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
from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._classes import CLASSES, class_weights
from features.materials._compiled import LOADS
from features.materials._grid import steps
from features.materials._neighbours import TIE, pair_counts
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal


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
        tie: Added to every distance before binning; 0 is the definition to the letter, with
            distances on an edge decided by their last bit, as in a histogram of pymatgen's list.

    Returns:
        For each pair (centre, neighbour) a histogram of shape ``(n_bins,)``, 1/angstrom^3.

    Raises:
        WrongUse: When cutoff and bin size do not fit together.
    """
    edges = _edges(cutoff, bin_size)
    blocks = _blocks(lattice, positions, weights, edges, tie)
    present = np.flatnonzero(weights.sum(axis=0) > 0).tolist()
    return {(labels[a], labels[b]): blocks[a, b] for a in present for b in present}


def _edges(cutoff: float, bin_size: float) -> Floats:
    edges: Floats = bin_size * np.arange(steps("cutoff", cutoff, "bin_size", bin_size) + 1)
    return edges


def _blocks(
    lattice: Floats, positions: Floats, weights: Floats, edges: Floats, tie: float
) -> Floats:
    """Distribution functions of all pairs of labels, zero for absent ones, ``(n, n, n_bins)``."""
    counts = pair_counts(lattice, positions, weights, edges, tie)
    volume = 4.0 / 3.0 * np.pi * np.diff(edges**3)
    atoms = weights.sum(axis=0)
    atoms[atoms == 0] = 1.0
    blocks: Floats = counts / volume / atoms[:, None, None]
    return blocks


def _compute(crystal: Crystal, cutoff: float, bin_size: float) -> Floats:
    weights, edges = class_weights(crystal), _edges(cutoff, bin_size)
    blocks = _blocks(crystal.lattice, crystal.cartesian, weights, edges, TIE)
    return blocks[np.triu_indices(len(CLASSES))].ravel()


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
    loads=LOADS,
)
