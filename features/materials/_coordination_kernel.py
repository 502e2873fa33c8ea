"""Effective coordination of atoms, by compiled loops; see ``coordination_sites``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from features.crystal import Integers
    from registry.records import Floats

LEAST_WEIGHT = 1e-6
"""Neighbours that weigh less are none."""
CONVERGED = 1e-12
"""Relative change of the mean distance at which the iteration ends."""
MOST_STEPS = 1000


@compiled
def effective_coordination(
    apart: Floats, distance: Floats, share: Floats, start: Integers
) -> Floats:
    """Describe the surroundings of every site.

    Args:
        apart: From the centre to each neighbour, shape ``(n_pairs, 3)``, angstrom; overwritten.
        distance: Its length, angstrom; overwritten.
        share: Occupancy of the neighbour.
        start: Where the neighbours of each site begin, shape ``(n_sites + 1,)``; each has some.

    Returns:
        Coordination number, mean and deviation of the distances (angstrom), mean and deviation of
        the angles (degrees; zero where there are no two neighbours), shape ``(n_sites, 5)``.
    """
    sites = np.zeros((len(start) - 1, 5))
    weight = np.empty(len(distance))
    for i in range(len(sites)):
        first, last = start[i], start[i + 1]
        mean = _mean_distance(distance[first:last], share[first:last])
        count, spread, bonds = 0.0, 0.0, 0
        for p in range(first, last):
            w = math.exp(1.0 - (distance[p] / mean) ** 6)
            if w < LEAST_WEIGHT:
                continue
            q = first + bonds
            weight[q], distance[q], apart[q] = w * share[p], distance[p], apart[p]
            count += weight[q]
            spread += weight[q] * (distance[p] - mean) ** 2
            bonds += 1
        sites[i, 0], sites[i, 1], sites[i, 2] = count, mean, math.sqrt(spread / count)
        here = slice(first, first + bonds)
        sites[i, 3], sites[i, 4] = _angles(apart[here], distance[here], weight[here])
    return sites


@compiled
def _mean_distance(distance: Floats, share: Floats) -> float:
    """Mean distance weighted by the weights that it gives itself."""
    mean = distance.min()
    for _ in range(MOST_STEPS):
        total, moment = 0.0, 0.0
        for p in range(len(distance)):
            # from here on the weight is below 1e-26
            if distance[p] > 2.0 * mean:
                continue
            w = share[p] * math.exp(1.0 - (distance[p] / mean) ** 6)
            total += w
            moment += w * distance[p]
        before, mean = mean, moment / total
        if abs(mean - before) <= CONVERGED * mean:
            break
    return float(mean)


@compiled
def _angles(apart: Floats, distance: Floats, weight: Floats) -> tuple[float, float]:
    """Mean and deviation of the angles between bonds, degrees."""
    total, moment, square = 0.0, 0.0, 0.0
    for p in range(len(distance)):
        for q in range(p):
            cosine = (
                apart[p, 0] * apart[q, 0] + apart[p, 1] * apart[q, 1] + apart[p, 2] * apart[q, 2]
            )
            cosine /= distance[p] * distance[q]
            angle = math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
            both = weight[p] * weight[q]
            total += both
            moment += both * angle
            square += both * angle * angle
    if total == 0.0:
        return 0.0, 0.0
    mean = moment / total
    return mean, math.sqrt(max(square / total - mean * mean, 0.0))
