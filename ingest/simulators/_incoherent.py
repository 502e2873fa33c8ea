r"""Neutron scattering of a powder in the incoherent approximation, from densities of states.

.. math:: S(Q, E) = e^{-2W} \sum_{n=0}^{N} \frac{(2W)^n}{n!} T_n(E), \qquad
          2W(Q) = \frac{\hbar^2 Q^2}{2M} \gamma, \quad
          \gamma = \int_0^\infty \frac{g(E)}{E} \coth\frac{E}{2 k_B T} \, dE

.. math:: T_0 = \delta, \quad
          T_1(E) = \frac{1}{\gamma} \frac{g(|E|)}{E\,(1 - e^{-E / k_B T})}, \quad
          T_n = T_1 * T_{n-1}

for each atom, with g of area 1 and E > 0 where the neutron loses energy. The area of S is 1, its
mean is the recoil energy. Displacements are taken as isotropic and interference between atoms is
left out, as in a powder at large Q.

Sources: Sjolander, Ark. Fys. 14, 315 (1958); Squires, *Introduction to the Theory of Thermal
Neutron Scattering* (1978), chapter 3.
"""

from __future__ import annotations

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats

K_B = 0.08617333262
"""Boltzmann constant (meV/K), CODATA 2018."""
RECOIL = 2.0901144
"""hbar^2 / 2u in meV angstrom^2: the recoil energy of a mass of 1 u at Q = 1 1/angstrom."""
LEFT_OUT = 1e-3
"""Share of the intensity that the terms beyond the last may hold."""


def gamma(energy: Floats, dos: Floats, temperature: float) -> float:
    """Integral of g(E) coth(E / 2kT) / E (1/meV); ``energy`` (meV) even, from one step on."""
    step = energy[1] - energy[0]
    return float(np.sum(dos / energy * _coth(energy, temperature)) * step)


def debye_waller(q: Floats, mass: float, gamma_: float) -> Floats:
    """2W at each Q (1/angstrom) for a mass (u) and :func:`gamma`."""
    return np.asarray(RECOIL * np.square(q) / mass * gamma_)


def mean_square_displacement(mass: float, gamma_: float) -> float:
    """u^2 along one direction (angstrom^2): 2W = Q^2 u^2."""
    return RECOIL / mass * gamma_


def one_phonon(energy: Floats, dos: Floats, temperature: float) -> Floats:
    """T_1 on the grid of -E_max ... 0 ... E_max, area 1, shape ``(2 n + 1,)``.

    Args:
        energy: h, 2 h, ... n h (meV), shape ``(n,)``.
        dos: g at these energies, shape ``(n,)``.
        temperature: In K; 0 for the ground state.
    """
    step = energy[1] - energy[0]
    if temperature > 0:
        x = energy / (K_B * temperature)
        loss = dos / energy / -np.expm1(-x)
        gain = loss * np.exp(-x)
        # g grows as the square of E: T_1 has a value at 0
        centre = dos[0] / energy[0] ** 2 * K_B * temperature
    else:
        loss, gain, centre = dos / energy, np.zeros(len(energy)), 0.0
    both = np.concatenate([gain[::-1], [centre], loss])
    return np.asarray(both / (both.sum() * step))


def incoherent_sqe(
    q: Floats,
    energy: Floats,
    dos: Floats,
    mass: float,
    temperature: float,
    terms: int,
) -> Floats:
    """S(Q, E) of one atom without its elastic line (1/meV), shape ``(len(q), 2 m + 1)``.

    The grid of E is -m h ... 0 ... m h with m = ``terms`` times the length of ``energy``.

    Args:
        q: Momentum transfer (1/angstrom).
        energy: h, 2 h, ... n h (meV), shape ``(n,)``.
        dos: g at these energies, area 1, shape ``(n,)``.
        mass: Of the atom (u).
        temperature: In K; 0 for the ground state.
        terms: Phonons created or lost in one event, at most.

    Raises:
        Unsupported: When more than ``LEFT_OUT`` of the intensity has more phonons than that.
    """
    from scipy.signal import fftconvolve
    from scipy.stats import poisson

    step = energy[1] - energy[0]
    two_w = debye_waller(q, mass, gamma(energy, dos, temperature))
    beyond = float(poisson.sf(terms, two_w).max())
    if beyond > LEFT_OUT:
        raise Unsupported(
            "structure", f"at most {LEFT_OUT} of S beyond {terms} phonons", f"{beyond:.2g}"
        )
    first = one_phonon(energy, dos, temperature)
    total = np.zeros((len(q), 2 * terms * len(energy) + 1))
    t = first
    for n in range(1, terms + 1):
        if n > 1:
            t = np.maximum(fftconvolve(t, first) * step, 0.0)
        away = (terms - n) * len(energy)
        total[:, away : away + len(t)] += np.outer(poisson.pmf(n, two_w), t)
    return total


def _coth(energy: Floats, temperature: float) -> Floats:
    if temperature == 0:
        return np.ones(len(energy))
    return np.asarray(1 / np.tanh(energy / (2 * K_B * temperature)))
