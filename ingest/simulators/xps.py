r"""X-ray photoemission survey: core lines under Al K-alpha with their inelastic background.

.. math:: I_{jc} \propto n_j\, \sigma_{jc}\, \lambda(h\nu - E_b), \qquad
          F(E_b) = \sum_{jc} I_{jc} \, \mathrm{Voigt}(E_b - E_{jc}; w_{jc}, \Delta)

The sample is flat, clean and homogeneous; the detector is at the magic angle and counts all
energies alike. Levels are those of the free element: no chemical shift, no satellites, no Auger
lines, no bands. Elements that are gases have their levels from the vacuum (O 1s at 543 eV).

See :mod:`ingest.simulators._photoelectrons` for tables and their sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._photoelectrons import (
    AL_KA,
    core_levels,
    mean_free_path,
    tougaard_background,
)
from registry.errors import Unsupported, WrongUse
from registry.records import Axis, Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

SLOWEST = 50.0
"""Kinetic energy (eV) below which the mean free path is not known."""
SIGMA = 2 * np.sqrt(2 * np.log(2))


def lines(structure: Structure, gap: float = 0.0) -> dict[str, tuple[float, float, float]]:
    """Binding energy (eV), natural width (eV) and intensity of each line, by element and level.

    Intensities are per atom of the structure, in Mb times angstrom.

    Raises:
        Unsupported: For an element outside the tables, or a structure without a line.
    """
    composition = structure.composition.element_composition
    found: dict[str, tuple[float, float, float]] = {}
    for element, amount in composition.items():
        for level in core_levels(element.symbol):
            kinetic = AL_KA - level.binding_energy
            if kinetic < SLOWEST:
                continue
            path = mean_free_path(np.array([kinetic]), structure, gap)[0]
            share = amount / composition.num_atoms
            intensity = float(share * level.cross_section * path)
            name = f"{level.element} {level.name}"
            found[name] = (level.binding_energy, level.width, intensity)
    if not found:
        raise Unsupported("structure", "an element with a core level", composition.formula)
    return found


def spectrum(
    binding_energy: Floats,
    levels: dict[str, tuple[float, float, float]],
    resolution: float,
) -> Floats:
    """Lines and background over ``binding_energy`` (eV), even and ascending, shape ``(n,)``."""
    from scipy.special import voigt_profile

    step = (binding_energy[-1] - binding_energy[0]) / (len(binding_energy) - 1)
    # electrons lose energy from lower binding energies into the grid
    before = int(np.ceil(binding_energy[0] / step)) if binding_energy[0] > 0 else 0
    wide = binding_energy[0] + step * np.arange(-before, len(binding_energy))
    # a line narrower than a step would fall between the points
    sigma = np.hypot(resolution, step) / SIGMA
    primary = np.zeros(len(wide))
    for position, width, intensity in levels.values():
        primary += intensity * voigt_profile(wide - position, sigma, width / 2)
    kinetic = AL_KA - wide[::-1]
    return tougaard_background(kinetic, primary[::-1])[::-1][before:]


def simulate(structure: Structure, **settings: float) -> Curve:
    """Survey on an even grid of binding energy (eV), its maximum 100.

    Raises:
        Unsupported: For an element outside the tables, or no line on the grid.
        WrongUse: When the grid is empty.
    """
    low, high = settings["energy_min"], settings["energy_max"]
    if not low < high:
        raise WrongUse("energy_max", f"more than energy_min = {low}", str(high))
    levels = lines(structure, settings["gap"])
    if not any(low <= position <= high for position, _, _ in levels.values()):
        raise Unsupported("structure", f"a core level between {low} and {high} eV", "none")
    grid = np.linspace(low, high, int(settings["points"]))
    intensity = spectrum(grid, levels, settings["resolution"])
    scaled = 100 * intensity / intensity.max()
    return Curve(Axis("binding_energy", "eV", grid), scaled, "percent of maximum")


SIMULATOR = Simulator(
    name="xps",
    version="1",
    technique="xps",
    parameters={
        "energy_min": Parameter(0.0, "eV", "first binding energy of the grid", 0.0, 1400.0),
        "energy_max": Parameter(1200.0, "eV", "last binding energy of the grid", 10.0, 1430.0),
        "points": Parameter(2401, "", "number of points of the grid", 2, 5000),
        "resolution": Parameter(1.0, "eV", "full width of source and analyser", 0.05, 10.0),
        "gap": Parameter(0.0, "eV", "band gap, for the mean free path", 0.0, 15.0),
    },
    simulate=simulate,
    source="Yeh & Lindau (1985); Tanuma, Powell & Penn (1994); Tougaard (1988)",
)
