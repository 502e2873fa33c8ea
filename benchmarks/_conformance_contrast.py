"""What heavy water does to neutron small-angle scattering, against scattering lengths."""

from __future__ import annotations

import numpy as np
from _conformance_small_angle import curve

from ingest.simulators._scattering import scattering_length
from ingest.simulators._small_angle import LENGTHS
from registry.records import Floats

WATER = {"H": (18.0153, 0.99821), "D": (20.0276, 1.10534)}
"""Molar mass (g/mol) and density at 20 degree Celsius (g/cm^3) of H2O and D2O."""
AVOGADRO = 0.602214076
"""Molecules in 1 angstrom^3 at 1 mol/cm^3."""


def water_density(isotope: str) -> float:
    """Scattering length density of H2O or D2O (1e-6/angstrom^2), from fm and g/cm^3."""
    mass, density = WATER[isotope]
    length = 2 * scattering_length(isotope) + scattering_length("O")
    return length * density / mass * AVOGADRO * 10


def heavy_over_light() -> Floats:
    """I(Q) of silica spheres in D2O (the default) over that in H2O."""
    _, heavy = curve("sans_sphere")
    _, light = curve("sans_sphere", sld_solvent=-0.56)
    return np.asarray(heavy / light)


def contrasts_squared() -> float:
    """Contrast of silica in D2O over that in H2O, squared, by the scattering lengths of water."""
    heavy, light = (LENGTHS["sans"]["sld"] - water_density(isotope) for isotope in "DH")
    return (heavy / light) ** 2


def rows() -> list[tuple[str, str, str]]:
    """What, against what, and the figure found."""
    ratio = heavy_over_light()
    waters = ", ".join(f"{isotope}2O {water_density(isotope):.3f}" for isotope in WATER)
    return [
        (
            "`sans_sphere` of silica, in D2O over in H2O",
            f"contrasts squared, by scattering lengths ({waters}): {contrasts_squared():.3f}",
            f"ratio {ratio.mean():.3f}, even over Q to {np.ptp(ratio):.0e}",
        )
    ]
