r"""X-ray pair distribution function G(r), with amplitudes b_i = Z_i.

See :mod:`ingest.simulators._pdf` for the formula and ``docs/simulators.md`` for the limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.simulators import Curve, Simulator
from ingest.simulators._pdf import PDF_PARAMETERS, pdf_curve
from ingest.simulators._scattering import atomic_number

if TYPE_CHECKING:
    from pymatgen.core import Structure


def simulate(structure: Structure, **settings: float) -> Curve:
    """G(r) in 1/angstrom^2 on a grid of r (angstrom); settings as ``SIMULATOR`` lists."""
    return pdf_curve(structure, atomic_number, settings)


SIMULATOR = Simulator(
    name="xpdf",
    version="1",
    technique="xpdf",
    parameters=PDF_PARAMETERS,
    simulate=simulate,
    source="Egami & Billinge, Underneath the Bragg Peaks, 2nd ed. (2012)",
)
