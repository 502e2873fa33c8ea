r"""Curves over a logarithmic grid of Q, smeared by a resolution of constant dQ/Q.

.. math:: \bar I(Q) = \int \frac{e^{-(Q' - Q)^2 / 2\sigma^2}}{\sqrt{2\pi}\,\sigma}\, I(Q')\, dQ',
          \qquad \sigma = Q \cdot (dQ/Q)

The integral is a sum over a finer logarithmic grid that reaches ``REACH`` standard deviations
beyond the ends; its weights are the same for all curves of a grid and are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ingest.simulators import Parameter
from registry.errors import WrongUse
from registry.records import Floats

REACH = 3.5
"""How far the Gaussian is followed, in standard deviations: as far as in the ORSO validation."""


def grid_parameters(q_min: float, q_max: float, resolution: float) -> dict[str, Parameter]:
    """Parameters of the grid and its resolution, given their defaults."""
    return {
        "q_min": Parameter(q_min, "1/angstrom", "first Q of the grid", 1e-5, 10.0),
        "q_max": Parameter(q_max, "1/angstrom", "last Q of the grid", 1e-4, 10.0),
        "points": Parameter(200, "", "points of the grid, even in log Q", 5, 10_000),
        "resolution": Parameter(
            resolution, "", "dQ/Q, one standard deviation; 0 for none", 0.0, 0.2
        ),
    }


def q_grid(settings: dict[str, float]) -> Floats:
    """The grid of Q (1/angstrom) of settings, shape ``(points,)``.

    Raises:
        WrongUse: When the grid is empty.
    """
    low, high = settings["q_min"], settings["q_max"]
    if not low < high:
        raise WrongUse("q_max", f"more than q_min = {low}", str(high))
    return np.geomspace(low, high, int(settings["points"]))


def smeared(curve: Callable[[Floats], Floats], q: Floats, resolution: float, steps: int) -> Floats:
    """The curve as an instrument of this resolution sees it.

    Args:
        curve: Smooth curve as a function of Q, vectorised.
        q: Where it is wanted (1/angstrom), ascending, shape ``(n,)``.
        resolution: dQ/Q, one standard deviation, below 1 / ``REACH``; 0 for none.
        steps: Points of the finer grid per standard deviation.

    Returns:
        Values at ``q``, shape ``(n,)``.
    """
    if not resolution:
        return curve(q)
    fine, weights = _weights(tuple(q.tolist()), resolution, steps)
    return np.asarray(weights @ curve(fine))


@lru_cache(maxsize=4)
def _weights(q: tuple[float, ...], resolution: float, steps: int) -> tuple[Floats, Any]:
    """Finer grid, shape ``(m,)``, and the share of each of its points, sparse, ``(n, m)``."""
    from scipy.sparse import csr_array

    low, high = q[0] * (1 - REACH * resolution), q[-1] * (1 + REACH * resolution)
    count = int(np.ceil(np.log(high / low) / resolution * steps)) + 1
    fine = np.geomspace(low, high, count)
    centre = np.array(q)[:, None]
    distance = (fine - centre) / (resolution * centre)
    # dQ of a logarithmic grid grows with Q
    weights = np.where(np.abs(distance) <= REACH, np.exp(-0.5 * distance**2) * fine, 0.0)
    return fine, csr_array(weights / weights.sum(axis=1, keepdims=True))
