r"""Normalised apparent volumes of a particle: shape from three integrals.

.. math:: V(x) = \frac{2 \pi^2 I_0}{R_g^3 \int_0^{x / R_g} q^2 I(q)\,dq}, \qquad x = 3, 4, 5

Rg and I0 are those of the Guinier fit, which also stands for the curve below its first point. As x
grows, V falls to the Porod volume over Rg cubed: 9.01 for a sphere, the most compact shape, and
less the more extended or hollow the particle is. Size and concentration drop out.
"""

from __future__ import annotations

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._guinier import guinier, low_invariant
from features.spectra._parameters import above
from features.spectra._sampling import integral
from registry.errors import Unsupported
from registry.records import Floats

LIMITS = np.array([3.0, 4.0, 5.0])


def _compute(curve: Curve, limit: float, q_min: float) -> Floats:
    fit = guinier(curve, limit, q_min)
    ends = LIMITS / fit.rg
    if ends[-1] > curve.x[-1]:
        raise Unsupported(
            "spectrum", f"q Rg up to {LIMITS[-1]:g}", f"up to {curve.x[-1] * fit.rg:.3g}"
        )
    q, i = curve.x[curve.x >= fit.first], curve.y[curve.x >= fit.first]
    invariant = low_invariant(fit, fit.first) + integral(q, q * q * i, ends)
    if not (invariant > 0).all():
        raise Unsupported("spectrum", "a positive integral of q^2 I", f"{invariant.min():g}")
    return 2 * np.pi**2 * fit.i0 / (fit.rg**3 * invariant)


def _width(parameters: Parameters) -> int:
    above("limit", parameters["limit"])
    return len(LIMITS)


DESCRIPTOR = Descriptor(
    name="franke_volumes",
    version="1",
    parameters={"limit": 1.3, "q_min": 0.0},
    units={"limit": "", "q_min": "1/angstrom"},
    width=_width,
    compute=_compute,
    unit="",
    source="Franke, Jeffries and Svergun, Biophys. J. 114, 2485 (2018)",
    entity="spectrum",
    techniques=("saxs", "sans"),
)
