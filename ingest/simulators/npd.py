r"""Neutron powder diffraction at a constant wavelength, kinematic, nuclear scattering only.

.. math:: I(2\theta) = \sum_{hkl} \frac{|F_{hkl}|^2}{\sin^2\theta \cos\theta} \,
          \mathrm{pV}(2\theta - 2\theta_{hkl}), \quad f_j = b_j

See ``docs/simulators.md`` for symbols, units and limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve
from ingest.simulators._powder import (
    PowderSimulator,
    Radiation,
    Sticks,
    powder_curve,
    powder_parameters,
    powder_sticks,
)
from ingest.simulators._scattering import scattering_length
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

WAVELENGTH = 1.54


def lorentz(theta: Floats) -> Floats:
    """Lorentz factor of a powder; theta in radian, shape ``(n,)``."""
    return np.asarray(1 / (np.sin(theta) ** 2 * np.cos(theta)))


def point_scattering(element: str, s: Floats) -> Floats:
    """Nuclear amplitude (fm): the scattering length, the same at every s."""
    return np.full(len(s), scattering_length(element))


RADIATION = Radiation(point_scattering, lorentz)


def sticks(
    structure: Structure,
    wavelength: float = WAVELENGTH,
    two_theta_range: tuple[float, float] = (0.0, 90.0),
    b_iso: float = 0.0,
) -> Sticks:
    """Lines before broadening; the arguments are those of :func:`_powder.powder_sticks`."""
    return powder_sticks(structure, RADIATION, wavelength, two_theta_range, b_iso)


def simulate(structure: Structure, **settings: float) -> Curve:
    """Pattern on a grid of two_theta (degree), maximum 100; settings as ``SIMULATOR`` lists."""
    return powder_curve(structure, RADIATION, settings)


SIMULATOR = PowderSimulator(
    name="npd",
    version="1",
    technique="npd",
    parameters=powder_parameters(WAVELENGTH),
    simulate=simulate,
    source="De Graef & McHenry, Structure of Materials, 2nd ed., chapter 13",
)
