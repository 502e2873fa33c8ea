"""Core levels under Al K-alpha, and how far their electrons come: tables and formulas of XPS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

AL_KA = 1486.6
"""Photon energy of Al K-alpha (eV)."""
SHALLOWEST = 14.0
"""Levels bound less than this (eV) are bands, not lines."""
_SHELLS = "KLMNOP"
_LETTERS = "spdf"
_LANTHANIDE = 9
"""Valence electrons of a lanthanide in TPP-2M: 5p6 and three outer ones."""


@dataclass(frozen=True)
class CoreLevel:
    """One line: binding energy and natural width (eV), cross section (Mb) of the full level."""

    element: str
    name: str
    binding_energy: float
    width: float
    cross_section: float


def core_levels(element: str) -> list[CoreLevel]:
    """Levels of an element that Al K-alpha ionises and that have a cross section.

    A subshell is shared between its spin-orbit partners by 2j + 1.

    Raises:
        Unsupported: For an element that the tables do not have.

    Source: binding energies and widths from xraydb (Elam, Ravel & Sieber 2002; Krause & Oliver
    1979; Keski-Rahkonen & Krause 1974), subshell cross sections from Yeh & Lindau, At. Data Nucl.
    Data Tables 32, 1 (1985), as pymatgen carries them.
    """
    import xraydb

    symbol = {"D": "H", "T": "H"}.get(element, element)
    cross_sections = _cross_sections()
    if symbol not in {name for name, _ in cross_sections}:
        raise Unsupported("structure", "elements with photoionisation cross sections", element)
    widths = xraydb.core_width(symbol) or {}
    levels = []
    for label, edge in xraydb.xray_edges(symbol).items():
        shell = _SHELLS.index(label[0]) + 1
        l, twice_j = _quantum_numbers(int(label[1:] or 1))  # noqa: E741 (its name in physics)
        subshell = f"{shell}{_LETTERS[l]}"
        sigma = cross_sections.get((symbol, subshell))
        if sigma is None or label not in widths or not SHALLOWEST <= edge.energy < AL_KA:
            continue
        name = subshell if l == 0 else f"{subshell}{twice_j}/2"
        share = (twice_j + 1) / (4 * l + 2)
        levels.append(CoreLevel(symbol, name, edge.energy, widths[label], share * sigma))
    return levels


def _quantum_numbers(number: int) -> tuple[int, int]:
    """Orbital momentum l and 2j of a subshell by its number: L1 is s, L2 and L3 are p, ..."""
    l = number // 2  # noqa: E741
    return l, (2 * l - 1 if number % 2 == 0 else 2 * l + 1)


@lru_cache(maxsize=1)
def _cross_sections() -> dict[tuple[str, str], float]:
    import csv

    table = files("pymatgen.analysis") / "atomic_subshell_photoionization_cross_sections.csv"
    with table.open() as lines:
        return {
            (row["element"], row["orbital"]): float(row["weight"]) for row in csv.DictReader(lines)
        }


def tpp_2m(energy: Floats, density: float, mass: float, valence: float, gap: float) -> Floats:
    r"""Inelastic mean free path (angstrom) of electrons in a solid.

    .. math:: \lambda = \frac{E}{E_p^2 [\beta \ln(\gamma E) - C / E + D / E^2]}

    Args:
        energy: Kinetic energy (eV), 50 to 2000, shape ``(n,)``.
        density: Mass density (g/cm^3).
        mass: Molar mass of the formula (g/mol).
        valence: Valence electrons of the formula.
        gap: Band gap (eV).

    Source: Tanuma, Powell & Penn, Surf. Interface Anal. 21, 165 (1994).
    """
    u = valence * density / mass
    plasmon2 = 28.8**2 * u
    beta = -0.10 + 0.944 / np.sqrt(plasmon2 + gap**2) + 0.069 * density**0.1
    gamma = 0.191 / np.sqrt(density)
    c, d = 1.97 - 0.91 * u, 53.4 - 20.8 * u
    return np.asarray(
        energy / (plasmon2 * (beta * np.log(gamma * energy) - c / energy + d / energy**2))
    )


def mean_free_path(energy: Floats, structure: Structure, gap: float) -> Floats:
    """:func:`tpp_2m` of a structure; valence electrons by group of the periodic table.

    Raises:
        Unsupported: For actinides, whose valence the formula was never fitted to.
    """
    composition = structure.composition
    valence = sum(_valence(element) * amount for element, amount in composition.items())
    return tpp_2m(energy, float(structure.density), float(composition.weight), valence, gap)


def _valence(specie: object) -> int:
    from pymatgen.core import Element

    element = Element(str(getattr(specie, "symbol", specie)))
    if element.is_actinoid:
        raise Unsupported("structure", "elements up to Ra, for the mean free path", element.symbol)
    if element.is_lanthanoid:
        return _LANTHANIDE
    return int(element.group if element.group <= 12 else element.group - 10)


def tougaard_background(energy: Floats, spectrum: Floats) -> Floats:
    r"""Spectrum with its inelastic background, for emission from all depths of a flat solid.

    .. math:: J(E) = F(E) + \int_E^\infty \frac{B\,(E' - E)}{(C + (E' - E)^2)^2} J(E')\,dE'

    Args:
        energy: Kinetic energy (eV), even and ascending, shape ``(n,)``.
        spectrum: F, without background, shape ``(n,)``.

    Source: Tougaard, Surf. Interface Anal. 11, 453 (1988); B = 2866 eV^2, C = 1643 eV^2.
    """
    from scipy.linalg import solve_triangular, toeplitz

    step = (energy[-1] - energy[0]) / (len(energy) - 1)
    loss = step * np.arange(len(energy))
    scattered = step * 2866.0 * loss / (1643.0 + loss**2) ** 2
    matrix = np.eye(len(energy)) - np.triu(toeplitz(scattered))
    return np.asarray(solve_triangular(matrix, spectrum))
