"""Crystal structures: between records, table rows and pymatgen; identity and symmetry.

A material's id does not depend on the order of its atoms, the origin, the orientation or the
choice of cell: it hashes invariants of the primitive cell (contents, volume, and smooth sums
over interatomic distances). The two hands of a chiral crystal share an id.
"""

from __future__ import annotations

import warnings
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.errors import BadInput
from registry.identity import canonical_json, digest
from registry.records import Floats, Material, Site

if TYPE_CHECKING:
    from pymatgen.core import Structure

SYMPREC = 0.01
"""Tolerance of symmetry detection (angstrom)."""
FULL = 1e-3
"""How far an occupancy may be from one and still count as full (0.99999 is in real files)."""
LONGEST_EDGE = 1e4
"""Longest edge of a cell that is believed (angstrom)."""
FINGERPRINT_CUTOFF = 6.0
FINGERPRINT_STEP = 1e-4
# Rounding boundaries sit where no tabulated value does: 5.43105 / 1e-4 must not be a tie.
_OFFSET = 0.31830988618


def material_of(structure: Structure, **about: Any) -> Material:
    """Turn a pymatgen structure into a record; ``about`` fills the record's other fields."""
    sites = tuple(
        Site(
            {_symbol(s): float(occupancy) for s, occupancy in site.species.items()},
            (float(site.a), float(site.b), float(site.c)),
        )
        for site in structure
    )
    return Material(np.asarray(structure.lattice.matrix, dtype=np.float64), sites, **about)


def structure_of(material: Material) -> Structure:
    """Turn a record into a pymatgen structure; deuterium and tritium keep their symbols."""
    from pymatgen.core import Structure

    return Structure(
        material.lattice,
        [dict(site.species) for site in material.sites],
        [site.position for site in material.sites],
    )


def structure_from_row(row: dict[str, Any]) -> Structure:
    """Build the pymatgen structure of a row of the ``materials`` table."""
    from pymatgen.core import Structure

    species = [{s["symbol"]: s["occupancy"] for s in site} for site in row["species"]]
    return Structure(
        np.reshape(row["lattice"], (3, 3)), species, np.reshape(row["positions"], (-1, 3))
    )


def _symbol(specie: Any) -> str:
    # an oxidation state is a guess of the reader, not content: Fe3+ and Fe are one species;
    # the name of an element tells D from H, its symbol does not
    return str(getattr(specie, "element", specie).name)


def material_row(material: Material) -> dict[str, Any]:
    """Derive everything the ``materials`` table stores about a structure.

    Raises:
        ValueError: When spglib finds no symmetry, as for atoms on top of each other.
    """
    structure = structure_of(material)
    symmetry = _symmetry(material)
    composition = structure.composition
    with warnings.catch_warnings():
        # pymatgen orders a formula by electronegativity, which noble gases lack
        warnings.filterwarnings("ignore", message="No Pauling electronegativity")
        reduced = composition.reduced_formula
    return {
        "material_id": material_id(material),
        "name": material.name,
        "formula": reduced,
        "elements": sorted(e.symbol for e in composition.elements),
        "chemical_system": "-".join(sorted(e.symbol for e in composition.elements)),
        "n_sites": len(material.sites),
        "is_ordered": all(
            len(s.species) == 1 and abs(sum(s.species.values()) - 1) < FULL for s in material.sites
        ),
        "lattice": [float(v) for v in np.ravel(material.lattice)],
        "species": [
            [{"symbol": k, "occupancy": v} for k, v in sorted(site.species.items())]
            for site in material.sites
        ],
        "positions": [float(v) for site in material.sites for v in site.position],
        "space_group_number": symmetry["number"],
        "space_group": symmetry["symbol"],
        "declared_space_group": material.declared_space_group,
        "crystal_system": symmetry["crystal_system"],
        "density": float(structure.density),
        "volume": float(structure.volume),
        "temperature": material.temperature,
        "pressure": material.pressure,
        "source": material.source,
        "licence": material.licence,
    }


def _cell(material: Material) -> tuple[Floats, Floats, Any, list[str]]:
    labels = [
        canonical_json(sorted((k, round(v, 4)) for k, v in s.species.items()))
        for s in material.sites
    ]
    kinds = sorted(set(labels))
    positions = np.asarray([s.position for s in material.sites], dtype=np.float64)
    return material.lattice, positions, [kinds.index(label) + 1 for label in labels], kinds


def _symmetry(material: Material) -> dict[str, Any]:
    import spglib

    lattice, positions, numbers, _ = _cell(material)
    found = spglib.get_symmetry_dataset((lattice, positions, numbers), symprec=SYMPREC)
    if found is None:
        raise ValueError("spglib finds no symmetry for this cell")
    return {
        "number": int(found.number),
        "symbol": str(found.international),
        "crystal_system": crystal_system(int(found.number)),
    }


def crystal_system(space_group_number: int) -> str:
    """Crystal system of a space group number (International Tables A)."""
    limits = (
        (2, "triclinic"),
        (15, "monoclinic"),
        (74, "orthorhombic"),
        (142, "tetragonal"),
        (167, "trigonal"),
        (194, "hexagonal"),
        (230, "cubic"),
    )
    return next(name for last, name in limits if space_group_number <= last)


def material_id(material: Material) -> str:
    """Content id of a structure, the same for every choice of cell, origin and atom order.

    Raises:
        BadInput: For a cell so long that it can only be a mistake.
    """
    longest = float(np.linalg.norm(material.lattice, axis=1).max())
    if not longest <= LONGEST_EDGE:
        raise BadInput("cell", f"edges of at most {LONGEST_EDGE:g} angstrom", f"{longest:g}")
    import spglib
    from pymatgen.core import Lattice
    from pymatgen.optimization.neighbors import find_points_in_spheres

    lattice, positions, numbers, kinds = _cell(material)
    # atoms are left where they are: idealising would move them by up to the tolerance, and
    # differently for different origins
    primitive = spglib.standardize_cell(
        (lattice, positions, numbers), to_primitive=True, no_idealize=True, symprec=SYMPREC
    )
    if primitive is not None:
        lattice, positions, numbers = primitive
    reduced = Lattice(lattice).get_lll_reduced_lattice()
    cartesian = np.ascontiguousarray(positions @ np.asarray(lattice))
    inside = np.ascontiguousarray(
        reduced.get_cartesian_coords(reduced.get_fractional_coords(cartesian) % 1.0)
    )
    i, j, _, r = find_points_in_spheres(
        inside,
        inside,
        r=FINGERPRINT_CUTOFF,
        pbc=np.ones(3, dtype=np.int64),
        lattice=np.ascontiguousarray(reduced.matrix),
    )
    apart = r > 1e-6
    numbers = np.asarray(numbers)
    # a cut-off that goes to zero smoothly: no atom enters or leaves the sum by rounding
    weight = np.where(apart, (1 - (r / FINGERPRINT_CUTOFF) ** 2) ** 2, 0.0)
    content = {kind: int((numbers == n + 1).sum()) for n, kind in enumerate(kinds)}
    sums = []
    for a, b in combinations_with_replacement(range(1, len(kinds) + 1), 2):
        pair = (numbers[i] == a) & (numbers[j] == b)
        sums += [_step(weight[pair].sum()), _step((weight * r)[pair].sum())]
    return digest(
        "material",
        canonical_json({"content": content, "volume": _step(reduced.volume), "pairs": sums}),
    )


def _step(value: float) -> int:
    """Round to about four decimals relative to the size of large values."""
    scale = FINGERPRINT_STEP * max(1.0, 10.0 ** np.floor(np.log10(abs(value) + 1e-30)))
    return int(np.floor(value / scale + _OFFSET))
