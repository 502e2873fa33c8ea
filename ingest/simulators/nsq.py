r"""Neutron total-scattering structure factor S(Q), with coherent scattering lengths.

See :mod:`ingest.simulators._total_scattering` for the formula and ``docs/simulators.md`` for the
limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Simulator
from ingest.simulators._total_scattering import (
    TOTAL_SCATTERING_PARAMETERS,
    Probe,
    total_scattering_curve,
)
from ingest.simulators.npd import point_scattering
from registry.errors import Unsupported

if TYPE_CHECKING:
    from pymatgen.core import Structure

BARN = 100.0
"""In fm^2."""


def incoherent_square(element: str) -> float:
    """Square of the bound incoherent scattering length (fm^2), isotopes D and T included.

    Raises:
        Unsupported: When the incoherent cross section is not known.
    """
    import periodictable

    cross_section = periodictable.elements.symbol(element).neutron.incoherent
    if cross_section is None:
        raise Unsupported("structure", "an incoherent cross section", element)
    return float(cross_section) * BARN / (4 * np.pi)


PROBE = Probe(point_scattering, incoherent_square)


def simulate(structure: Structure, **settings: float) -> Curve:
    """S(Q) on a grid of Q (1/angstrom); settings as ``SIMULATOR`` lists."""
    return total_scattering_curve(structure, PROBE, settings)


SIMULATOR = Simulator(
    name="nsq",
    version="1",
    technique="nsq",
    parameters=TOTAL_SCATTERING_PARAMETERS,
    simulate=simulate,
    source="Keen, J. Appl. Cryst. 34, 172 (2001)",
)
