r"""Linear least squares with the uncertainties of a curve.

.. math:: c = (A^T W A)^{-1} A^T W y, \qquad \mathrm{cov}(c) = (A^T W A)^{-1}

with :math:`W = \mathrm{diag}(1/\sigma_i^2)`. Without uncertainties W = 1, and the covariance is
that of the scatter about the fit (Bevington and Robinson, Data Reduction and Error Analysis for
the Physical Sciences, 3rd ed. (2003), chapter 7).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.curve import Curve
from registry.errors import Unsupported
from registry.records import Floats

SINGULAR = 1e-7
"""What is left of a term of length 1 that the other terms do not explain, at least."""


def usable(curve: Curve) -> Curve:
    """The points a weighted fit can use: those with a positive uncertainty.

    Uncertainties of which none is positive say nothing: the curve is given without them.
    """
    if curve.uncertainty is None:
        return curve
    known = np.isfinite(curve.uncertainty) & (curve.uncertainty > 0)
    if known.all():
        return curve
    return select(curve, known) if known.any() else select(curve, ~known, uncertain=False)


def select(curve: Curve, chosen: np.ndarray, uncertain: bool = True) -> Curve:
    """Points of a curve, by a mask or a slice; without uncertainties unless ``uncertain``."""
    sigma = curve.uncertainty[chosen] if uncertain and curve.uncertainty is not None else None
    return replace(curve, x=curve.x[chosen], y=curve.y[chosen], uncertainty=sigma)


def least_squares(basis: Floats, y: Floats, sigma: Floats | None) -> tuple[Floats, Floats]:
    """Coefficients ``(k,)`` and covariance ``(k, k)`` of a fit.

    Args:
        basis: Functions at the points, shape ``(n, k)``, n >= k.
        y: Values, shape ``(n,)``.
        sigma: One standard deviation of each, positive, shape ``(n,)``, or None.

    Raises:
        Unsupported: When the points do not determine the coefficients.
    """
    root = np.ones(len(y)) if sigma is None else 1 / sigma
    weighted = basis * root[:, None]
    # columns of one size: powers of q or of the energy differ by many orders of magnitude
    size = np.sqrt(np.sum(weighted**2, axis=0))
    if not size.all():
        raise Unsupported("fit", "points that determine it", "a term that is zero at all of them")
    scaled = weighted / size
    inverse = _inverse(scaled.T @ scaled, len(y))
    found = inverse @ (scaled.T @ (y * root))
    covariance = inverse / np.outer(size, size)
    if sigma is None:
        left = np.sum((y - scaled @ found) ** 2)
        covariance = covariance * left / max(len(y) - basis.shape[1], 1)
    return found / size, covariance


def _inverse(normal: Floats, points: int) -> Floats:
    """Inverse of a matrix with a diagonal of ones, which points may leave undetermined."""
    try:
        factor = np.linalg.cholesky(normal)
    except np.linalg.LinAlgError as error:
        raise _undetermined(points) from error
    if np.diagonal(factor).min() < SINGULAR:
        raise _undetermined(points)
    half = np.linalg.inv(factor)
    return np.asarray(half.T @ half)


def _undetermined(points: int) -> Unsupported:
    return Unsupported("fit", "points that determine it", f"{points} points")
