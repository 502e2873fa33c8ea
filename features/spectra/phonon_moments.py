r"""Moments of the phonon density of states, and the heat capacity it gives.

With g(E) scaled to :math:`\int_0^\infty g\,dE = 1`, each value is per mode:

.. math::
    \langle E \rangle, \qquad \langle E^2 \rangle, \qquad E_{\log} = \exp \langle \ln E \rangle,
    \qquad \frac{C_V(T)}{k_B} = \int g(E)\,\frac{(u/2)^2}{\sinh^2(u/2)}\,dE,
    \quad u = \frac{E}{k_B T}

C_V of a mole of formula units with n atoms is 3 n R times the value, which tends to 1 (Dulong and
Petit). Integrals by the trapezoidal rule over E > 0. Imaginary modes, stored at negative energies,
have no such moments: a curve with more than ``imaginary`` of its weight there is refused, otherwise
they are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.curve import Curve
from features.descriptor import Descriptor, Parameters
from features.spectra._parameters import above, at_least, share
from registry.errors import Unsupported
from registry.records import Floats

BOLTZMANN = 0.08617333262145179
"""meV/K, exact in the SI of 2019."""


def heat_capacity(energy: Floats, density: Floats, temperatures: Floats) -> Floats:
    """Heat capacity per mode over the Boltzmann constant, shape ``(t,)``.

    Args:
        energy: Above zero, meV, shape ``(n,)``.
        density: Normalised, 1/meV, shape ``(n,)``.
        temperatures: Above zero, K, shape ``(t,)``.
    """
    half = energy / (2 * BOLTZMANN * temperatures[:, None])
    # 1/sinh without overflow: 2 e^-h / (1 - e^-2h)
    mode = (2 * half * np.exp(-half) / -np.expm1(-2 * half)) ** 2
    return np.asarray(np.trapezoid(density * mode, energy, axis=1))


def _compute(curve: Curve, temperatures: Sequence[float], imaginary: float) -> Floats:
    real = curve.x > 0
    energy, density = curve.x[real], curve.y[real]
    weight = np.trapezoid(density, energy)
    lost = np.trapezoid(curve.y[~real], curve.x[~real])
    if not weight > 0:
        raise Unsupported("spectrum", "modes at positive energies", f"a weight of {weight:g}")
    if lost > imaginary * (weight + lost):
        share = f"{lost / (weight + lost):.3g} of the weight"
        raise Unsupported("spectrum", f"at most {imaginary:g} of it at negative energies", share)
    density = density / weight
    mean, square, log = (
        np.trapezoid(density * term, energy) for term in (energy, energy**2, np.log(energy))
    )
    heat = heat_capacity(energy, density, np.array(temperatures, dtype=np.float64))
    return np.concatenate([[mean, square, np.exp(log)], heat])


def _width(parameters: Parameters) -> int:
    temperatures = list(parameters["temperatures"])
    for temperature in temperatures:
        above("temperatures", temperature)
    share("imaginary", parameters["imaginary"])
    return 3 + at_least("temperatures", len(temperatures), 1)


DESCRIPTOR = Descriptor(
    name="phonon_moments",
    version="1",
    parameters={"temperatures": (50.0, 100.0, 300.0, 600.0), "imaginary": 0.01},
    units={"temperatures": "K", "imaginary": ""},
    width=_width,
    compute=_compute,
    unit="meV; meV^2; meV; k_B per mode",
    source="Dove, Introduction to Lattice Dynamics (1993), chapter 5",
    entity="spectrum",
    techniques=("phonon_dos",),
)
