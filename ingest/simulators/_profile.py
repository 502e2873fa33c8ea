"""Lines on a grid of angles: peak widths and the pseudo-Voigt profile."""

from __future__ import annotations

import numpy as np

from registry.errors import WrongUse
from registry.records import Floats

SCHERRER_K = 0.9
REACH = 40.0
"""How far a peak extends to each side, in full widths at half maximum."""
_CHUNK = 1_000_000


def line_width(
    theta: Floats,
    u: float,
    v: float,
    w: float,
    size: float,
    wavelength: float,
    strain: float = 0.0,
) -> Floats:
    r"""Full width at half maximum in two_theta (degree).

    .. math:: H^2 = U \tan^2\theta + V \tan\theta + W + (K \lambda / L \cos\theta)^2
              + (4 \epsilon \tan\theta)^2

    Args:
        theta: Half the scattering angle (radian), shape ``(n,)``.
        u: Instrument term U (degree^2); likewise ``v`` and ``w``.
        v: Instrument term V (degree^2).
        w: Instrument term W (degree^2).
        size: Crystallite size L (angstrom).
        wavelength: Wavelength (angstrom).
        strain: Microstrain epsilon = delta d / d.

    Raises:
        WrongUse: When U, V, W leave no positive width.

    Source: Caglioti, Paoletti & Ricci, Nucl. Instrum. 3, 223 (1958); Scherrer (1918), K = 0.9;
    Stokes & Wilson, Proc. Phys. Soc. 56, 174 (1944) for strain.
    """
    tan = np.tan(theta)
    instrument = u * tan**2 + v * tan + w
    if np.any(instrument < 0):
        raise WrongUse("u, v, w", "U tan^2 + V tan + W >= 0", f"{instrument.min():.3g} degree^2")
    broadening = np.degrees(SCHERRER_K * wavelength / (size * np.cos(theta)))
    strained = np.degrees(4 * strain * tan)
    return np.asarray(np.sqrt(instrument + broadening**2 + strained**2))


def pseudo_voigt(grid: Floats, centre: Floats, area: Floats, fwhm: Floats, eta: float) -> Floats:
    r"""Sum of pseudo-Voigt peaks, each point the mean over its bin of an even grid.

    .. math:: \eta L(x; H) + (1 - \eta) G(x; H), \quad \int = 1

    The mean over the bin keeps the area of peaks that are narrower than the step. Peaks end
    ``REACH`` widths from their centre.

    Args:
        grid: Evenly spaced positions, shape ``(n,)``.
        centre: Positions of the peaks, unit of ``grid``, shape ``(m,)``.
        area: Areas of the peaks, shape ``(m,)``.
        fwhm: Full widths at half maximum, unit of ``grid``, shape ``(m,)``.
        eta: Lorentzian share, 0 to 1.

    Source: Wertheim et al., Rev. Sci. Instrum. 45, 1369 (1974).
    """
    step = (grid[-1] - grid[0]) / (len(grid) - 1)
    half = min(int(np.ceil(REACH * fwhm.max(initial=0.0) / step)) + 1, len(grid))
    bins = np.arange(-half, half + 1)
    nearest = np.rint((centre - grid[0]) / step).astype(int)
    total = np.zeros(len(grid))
    rows = max(1, _CHUNK // len(bins))
    for start in range(0, len(centre), rows):
        part = slice(start, start + rows)
        index = nearest[part, None] + bins
        edges = grid[0] + step * (np.append(bins, half + 1) - 0.5 + nearest[part, None])
        share = np.diff(_cumulative((edges - centre[part, None]) / fwhm[part, None], eta), axis=1)
        seen = (index >= 0) & (index < len(grid))
        density = share * (area[part, None] / step)
        total += np.bincount(index[seen], density[seen], minlength=len(grid))
    return total


def _cumulative(x: Floats, eta: float) -> Floats:
    """Integral of the unit profile up to ``x`` widths from its centre."""
    from scipy.special import erf

    gauss = 0.5 * erf(2 * np.sqrt(np.log(2)) * x)
    return np.asarray(eta / np.pi * np.arctan(2 * x) + (1 - eta) * gauss)
