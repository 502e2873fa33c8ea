r"""X-ray powder pattern of a sample of the ternary MgO-Al2O3-SiO2, with an invented phase diagram.

The crystals are real (six minerals at ambient conditions), the phase diagram is a rule
(:mod:`ingest.simulators._phase_diagram`), so that the phases of every sample, their amounts and
the boundaries are known: this is what methods that map phases are tried on. It says nothing about
the real system.

.. math:: I(2\theta) = \sum_\alpha \frac{v_\alpha}{V_\alpha^2} \sum_{hkl} m |F_{hkl}|^2 LP(\theta)
          \, \mathrm{pV}(2\theta - 2\theta_{hkl})

with the volume share v of phase alpha and its cell volume V. A phase that takes up more MgO than
where it is most stable expands, :math:`\delta a / a = \epsilon (c - c_\alpha)_{MgO}`, by which its
lines shift (Vegard). Samples are drawn evenly over the triangle:
:math:`c = (1 - \sqrt{u}, \sqrt{u} (1 - v), \sqrt{u} v)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, Parameter, Simulator
from ingest.simulators._counting import counted
from ingest.simulators._phase_diagram import Equilibrium, Fractions, equilibrium
from ingest.simulators._powder import INTENSITY_UNIT, MARGIN
from ingest.simulators._profile import line_width, pseudo_voigt
from ingest.simulators.xrd import sticks
from registry.errors import WrongUse
from registry.records import Axis, Floats
from registry.vocabulary import CU_KA

if TYPE_CHECKING:
    from pymatgen.core import Structure

COMPONENTS = ("MgO", "Al2O3", "SiO2")


@dataclass(frozen=True)
class Phase:
    """A crystal: cell (angstrom, hexagonal where two lengths are given), sites, entry of AMCSD.

    Orthorhombic entries are turned from Pbnm to Pnma. ``centre`` is where the rule makes it most
    stable, as fractions of ``COMPONENTS``.
    """

    name: str
    group: str
    lengths: tuple[float, ...]
    sites: tuple[tuple[str, float, float, float], ...]
    centre: Fractions
    entry: int


PHASES = (
    Phase(
        "periclase",
        "Fm-3m",
        (4.211,),
        (("Mg", 0, 0, 0), ("O", 0.5, 0.5, 0.5)),
        (0.66, 0.17, 0.17),
        501,
    ),
    Phase(
        "corundum",
        "R-3c",
        (4.7589, 12.991),
        (("Al", 0, 0, 0.352), ("O", 0.306, 0, 0.25)),
        (0.17, 0.66, 0.17),
        10593,
    ),
    Phase(
        "quartz",
        "P3_221",
        (4.916, 5.4054),
        # the entry has its origin a third of the cell higher than the tables
        (("Si", 0.4697, 0, 2 / 3), ("O", 0.4135, 0.2669, 0.1191 + 2 / 3)),
        (0.17, 0.17, 0.66),
        789,
    ),
    Phase(
        "spinel",
        "Fd-3m",
        (8.0806,),
        (("Mg", 0, 0, 0), ("Al", 0.625, 0.625, 0.625), ("O", 0.3873, 0.3873, 0.3873)),
        (0.46, 0.46, 0.08),
        7349,
    ),
    Phase(
        "forsterite",
        "Pnma",
        (10.193, 5.977, 4.752),
        (
            ("Mg", 0, 0, 0),
            ("Mg", 0.2774, 0.25, 0.9915),
            ("Si", 0.094, 0.25, 0.4262),
            ("O", 0.0913, 0.25, 0.7657),
            ("O", 0.4474, 0.25, 0.2215),
            ("O", 0.1628, 0.0331, 0.2777),
        ),
        (0.6, 0.08, 0.32),
        546,
    ),
    Phase(
        "sillimanite",
        "Pnma",
        (7.6808, 5.7774, 7.4883),
        (
            ("Al", 0, 0, 0),
            ("Al", 0.3449, 0.25, 0.1417),
            ("Si", 0.3402, 0.75, 0.1533),
            ("O", 0.4094, 0.75, 0.3605),
            ("O", 0.4341, 0.25, 0.3569),
            ("O", 0.0015, 0.75, 0.4763),
            ("O", 0.223, 0.5145, 0.1252),
        ),
        (0.08, 0.46, 0.46),
        723,
    ),
)
_CENTRES = tuple(phase.centre for phase in PHASES)


@dataclass(frozen=True)
class Truth:
    """What a sample consists of.

    Attributes:
        composition: Fractions of ``COMPONENTS``, shape ``(3,)``.
        volumes: Volume share of each phase, shape ``(phases,)``.
        strains: How much each phase is expanded, NaN where there is none, shape ``(phases,)``.
        intensities: Share of each phase in what is scattered into the range, shape ``(phases,)``.
    """

    composition: Floats
    volumes: Floats
    strains: Floats
    intensities: Floats


def truth(settings: Mapping[str, float]) -> Truth:
    """What the sample of some settings consists of."""
    composition, found, strains = _sample(settings)
    smooth = _patterns(settings, found, strains)
    areas = smooth.sum(axis=1)
    return Truth(composition, found.amounts, strains, areas / areas.sum())


def simulate(**settings: float) -> Curve:
    """Pattern on an even grid of two_theta (degree), maximum 100; settings as ``SIMULATOR`` lists.

    Raises:
        WrongUse: For an empty grid.
    """
    low, high = settings["two_theta_min"], settings["two_theta_max"]
    if not low < high:
        raise WrongUse("two_theta_max", f"more than two_theta_min = {low}", str(high))
    _, found, strains = _sample(settings)
    peaks = _patterns(settings, found, strains).sum(axis=0)
    share = settings["background"]
    pattern = share + (1 - share) * peaks / peaks.max()
    x = Axis("two_theta", "degree", _grid(settings))
    if not settings["counts"]:
        return Curve(x, 100 * pattern, INTENSITY_UNIT, settings["wavelength"])
    curve, sigma = counted(100 * pattern, pattern * settings["counts"], dict(settings))
    return Curve(x, curve, INTENSITY_UNIT, settings["wavelength"], sigma)


def structure(phase: Phase, strain: float = 0.0) -> Structure:
    """Crystal of a phase, every length multiplied by ``1 + strain``."""
    from pymatgen.core import Lattice, Structure

    lengths = [length * (1 + strain) for length in phase.lengths]
    lattice = {
        1: lambda: Lattice.cubic(*lengths),
        2: lambda: Lattice.hexagonal(*lengths),
        3: lambda: Lattice.orthorhombic(*lengths),
    }[len(lengths)]()
    species = [site[0] for site in phase.sites]
    return Structure.from_spacegroup(
        phase.group, lattice, species, [site[1:] for site in phase.sites]
    )


def _sample(settings: Mapping[str, float]) -> tuple[Floats, Equilibrium, Floats]:
    """Composition, phases and their strains."""
    root = np.sqrt(settings["u"])
    composition = np.array([1 - root, root * (1 - settings["v"]), root * settings["v"]])
    found = equilibrium(_CENTRES, composition)
    strains = settings["expansion"] * (found.compositions[:, 0] - np.array(_CENTRES)[:, 0])
    return composition, found, strains


def _patterns(settings: Mapping[str, float], found: Equilibrium, strains: Floats) -> Floats:
    """Smooth pattern of each phase in the sample, shape ``(phases, points)``."""
    grid = _grid(settings)
    low, high, wavelength = grid[0] - MARGIN, grid[-1] + MARGIN, settings["wavelength"]
    patterns = np.zeros((len(PHASES), len(grid)))
    for n in np.flatnonzero(found.amounts > 0):
        crystal = _crystal(n).copy()
        crystal.scale_lattice(crystal.volume * (1 + strains[n]) ** 3)
        lines = sticks(crystal, wavelength, (max(0.0, low), high), settings["b_iso"])
        theta = np.radians(lines.two_theta) / 2
        fwhm = line_width(theta, 0.0, 0.0, settings["w"], settings["size"], wavelength)
        area = lines.intensity * found.amounts[n] / crystal.volume**2
        patterns[n] = pseudo_voigt(grid, lines.two_theta, area, fwhm, settings["eta"])
    return patterns


@lru_cache(maxsize=len(PHASES))
def _crystal(n: int) -> Structure:
    return structure(PHASES[n])


def _grid(settings: Mapping[str, float]) -> Floats:
    points = int(settings["points"])
    return np.linspace(settings["two_theta_min"], settings["two_theta_max"], points)


SIMULATOR = Simulator(
    name="ternary_xrd",
    version="1",
    technique="xrd",
    parameters={
        "u": Parameter(0.5, "", "place in the triangle, see above", 0.0, 1.0, (0.0, 1.0)),
        "v": Parameter(0.5, "", "place in the triangle, see above", 0.0, 1.0, (0.0, 1.0)),
        "expansion": Parameter(0.06, "", "strain for each unit of MgO taken up", -0.2, 0.2),
        "two_theta_min": Parameter(18.0, "degree", "first angle of the grid", 5.0, 160.0),
        "two_theta_max": Parameter(48.0, "degree", "last angle of the grid", 6.0, 160.0),
        "points": Parameter(601, "", "number of points of the grid", 2, 100_000),
        "wavelength": Parameter(CU_KA, "angstrom", "wavelength", 0.5, 3.0),
        "w": Parameter(0.02, "degree^2", "Caglioti W", 0.0, 10.0),
        "size": Parameter(400.0, "angstrom", "crystallite size (Scherrer, K = 0.9)", 5.0, 1e6),
        "eta": Parameter(0.5, "", "Lorentzian share of the pseudo-Voigt profile", 0.0, 1.0),
        "b_iso": Parameter(0.5, "angstrom^2", "B of every site", 0.0, 20.0),
        "background": Parameter(0.01, "", "flat background, share of the maximum", 0.001, 0.99),
        "counts": Parameter(2000.0, "", "counts at the maximum; 0 for no noise", 0.0, 1e9),
        "seed": Parameter(0, "", "seed of the counting noise", 0, 2**31),
    },
    simulate=simulate,
    source="crystals: Hazen, Am. Mineral. 61, 266 and 1280 (1976); Newnham & de Haan, Z. Krist. "
    "117, 235 (1962); Levien et al., Am. Mineral. 65, 920 (1980); Ishii et al., Phys. Chem. "
    "Miner. 8, 64 (1982); Winter & Ghose, Am. Mineral. 64, 573 (1979)",
    from_structure=False,
)
