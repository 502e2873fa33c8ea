r"""Neutron pair distribution function G(r), with b_i the coherent scattering lengths.

See :mod:`ingest.simulators._pdf` for the formula and ``docs/simulators.md`` for the limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.simulators import Curve, Simulator
from ingest.simulators._pdf import PDF_PARAMETERS, pdf_curve
from ingest.simulators._scattering import scattering_length

if TYPE_CHECKING:
    from pymatgen.core import Structure


def simulate(structure: Structure, **settings: float) -> Curve:
    """G(r) in 1/angstrom^2 on a grid of r (angstrom); settings as ``SIMULATOR`` lists."""
    return pdf_curve(structure, scattering_length, settings)


SIMULATOR = Simulator(
    name="npdf",
    version="1",
    technique="npdf",
    parameters=PDF_PARAMETERS,
    simulate=simulate,
    source="Egami & Billinge, Underneath the Bragg Peaks, 2nd ed. (2012)",
)
