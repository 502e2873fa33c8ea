r"""The Guinier region of a small-angle curve.

.. math:: \ln I(q) = \ln I_0 - R_g^2 q^2 / 3, \qquad q R_g \le \text{limit}

(A. Guinier, Ann. Phys. 11, 161 (1939)). The region starts at the first point and ends where its
own Rg says: from a first guess (up to half of the first intensities) the fit is repeated with the
end the last one gave, until the region stays. If it comes to alternate between regions, the
largest that obeys its own limit counts, else the smallest.

Weights are :math:`(I/\sigma)^2`, of ln I; without uncertainties they are equal, and the scatter
gives the uncertainty of the result. Points with I <= 0 have no logarithm and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.curve import Curve
from features.spectra._fitting import least_squares, select, usable
from registry.errors import Unsupported
from registry.records import Floats

LEAST = 5
"""Points of a Guinier region at least."""
FLAT = 1e-9
"""Fall of ln I over the region that is more than rounding."""
FIRST = 0.5
"""Share of the first intensities to which the first guess goes."""


@dataclass(frozen=True)
class Guinier:
    """A Guinier fit.

    Attributes:
        rg: Radius of gyration, angstrom.
        rg_error: One standard deviation of it, angstrom.
        i0: Intensity extrapolated to q = 0.
        i0_error: One standard deviation of it.
        first: First q of the region, 1/angstrom.
        last: Last q of it, 1/angstrom.
        points: Points in it.
    """

    rg: float
    rg_error: float
    i0: float
    i0_error: float
    first: float
    last: float
    points: int


def guinier(curve: Curve, limit: float = 1.3, q_min: float = 0.0) -> Guinier:
    """Fit the Guinier region.

    Args:
        curve: I(q), q in 1/angstrom.
        limit: Largest q Rg.
        q_min: Where the region starts, 1/angstrom: beyond beam stop and aggregates.

    Raises:
        Unsupported: When the intensity does not fall with q, or fewer than five points are below
            the limit.
    """
    given = usable(curve)
    curve = select(given, (given.y > 0) & (given.x >= max(q_min, 0.0)))
    if len(curve.x) < LEAST:
        raise _too_few(limit, len(curve.x))
    rg = _radii(curve)
    count = _region(curve.x, rg, limit, _guess(curve.y))
    if count < LEAST:
        raise _too_few(limit, count)
    part = select(curve, np.arange(count))
    sigma = None if part.uncertainty is None else part.uncertainty / part.y
    basis = np.stack([np.ones(count), part.x**2], axis=1)
    (level, slope), covariance = least_squares(basis, np.log(part.y), sigma)
    if not -slope * part.x[-1] ** 2 > FLAT:
        raise _not_falling()
    radius, i0 = float(np.sqrt(-3 * slope)), float(np.exp(level))
    return Guinier(
        radius,
        float(1.5 / radius * np.sqrt(covariance[1, 1])),
        i0,
        float(i0 * np.sqrt(covariance[0, 0])),
        float(part.x[0]),
        float(part.x[-1]),
        count,
    )


def _radii(curve: Curve) -> Floats:
    """Rg of the first 1, 2, ... points, shape ``(n,)``; NaN where the intensity does not fall."""
    weight = np.ones(len(curve.x)) if curve.uncertainty is None else curve.y / curve.uncertainty
    w = weight**2
    x, y = curve.x**2, np.log(curve.y)
    total, wx, wy = np.cumsum(w), np.cumsum(w * x), np.cumsum(w * y)
    spread = total * np.cumsum(w * x * x) - wx**2
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (total * np.cumsum(w * x * y) - wx * wy) / spread
        return np.sqrt(-3 * slope)


def _guess(intensity: Floats) -> int:
    """Points down to half of the first intensities."""
    below = intensity < FIRST * np.median(intensity[:LEAST])
    return max(int(np.argmax(below)) if below.any() else len(intensity), LEAST)


def _region(q: Floats, rg: Floats, limit: float, count: int) -> int:
    """Number of points of the region that gives itself."""
    seen: list[int] = []
    while count not in seen:
        seen.append(count)
        if not rg[count - 1] > 0:
            raise _not_falling()
        count = int(np.searchsorted(q, limit / rg[count - 1], side="right"))
        if count < LEAST:
            return count
    around = seen[seen.index(count) :]
    obey = [n for n in around if q[n - 1] * rg[n - 1] <= limit]
    return max(obey) if obey else min(around)


def _not_falling() -> Unsupported:
    return Unsupported("spectrum", "an intensity that falls with q", "one that does not")


def _too_few(limit: float, found: int) -> Unsupported:
    return Unsupported("spectrum", f"{LEAST} points with q Rg up to {limit:g}", str(found))


def low_invariant(fit: Guinier, q: float) -> float:
    r"""Integral of :math:`q^2 I` from 0 to q of the Guinier law, by the error function."""
    from scipy.special import erf

    a = fit.rg**2 / 3
    return float(
        fit.i0
        * (np.sqrt(np.pi) * erf(np.sqrt(a) * q) / (4 * a**1.5) - q * np.exp(-a * q * q) / (2 * a))
    )
