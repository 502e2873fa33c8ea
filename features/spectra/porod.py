r"""Porod's laws: invariant, surface and volume of the scatterers of a small-angle curve.

The invariant is taken from zero to infinity,

.. math:: Q = \int_0^\infty q^2 \bigl(I(q) - B\bigr)\,dq

with the Guinier law below the first point and :math:`K q^{-4}` beyond the last. K and the constant
background B are fitted to the tail, the points above ``tail`` times the last q; ``background`` may
be ``none``. Then the surface over the volume of the particles is :math:`S/V = \pi K / Q` (dilute,
two phases, sharp boundaries) and the Porod volume :math:`V = 2 \pi^2 I_0 / Q`. The exponent p is
the slope of ln(I - B) against ln q from ``3 / Rg`` on: 4 for a smooth surface, 3 to 4 for a rough
one, 1 for rods, 2 for sheets or chains.

Values: Q, p, K, B, S/V, V. O. Glatter and O. Kratky (eds.), Small Angle X-ray Scattering (1982),
chapter 2; G. Porod, Kolloid-Z. 124, 83 (1951).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._fitting import least_squares, select, usable
from features.spectra._guinier import guinier, low_invariant
from features.spectra._parameters import above, one_of, share
from registry.errors import Unsupported
from registry.records import Floats

BEYOND_GUINIER = 3.0
"""q Rg from which on the exponent is taken."""
LEAST = 8
"""Points of a tail, and of the range of the exponent, at least."""


def tail_of(curve: Curve, tail: float, background: str) -> tuple[float, float]:
    """Fit K q^-4 + B to the tail of I(q); K in the unit of I / angstrom^4, B in that of I.

    Args:
        curve: I(q), q in 1/angstrom.
        tail: Where it starts, as a share of the last q.
        background: ``fit`` or ``none``.

    Raises:
        Unsupported: When the tail has too few points, or does not fall with q.
    """
    part = usable(select(curve, curve.x >= tail * curve.x[-1]))
    if len(part.x) < LEAST:
        raise Unsupported("spectrum: tail", f"{LEAST} points", str(len(part.x)))
    law = (part.x / part.x[-1]) ** -4.0
    basis = np.stack([law, np.ones(len(law))] if background == "fit" else [law], axis=1)
    # without uncertainties the curve is taken to scatter in proportion to the law
    sigma = law if part.uncertainty is None else part.uncertainty
    found = least_squares(basis, part.y, sigma)[0]
    if not found[0] > 0:
        raise Unsupported("spectrum: tail", "one that falls with q", f"K = {found[0]:.3g}")
    return float(found[0] * part.x[-1] ** 4), float(found[1]) if background == "fit" else 0.0


def exponent_of(bare: Curve, start: float) -> float:
    """Exponent of the power law from a q on; points with I <= 0 are left out.

    Raises:
        Unsupported: When there are too few points.
    """
    part = usable(select(bare, (bare.x >= start) & (bare.y > 0)))
    if len(part.x) < LEAST:
        expected = f"{LEAST} points from {start:.3g} 1/angstrom on"
        raise Unsupported("spectrum: power law", expected, str(len(part.x)))
    basis = np.stack([np.ones(len(part.x)), -np.log(part.x)], axis=1)
    sigma = None if part.uncertainty is None else part.uncertainty / part.y
    return float(least_squares(basis, np.log(part.y), sigma)[0][1])


def _compute(curve: Curve, limit: float, q_min: float, tail: float, background: str) -> Floats:
    porod, level = tail_of(curve, tail, background)
    bare = replace(curve, y=curve.y - level)
    fit = guinier(bare, limit, q_min)
    exponent = exponent_of(bare, BEYOND_GUINIER / fit.rg)
    q, i = bare.x[bare.x >= fit.first], bare.y[bare.x >= fit.first]
    invariant = low_invariant(fit, fit.first) + np.trapezoid(q * q * i, q) + porod / q[-1]
    if not invariant > 0:
        raise Unsupported("spectrum", "a positive invariant", f"{invariant:g}")
    surface, volume = np.pi * porod / invariant, 2 * np.pi**2 * fit.i0 / invariant
    return np.array([invariant, exponent, porod, level, surface, volume])


def _width(parameters: Parameters) -> int:
    above("limit", parameters["limit"])
    one_of("background", parameters["background"], ("fit", "none"))
    share("tail", parameters["tail"])
    return 6


DESCRIPTOR = Descriptor(
    name="porod",
    version="1",
    parameters={"limit": 1.3, "q_min": 0.0, "tail": 0.5, "background": "fit"},
    units={"limit": "", "q_min": "1/angstrom", "tail": "", "background": ""},
    width=_width,
    compute=_compute,
    unit="I/angstrom^3; none; I/angstrom^4; I; 1/angstrom; angstrom^3 (I: of the intensity)",
    source="Porod, Kolloid-Z. 124, 83 (1951); Glatter and Kratky, Small Angle X-ray Scattering "
    "(1982), chapter 2",
    entity="spectrum",
    techniques=("saxs", "sans"),
)
