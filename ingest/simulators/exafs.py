r"""X-ray absorption fine structure chi(k) by FEFF's curved-wave path expansion.

.. math:: \chi(k) = S_0^2 \sum_\Gamma \mathrm{Im} \frac{f_\Gamma(k)}{k R_\Gamma^2}
          e^{2ikR_\Gamma + 2i\delta_c - 2R_\Gamma / \lambda - 2 \sigma^2 k^2}

One absorbing site, or the mean over the sites of an element. sigma^2 is the same for all paths, or
that of a correlated Debye model when a Debye temperature is given.

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
from registry.records import Axis, Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

BEYOND = 1.0
"""The cluster is larger than the longest path by this (angstrom): scatterers need neighbours."""
DEBYE_ROOM = 1e-3
"""A temperature of 0 K is given to FEFF's Debye model as this (K)."""


def exafs_input(structure: Structure, site: int, settings: dict[str, float]) -> str:
    """``feff.inp`` of one site; settings as ``SIMULATOR`` lists.

    Raises:
        Unsupported: When the cluster is not one for FEFF.
    """
    radius = settings["r_max"]
    cards = ["CONTROL 1 1 1 1 1 1", f"EXAFS {settings['k_max']:.3f}", f"RPATH {radius:.3f}"]
    cards += scf_cards(settings["scf_radius"])
    if settings["debye_temperature"]:
        kelvin = max(settings["temperature"], DEBYE_ROOM)
        cards.append(f"DEBYE {kelvin:.3f} {settings['debye_temperature']:.3f}")
    if settings["sigma2"]:
        cards.append(f"SIG2 {settings['sigma2']:.6f}")
    edge = EDGES[int(settings["edge"]) - 1]
    reach = max(radius, settings["scf_radius"]) + BEYOND
    return feff_input(structure, site, edge, reach, cards)


def chi(structure: Structure, site: int, settings: dict[str, float]) -> tuple[Floats, Floats]:
    """Wavenumber k (1/angstrom), steps of 0.05, and chi(k) of one site; shapes ``(n,)``."""
    k, value = run_feff(exafs_input(structure, site, settings), "chi.dat")[:2]
    return k, settings["s02"] * value


def simulate(structure: Structure, **settings: float) -> Curve:
    """chi(k) of an element, or of one of its sites, on 0 to ``k_max``.

    Raises:
        Unsupported: For a disordered structure, one without the absorber, or where FEFF stops.
        WrongUse: When the extra ``xas`` is not installed.
    """
    element = absorbing_element(structure, settings["absorber"])
    sites = absorbing_sites(structure, element, settings["site"])
    curves = [chi(structure, site, settings) for site, _ in sites]
    shares = np.array([share for _, share in sites])
    k = curves[0][0]
    return Curve(
        Axis("wavenumber", "1/angstrom", k),
        shares @ np.array([c for _, c in curves]),
        absorber=element,
        edge=EDGES[int(settings["edge"]) - 1],
    )


SIMULATOR = Simulator(
    name="exafs",
    version="1",
    technique="exafs",
    parameters={
        **FEFF_PARAMETERS,
        "k_max": Parameter(16.0, "1/angstrom", "largest wavenumber", 6.0, 20.0),
        "r_max": Parameter(5.5, "angstrom", "half length of the longest path", 2.0, 8.0),
        "s02": Parameter(0.9, "", "amplitude of the one-electron channel", 0.3, 1.2),
        "sigma2": Parameter(0.003, "angstrom^2", "mean-square relative displacement", 0.0, 0.05),
        "temperature": Parameter(300.0, "K", "of the Debye model", 0.0, 2000.0),
        "debye_temperature": Parameter(0.0, "K", "adds its sigma2; 0 for none", 0.0, 2500.0),
    },
    simulate=simulate,
    source="Rehr & Albers, Rev. Mod. Phys. 72, 621 (2000)",
)
