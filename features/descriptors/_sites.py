"""What sits on the sites of a structure, as arrays: elements, occupancies, mean charges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats
from registry.structures import FULL

if TYPE_CHECKING:
    from pymatgen.core import Element, Structure


def element_of(specie: Any) -> Element:
    """Element of a specie, whatever its oxidation state; deuterium has the charge of hydrogen.

    Raises:
        Unsupported: For a placeholder that is no element.
    """
    from pymatgen.core import DummySpecies

    if isinstance(specie, DummySpecies):
        raise Unsupported("species", "elements", f"the placeholder {specie}")
    return getattr(specie, "element", specie)


def occupancies(structure: Structure) -> tuple[list[Element], Floats]:
    """Elements of a structure and their share of each site, shape ``(n_sites, n_elements)``."""
    columns: dict[Element, int] = {}
    entries = [
        (site, columns.setdefault(element_of(specie), len(columns)), share)
        for site, content in enumerate(structure.species_and_occu)
        for specie, share in content.items()
    ]
    shares = np.zeros((len(structure), len(columns)))
    sites, elements, values = zip(*entries, strict=True)
    np.add.at(shares, (sites, elements), values)
    return list(columns), shares


def charges(structure: Structure) -> Floats:
    """Mean atomic number of each site, vacancies counting zero, shape ``(n_sites,)``."""
    elements, shares = occupancies(structure)
    mean: Floats = shares @ np.array([float(element.Z) for element in elements])
    return mean


def ordered_elements(structure: Structure, descriptor: str) -> list[Element]:
    """The one element of each site.

    Raises:
        Unsupported: When a site is shared or partly empty.
    """
    for n, site in enumerate(structure):
        if len(site.species) != 1 or abs(site.species.num_atoms - 1) > FULL:
            raise Unsupported(
                f"{descriptor}: site {n}", "one species at full occupancy", site.species_string
            )
    return [element_of(next(iter(site.species))) for site in structure]
