r"""Inelastic neutron scattering S(Q, E) of a powder, incoherent approximation, many phonons.

.. math:: S(Q, E) = \frac{\sum_d \sigma_d S_d(Q, E)}{\sum_d \sigma_d} * R(E)

with sigma_d the bound scattering cross section of atom d and S_d of
:mod:`ingest.simulators._incoherent`, its elastic line included; R is a Gaussian. No kinematic
limit, no coherent structure, no second scattering and no magnetism.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._incoherent import debye_waller, gamma, incoherent_sqe
from ingest.simulators._phonons import (
    PHONON_PARAMETERS,
    Modes,
    atomic_mass,
    density_of_states,
    phonon_modes,
)
from registry.errors import Unsupported
from registry.records import Axis, Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

STEP = 0.5
"""Step of the energies within (meV)."""
FWHM = 2 * np.sqrt(2 * np.log(2))


def cross_section(element: str) -> float:
    """Bound scattering cross section, coherent and incoherent (barn); D and T included.

    Raises:
        Unsupported: For an element whose cross section is not known.
    """
    import periodictable

    neutron = periodictable.elements.symbol(element).neutron
    if neutron.total is None:
        raise Unsupported("structure", "elements with a neutron cross section", element)
    return float(neutron.total)


def powder_sqe(
    modes: Modes, elements: tuple[str, ...], q: Floats, energy: Floats, settings: dict[str, float]
) -> Floats:
    """S(Q, E) of a crystal (1/meV), shape ``(len(energy), len(q))``.

    Args:
        modes: Its modes.
        elements: Element or isotope of each atom of ``modes``.
        q: Momentum transfer (1/angstrom).
        energy: Energy transfer (meV), positive for the loss of the neutron.
        settings: ``temperature`` (K), ``terms``, and ``resolution`` (full width, meV).
    """
    within = STEP * np.arange(1, int(np.ceil(modes.energy.max() / STEP)) + 4)
    densities = density_of_states(modes, within, 0.0)
    weights = np.array([cross_section(element) for element in elements])
    terms, kelvin = int(settings["terms"]), settings["temperature"]
    grid = STEP * np.arange(-terms * len(within), terms * len(within) + 1)
    resolution = _resolution(energy, grid, settings["resolution"])
    elastic = _resolution(energy, np.zeros(1), settings["resolution"])
    total = np.zeros((len(energy), len(q)))
    for element, dos, weight in zip(elements, densities, weights / weights.sum(), strict=True):
        mass = atomic_mass(element)
        inelastic = incoherent_sqe(q, within, dos, mass, kelvin, terms)
        two_w = debye_waller(q, mass, gamma(within, dos, kelvin))
        total += weight * (resolution @ inelastic.T * STEP + elastic * np.exp(-two_w))
    return total


def simulate(structure: Structure, **settings: float) -> Curve:
    """S(Q, E) in 1/meV on even grids of energy transfer (meV) and Q (1/angstrom).

    Raises:
        Unsupported: When the structure cannot be simulated, or ``terms`` phonons are too few for
            it at ``q_max``.
        WrongUse: When the extra ``phonons`` is not installed.
    """
    modes = phonon_modes(structure, settings)
    energy = np.linspace(settings["energy_min"], settings["energy_max"], int(settings["points"]))
    q = np.linspace(settings["q_min"], settings["q_max"], int(settings["q_points"]))
    elements = tuple(site.specie.name for site in structure)
    sqe = powder_sqe(modes, elements, q, energy, settings)
    return Curve(
        Axis("energy_transfer", "meV", energy), sqe, "1/meV", axes=(Axis("Q", "1/angstrom", q),)
    )


def _resolution(energy: Floats, grid: Floats, fwhm: float) -> Floats:
    """Gaussian of each point of ``grid`` at each ``energy`` (1/meV)."""
    sigma = fwhm / FWHM
    distance = (energy[:, None] - grid) / sigma
    return np.asarray(np.exp(-0.5 * distance**2) / (np.sqrt(2 * np.pi) * sigma))


SIMULATOR = Simulator(
    name="ins",
    version="1",
    technique="ins",
    parameters={
        **PHONON_PARAMETERS,
        "energy_min": Parameter(-50.0, "meV", "first energy transfer", -500.0, 500.0),
        "energy_max": Parameter(150.0, "meV", "last energy transfer", -500.0, 1000.0),
        "points": Parameter(401, "", "number of energies", 2, 2000),
        "q_min": Parameter(0.5, "1/angstrom", "first Q", 0.0, 30.0),
        "q_max": Parameter(10.0, "1/angstrom", "last Q", 0.1, 40.0),
        "q_points": Parameter(40, "", "number of Q", 1, 500),
        "temperature": Parameter(300.0, "K", "temperature", 0.0, 3000.0),
        "terms": Parameter(8, "", "phonons of one event, at most", 1, 60),
        "resolution": Parameter(2.0, "meV", "full width of the resolution", 1.0, 50.0),
    },
    simulate=simulate,
    source="Squires, Introduction to the Theory of Thermal Neutron Scattering (1978), chapter 3",
)
