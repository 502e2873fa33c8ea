r"""Phonon density of states of a crystal, area 1.

.. math:: g(E) = \frac{1}{3N} \sum_{q j} \delta(E - \hbar\omega_{qj})

Potential, sources and what is known of its softness: :mod:`ingest.simulators._phonons`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._phonons import PHONON_PARAMETERS, density_of_states, phonon_modes
from registry.errors import Unsupported
from registry.records import Axis

if TYPE_CHECKING:
    from pymatgen.core import Structure


def simulate(structure: Structure, **settings: float) -> Curve:
    """g(E) in 1/meV on an even grid of energies from 0 (meV); settings as ``SIMULATOR`` lists.

    Raises:
        Unsupported: When the structure cannot be simulated or has modes beyond the grid.
        WrongUse: When the extra ``phonons`` is not installed.
    """
    modes = phonon_modes(structure, settings)
    energy = np.linspace(0.0, settings["energy_max"], int(settings["points"]))
    if modes.energy.max() > energy[-1]:
        raise Unsupported("structure", f"modes up to {energy[-1]} meV", f"{modes.energy.max():.1f}")
    dos = density_of_states(modes, energy, settings["fwhm"]).mean(axis=0)
    return Curve(Axis("energy", "meV", energy), dos, "1/meV")


SIMULATOR = Simulator(
    name="phonon_dos",
    version="1",
    technique="phonon_dos",
    parameters={
        **PHONON_PARAMETERS,
        "energy_max": Parameter(150.0, "meV", "last energy of the grid", 10.0, 600.0),
        "points": Parameter(601, "", "number of points of the grid", 2, 5000),
        "fwhm": Parameter(1.0, "meV", "width of each mode", 0.0, 20.0),
    },
    simulate=simulate,
    source="Togo et al., J. Phys.: Condens. Matter 35, 353001 (2023)",
)
