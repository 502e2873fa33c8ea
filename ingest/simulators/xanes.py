r"""X-ray absorption near an edge, mu(E), by FEFF's full multiple scattering.

.. math:: \mu(E) \propto -\frac{1}{\pi} \, \mathrm{Im} \, \langle i | \, \epsilon \cdot r \,
          G(E) \, \epsilon \cdot r \, | i \rangle \, \theta(E - E_F)

G is the propagator of a finite cluster with a core hole, Hedin-Lundqvist self-energy and the
lifetime of the hole. One absorbing site, or the mean over the sites of an element; the step is 1
at 50 eV above the edge. FEFF's edge energy may be some eV from the measured one.

Source: Rehr & Albers, Rev. Mod. Phys. 72, 621 (2000); program: :mod:`ingest.simulators._feff`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._feff import (
    EDGES,
    FEFF_PARAMETERS,
    absorbing_element,
    absorbing_sites,
    feff_input,
    run_feff,
    scf_cards,
)
from registry.errors import Unsupported, WrongUse
from registry.records import Axis, Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

STEP = 0.5
"""Step of FEFF's own energy grid (eV)."""
ROOM = 5.0
"""FEFF's grid reaches this far (eV) beyond what is asked for: Fermi levels of sites differ."""
BEYOND = 1.0
"""The cluster is larger than that of multiple scattering by this (angstrom)."""
K_PER_EV = 0.2624682
"""2 m / hbar^2, in 1/(angstrom^2 eV)."""


def xanes_input(structure: Structure, site: int, settings: dict[str, float]) -> str:
    """``feff.inp`` of one site; settings as ``SIMULATOR`` lists.

    Raises:
        Unsupported: When the cluster is not one for FEFF.
    """
    radius = settings["fms_radius"]
    low, high = settings["energy_min"] - ROOM, settings["energy_max"] + ROOM
    cards = [
        "CONTROL 1 1 1 1 1 1",
        f"XANES {np.sqrt(K_PER_EV * high):.3f}",
        f"FMS {radius:.3f}",
        "EGRID",
        f"e_grid {low:.3f} {high:.3f} {STEP}",
        *scf_cards(settings["scf_radius"]),
    ]
    edge = EDGES[int(settings["edge"]) - 1]
    return feff_input(structure, site, edge, max(radius, settings["scf_radius"]) + BEYOND, cards)


def mu(structure: Structure, site: int, settings: dict[str, float]) -> tuple[Floats, Floats, float]:
    """Photon energy (eV) and mu of one site, shapes ``(n,)``, and the energy of its edge (eV)."""
    table = run_feff(xanes_input(structure, site, settings), "xmu.dat")
    photon, k, absorption = table[0], table[2], table[3]
    # k counts from the Fermi level, negative below it
    return photon, absorption, float(np.interp(0.0, k, photon))


def simulate(structure: Structure, **settings: float) -> Curve:
    """mu(E) of an element, or of one of its sites, on an even grid of photon energy (eV).

    The grid is placed about the mean edge of the sites.

    Raises:
        Unsupported: For a disordered structure, one without the absorber, where FEFF stops, or
            whose sites have edges more than ``ROOM`` eV from their mean.
        WrongUse: When the grid is empty or the extra ``xas`` is not installed.
    """
    low, high = settings["energy_min"], settings["energy_max"]
    if not low < high:
        raise WrongUse("energy_max", f"more than energy_min = {low}", str(high))
    element = absorbing_element(structure, settings["absorber"])
    sites = absorbing_sites(structure, element, settings["site"])
    curves = [mu(structure, site, settings) for site, _ in sites]
    shares = np.array([share for _, share in sites])
    edges = np.array([edge for _, _, edge in curves])
    mean = float(shares @ edges)
    if np.abs(edges - mean).max() > ROOM:
        raise Unsupported("structure", f"edges within {ROOM} eV", f"{np.ptp(edges):.1f} eV apart")
    grid = mean + np.linspace(low, high, int(settings["points"]))
    each = np.array([np.interp(grid, photon, absorption) for photon, absorption, _ in curves])
    edge = EDGES[int(settings["edge"]) - 1]
    return Curve(Axis("energy", "eV", grid), shares @ each, absorber=element, edge=edge)


SIMULATOR = Simulator(
    name="xanes",
    version="1",
    technique="xas",
    parameters={
        **FEFF_PARAMETERS,
        "energy_min": Parameter(-15.0, "eV", "first energy from the edge", -50.0, 0.0),
        "energy_max": Parameter(60.0, "eV", "last energy from the edge", 5.0, 150.0),
        "points": Parameter(301, "", "number of points of the grid", 2, 2000),
        "fms_radius": Parameter(5.0, "angstrom", "cluster of multiple scattering", 2.0, 9.0),
    },
    simulate=simulate,
    source="Rehr & Albers, Rev. Mod. Phys. 72, 621 (2000)",
)
