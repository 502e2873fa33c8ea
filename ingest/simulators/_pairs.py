"""Histogram of the distances between the sites of a crystal, weighted by their amplitudes."""

from __future__ import annotations

import numpy as np

from ingest.simulators._atoms import Atoms
from registry.errors import Unsupported
from registry.records import Floats

NEAREST = 0.5
"""Sites closer than this (angstrom) are alternatives of one split site: never both occupied."""
MAX_PAIRS = 20_000_000
_PAIRS_AT_ONCE = 1_000_000


def distance_histogram(
    atoms: Atoms, amplitude: Floats, origin: float, width: float, bins: int
) -> Floats:
    """Sum of ``amplitude[i] * amplitude[j]`` over ordered pairs of sites, by distance.

    Bin k stands at ``origin + k * width``; each pair is shared linearly between the two bins
    beside it, which keeps its mean distance. Memory is bounded by searching a few centres at
    a time.

    Args:
        atoms: The cell.
        amplitude: Amplitude of each site, shape ``(m,)``.
        origin: Position of the first bin (angstrom), at most ``NEAREST``.
        width: Distance between bins (angstrom).
        bins: Number of bins.

    Raises:
        Unsupported: When there are more than ``MAX_PAIRS`` pairs.
    """
    from pymatgen.optimization.neighbors import find_points_in_spheres

    sites = len(atoms.position)
    reach = origin + (bins - 1.5) * width
    per_site = sites / atoms.volume * 4 / 3 * np.pi * reach**3
    if sites * per_site > MAX_PAIRS:
        raise Unsupported(
            "structure",
            f"at most {MAX_PAIRS} pairs",
            f"{sites * per_site:.3g} within {reach:.1f} A",
        )
    places = np.ascontiguousarray(atoms.position @ atoms.lattice, dtype=np.float64)
    lattice = np.ascontiguousarray(atoms.lattice, dtype=np.float64)
    histogram = np.zeros(bins)
    at_once = max(1, int(_PAIRS_AT_ONCE / max(per_site, 1.0)))
    for start in range(0, sites, at_once):
        i, j, _, r = find_points_in_spheres(
            places, places[start : start + at_once], reach, np.ones(3, dtype=np.int64), lattice
        )
        apart = r > NEAREST
        weight = amplitude[start:][i[apart]] * amplitude[j[apart]]
        position = (r[apart] - origin) / width
        below = position.astype(np.intp)
        above_share = weight * (position - below)
        histogram += np.bincount(below, weight - above_share, minlength=bins)
        histogram[1:] += np.bincount(below, above_share, minlength=bins)[:-1]
    return histogram
