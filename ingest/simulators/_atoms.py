"""Atoms of a cell as arrays: what the scattering kernels read of a pymatgen structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from registry.errors import Unsupported
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

Integers = npt.NDArray[np.integer[Any]]

MAX_SITES = 5000
B_ISO = "B_iso"
"""Site property that takes the place of the global B (angstrom^2)."""


@dataclass(frozen=True)
class Atoms:
    """Contents of one cell; a mixed site gives one atom per species, vacancies give none.

    Attributes:
        lattice: Cell vectors as rows (angstrom), shape ``(3, 3)``.
        elements: Distinct elements or isotopes; ``D`` is deuterium.
        element: Which of ``elements`` each atom is, shape ``(n,)``.
        site: Which site each atom is on, shape ``(n,)``.
        occupancy: Share of its site, shape ``(n,)``.
        position: Fractional coordinates of the sites, shape ``(m, 3)``.
        b_iso: B of the sites (angstrom^2), NaN where a site has none, shape ``(m,)``.
    """

    lattice: Floats
    elements: tuple[str, ...]
    element: Integers
    site: Integers
    occupancy: Floats
    position: Floats
    b_iso: Floats

    @property
    def volume(self) -> float:
        """Volume of the cell (angstrom^3)."""
        return float(abs(np.linalg.det(self.lattice)))


def atoms_of(structure: Structure) -> Atoms:
    """Read the atoms of a structure; oxidation states are dropped, isotopes are kept.

    Raises:
        Unsupported: For a species that is no element, an empty cell, or one of more than
            ``MAX_SITES`` sites.
    """
    if not 0 < len(structure) <= MAX_SITES:
        raise Unsupported("structure", f"1 to {MAX_SITES} sites", str(len(structure)))
    names: list[str] = []
    sites: list[int] = []
    occupancies: list[float] = []
    for n, site in enumerate(structure):
        for specie, occupancy in site.species.items():
            names.append(_name(specie))
            sites.append(n)
            occupancies.append(float(occupancy))
    elements, element = np.unique(names, return_inverse=True)
    b_iso = structure.site_properties.get(B_ISO, [None] * len(structure))
    return Atoms(
        lattice=np.array(structure.lattice.matrix, dtype=np.float64),
        elements=tuple(str(e) for e in elements),
        element=element,
        site=np.array(sites),
        occupancy=np.array(occupancies),
        position=np.array(structure.frac_coords, dtype=np.float64),
        b_iso=np.array(b_iso, dtype=np.float64),
    )


def _name(specie: Any) -> str:
    from pymatgen.core import DummySpecies

    if isinstance(specie, DummySpecies):
        raise Unsupported("structure", "chemical elements", f"dummy species {specie.symbol!r}")
    # `symbol` of deuterium is "H"; only `name` tells the isotope
    return str(getattr(specie, "element", specie).name)
