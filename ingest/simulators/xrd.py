r"""X-ray powder diffraction, kinematic, one wavelength, Bragg-Brentano without monochromator.

.. math:: I(2\theta) = \sum_{hkl} |F_{hkl}|^2
          \frac{1 + \cos^2 2\theta}{\sin^2\theta \cos\theta} \, \mathrm{pV}(2\theta - 2\theta_{hkl})

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
from ingest.simulators._scattering import form_factor
from registry.errors import WrongUse
from registry.records import Floats
from registry.vocabulary import CU_KA

if TYPE_CHECKING:
    from pymatgen.core import Structure


def lorentz_polarisation(theta: Floats) -> Floats:
    """Lorentz-polarisation factor of an unpolarised beam; theta in radian, shape ``(n,)``."""
    return np.asarray((1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta)))


S_MAX = 1.05
"""Largest sin(theta)/lambda (1/angstrom) for which the form factors hold."""
RADIATION = Radiation(form_factor, lorentz_polarisation)


def sticks(
    structure: Structure,
    wavelength: float = CU_KA,
    two_theta_range: tuple[float, float] = (0.0, 90.0),
    b_iso: float = 0.0,
) -> Sticks:
    """Lines before broadening; the arguments are those of :func:`_powder.powder_sticks`.

    Raises:
        WrongUse: When the range reaches beyond ``S_MAX``.
        Unsupported: When the structure cannot be simulated; the message says why.
    """
    _check_range(wavelength, two_theta_range[1])
    return powder_sticks(structure, RADIATION, wavelength, two_theta_range, b_iso)


def simulate(structure: Structure, **settings: float) -> Curve:
    """Pattern on a grid of two_theta (degree), maximum 100; settings as ``SIMULATOR`` lists."""
    _check_range(settings["wavelength"], settings["two_theta_max"])
    return powder_curve(structure, RADIATION, settings)


def _check_range(wavelength: float, two_theta_max: float) -> None:
    s = np.sin(np.radians(two_theta_max) / 2) / wavelength
    if s > S_MAX:
        raise WrongUse(
            "wavelength, two_theta_max",
            f"sin(theta)/lambda up to {S_MAX} 1/angstrom, where the form factors hold",
            f"{s:.3g} 1/angstrom",
        )


SIMULATOR = PowderSimulator(
    name="xrd",
    version="1",
    technique="xrd",
    parameters=powder_parameters(CU_KA),
    simulate=simulate,
    source="De Graef & McHenry, Structure of Materials, 2nd ed., chapters 11-12",
)
