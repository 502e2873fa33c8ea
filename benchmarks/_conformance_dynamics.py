"""Agreement of inelastic scattering and photoemission from bands with closed forms."""

from __future__ import annotations

import numpy as np

from ingest.simulators._incoherent import K_B, RECOIL, incoherent_sqe
from ingest.simulators.arpes import Band, SelfEnergy, spectral_function
from registry.records import Floats

STEP = 0.25
ENERGY = STEP * np.arange(1, 121)
"""Up to 30 meV."""
Q = np.array([0.5, 2.0, 6.0, 9.0])
KELVIN = 300.0


def oscillator_difference(temperature: float, quantum: float = 10.0, mass: float = 12.0) -> float:
    """Largest difference of the lines of -2 to 3 quanta of an oscillator from its exact solution.

    Of each line over its largest at any Q. Squires, *Theory of Thermal Neutron Scattering* (1978),
    eq. 3.100: e^{-2W} e^{nE/2kT} I_n(2W / cosh(E/2kT)) with 2W = (hbar^2 Q^2 / 2ME) coth(E/2kT);
    at 0 K a Poisson distribution.
    """
    from scipy.special import iv
    from scipy.stats import poisson

    terms = 40
    dos = np.zeros(len(ENERGY))
    dos[round(quantum / STEP) - 1] = 1 / STEP
    bare = RECOIL * Q**2 / (mass * quantum)
    found = incoherent_sqe(Q, ENERGY, dos, mass, temperature, terms)
    worst = 0.0
    for n in (-2, -1, 1, 2, 3):
        line = np.abs(transfer(terms) - n * quantum) < STEP / 2
        area = found[:, line].sum(axis=1) * STEP
        if temperature:
            x = quantum / (2 * K_B * temperature)
            exact = np.exp(-bare / np.tanh(x) + n * x) * iv(n, bare / np.sinh(x))
        else:
            exact = poisson.pmf(n, bare)
        # at 0 K there is nothing to lose: those lines are compared as they are
        worst = max(worst, np.abs(area - exact).max() / (exact.max() or 1.0))
    return float(worst)


def recoil_ratio(temperature: float, mass: float = 27.0) -> Floats:
    """Mean energy transfer of a Debye solid over hbar^2 Q^2 / 2M (Placzek), at each Q."""
    terms = 12
    found = incoherent_sqe(Q, ENERGY, debye(25.0), mass, temperature, terms)
    return np.asarray(found @ transfer(terms) * STEP / (RECOIL * Q**2 / mass))


def debye(cutoff: float) -> Floats:
    """3 E^2 / E_D^3 up to the cutoff (meV)."""
    dos = np.where(cutoff >= ENERGY, 3 * ENERGY**2 / cutoff**3, 0.0)
    return np.asarray(dos / (dos.sum() * STEP))


def transfer(terms: int) -> Floats:
    """Energies (meV) of S(Q, E) of so many phonons."""
    n = terms * len(ENERGY)
    return np.asarray(STEP * np.arange(-n, n + 1))


def band_difference(n: int = 12) -> float:
    """Largest difference (eV) of the band from the spectrum of a ring of n by n sites."""
    band = Band(t=0.36, t_prime=0.10, t_second=0.035, mu=-0.40, a=3.85)
    site = np.arange(n * n).reshape(n, n)
    matrix = np.diag(np.full(n * n, -band.mu))
    hops = {(1, 0): -band.t, (0, 1): -band.t, (1, 1): band.t_prime, (1, -1): band.t_prime}
    hops |= {(2, 0): -band.t_second, (0, 2): -band.t_second}
    for shift, amplitude in hops.items():
        other = np.roll(site, shift, axis=(0, 1))
        matrix[site, other] += amplitude
        matrix[other, site] += amplitude
    k = 2 * np.pi * np.arange(n) / n / band.a
    ours = band.energy(*(axis.ravel() for axis in np.meshgrid(k, k)))
    return float(np.abs(np.sort(ours) - np.linalg.eigvalsh(matrix)).max())


def masses_near_the_fermi_level(coupling: float = 0.8) -> Floats:
    """How much heavier a boson makes the band, by its peaks at -10, -5 and 5 meV."""
    sharp = SelfEnergy(impurity=1e-4, coupling=coupling, boson=0.07, boson_width=1e-5)
    epsilon = np.linspace(-0.05, 0.05, 20_001)
    omega = np.array([-0.01, -0.005, 0.005])
    peak = epsilon[spectral_function(omega, epsilon, sharp).argmax(axis=1)]
    return np.asarray(peak / omega)


def rows() -> list[tuple[str, str, str]]:
    """What, against what, and the figure found."""
    recoil = recoil_ratio(KELVIN)
    return [
        (
            f"`ins`, one oscillator, {KELVIN:g} K",
            "exact lines of -2 to 3 quanta (Squires, 1978)",
            f"at most {oscillator_difference(KELVIN):.1e} of a line",
        ),
        (
            "`ins`, mean energy of a Debye solid",
            f"recoil ħ²Q²/2M, Q = 0.5 to 9, energies in steps of {STEP} meV",
            f"ratio {recoil.min():.4f} to {recoil.max():.4f}",
        ),
        (
            "`arpes`, bare band",
            "spectrum of a ring of 12 × 12 sites",
            f"at most {band_difference():.1e} eV",
        ),
        (
            "`arpes`, mass at the Fermi level, λ = 0.8",
            "1 + λ (Engelsberg & Schrieffer, 1963)",
            f"{masses_near_the_fermi_level().mean():.3f}",
        ),
    ]
