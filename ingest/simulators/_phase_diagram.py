r"""Phases in equilibrium by a rule: a phase diagram whose every boundary and amount is known.

Phase :math:`\alpha` has the Gibbs energy (arbitrary unit)

.. math:: G_\alpha(c) = |c - c_\alpha|^2 + B |c_\alpha - \bar c|^2

at composition c, with :math:`c_\alpha` where it is most stable and :math:`\bar c` the middle of the
triangle. The lower convex hull over all phases is the equilibrium: where a facet touches one phase
there is a solid solution, elsewhere the lever rule gives the amounts, and Gibbs' phase rule holds:
up to three phases, of fixed composition where there are three. The larger B, the wider the solid
solutions. Hillert, Phase Equilibria, Phase Diagrams and Phase Transformations, 2nd ed. (2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from registry.records import Floats

STEPS = 50
"""Steps of the grid of compositions along an edge of the triangle."""
BOWL = 0.9
"""B of the energies."""
Fractions = tuple[float, float, float]


@dataclass(frozen=True)
class Equilibrium:
    """What is in equilibrium at one composition.

    Attributes:
        amounts: Share of each phase, adding up to one, shape ``(phases,)``.
        compositions: Composition of each phase, NaN where there is none, shape ``(phases, 3)``.
    """

    amounts: Floats
    compositions: Floats


@dataclass(frozen=True)
class _Hull:
    """Lower facets: corners in the plane, their phase and composition."""

    inverse: Floats
    first: Floats
    phase: Floats
    corner: Floats


def equilibrium(centres: tuple[Fractions, ...], composition: Floats) -> Equilibrium:
    """Phases at a composition.

    Args:
        centres: Composition at which each phase is most stable.
        composition: Three fractions that add up to one, shape ``(3,)``.
    """
    hull = _hull(centres)
    c = np.asarray(composition, dtype=np.float64)
    # barycentric coordinates in every facet: the one it is in has no negative one
    two = np.einsum("fij,fj->fi", hull.inverse, c[:2] - hull.first)
    shares = np.concatenate([1 - two.sum(axis=1, keepdims=True), two], axis=1)
    facet = int(shares.min(axis=1).argmax())
    own = np.clip(shares[facet], 0, None)
    own /= own.sum()
    amounts = np.zeros(len(centres))
    total = np.zeros((len(centres), 3))
    phases = hull.phase[facet].astype(int)
    np.add.at(amounts, phases, own)
    np.add.at(total, phases, own[:, None] * hull.corner[facet])
    there = amounts[:, None] > 0
    compositions = np.divide(total, amounts[:, None], out=np.full_like(total, np.nan), where=there)
    return Equilibrium(amounts, compositions)


@lru_cache(maxsize=4)
def _hull(centres: tuple[Fractions, ...]) -> _Hull:
    from scipy.spatial import ConvexHull

    grid = np.array([(i, j, STEPS - i - j) for i in range(STEPS + 1) for j in range(STEPS + 1 - i)])
    places = np.array(centres)
    points = np.tile(grid / STEPS, (len(places), 1))
    phase = np.repeat(np.arange(len(places)), len(grid))
    height = BOWL * ((places - 1 / 3) ** 2).sum(axis=1)
    energy = ((points - places[phase]) ** 2).sum(axis=1) + height[phase]
    hull = ConvexHull(np.column_stack([points[:, :2], energy]))
    corners = hull.simplices[hull.equations[:, 2] < -1e-9]
    plane = points[corners][:, :, :2]
    sides = np.stack([plane[:, 1] - plane[:, 0], plane[:, 2] - plane[:, 0]], axis=2)
    flat = np.abs(np.linalg.det(sides)) > 1e-12
    return _Hull(
        np.linalg.inv(sides[flat]),
        plane[flat, 0],
        phase[corners[flat]].astype(np.float64),
        points[corners[flat]],
    )
