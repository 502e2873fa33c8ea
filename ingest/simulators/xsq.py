r"""X-ray total-scattering structure factor S(Q), with form factors f(Q).

See :mod:`ingest.simulators._total_scattering` for the formula and ``docs/simulators.md`` for the
limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Simulator
from ingest.simulators._scattering import atomic_number
from ingest.simulators._total_scattering import (
    TOTAL_SCATTERING_PARAMETERS,
    Probe,
    total_scattering_curve,
)
from registry.errors import Unsupported
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

HEAVIEST = 98


def wide_form_factor(element: str, s: Floats) -> Floats:
    """X-ray form factor of a neutral atom at s = sin(theta)/lambda up to 6 1/angstrom.

    The coefficients of the powder patterns end at 1.05, where Q is 13.

    Raises:
        Unsupported: For an element beyond californium.

    Source: Waasmaier & Kirfel, Acta Cryst. A 51, 416 (1995), as xraydb has it.
    """
    import xraydb

    number = atomic_number(element)
    if number > HEAVIEST:
        raise Unsupported("structure", "elements with an X-ray form factor", element)
    return np.asarray(xraydb.f0(number, s))


def _nothing(element: str) -> float:  # noqa: ARG001 (Compton scattering is left out)
    return 0.0


PROBE = Probe(wide_form_factor, _nothing)


def simulate(structure: Structure, **settings: float) -> Curve:
    """S(Q) on a grid of Q (1/angstrom); settings as ``SIMULATOR`` lists."""
    return total_scattering_curve(structure, PROBE, settings)


SIMULATOR = Simulator(
    name="xsq",
    version="1",
    technique="xsq",
    parameters=TOTAL_SCATTERING_PARAMETERS,
    simulate=simulate,
    source="Keen, J. Appl. Cryst. 34, 172 (2001)",
)
