"""Crystal structures as text formats other than CIF give them, checked before they are kept."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ingest.readers import Source
from ingest.readers._common import provenance
from registry.errors import BadInput
from registry.records import Floats, Material, Site

LOWEST_CELL = 0.5
"""A cell lower than this (angstrom) in any direction holds no atom, and endless images of it."""
FARTHEST = 1000.0
"""Cells that an atom may be away from the origin."""
_CHARGE = re.compile(r"\d*\.?\d*[+-]$")


def crystal(
    source: Source,
    reader: tuple[str, str],
    lattice: Floats,
    species: list[dict[str, float]],
    positions: Floats,
    part: str | None = None,
    **about: Any,
) -> Material:
    """Put together a material.

    Args:
        source: The file.
        reader: Name and version of the reader.
        lattice: Cell vectors (angstrom), shape ``(3, 3)``.
        species: For each site, elements and their occupancies.
        positions: Fractional, shape ``(n, 3)``.
        part: Which structure of the file.
        **about: ``name``, ``temperature`` and so on go to the material, all else to its
            provenance.

    Raises:
        BadInput: When a number is not finite, the cell is flat, an element is not known or
            there is no atom.
    """
    where = source.name if part is None else f"{source.name}: {part}"
    check_cell(lattice, where)
    if not species:
        raise BadInput(f"{where}: atoms", "at least one", "none")
    check_positions(positions, where)
    fields = {key: about.pop(key) for key in ("name", "temperature", "pressure") if key in about}
    sites = tuple(
        Site(each, (float(a), float(b), float(c)))
        for each, (a, b, c) in zip(species, positions, strict=True)
    )
    return Material(
        np.asarray(lattice, dtype=np.float64),
        sites,
        provenance=provenance(source, *reader, part, **about),
        **fields,
    )


def check_positions(positions: Floats, where: str) -> None:
    """Refuse fractional coordinates, shape ``(n, 3)``, that are not finite or lie absurdly far out.

    Unwrapped trajectories leave their cell, but what is millions of cells away has lost the digits
    that say where in a cell it is.

    Raises:
        BadInput: With the first atom that has one.
    """
    near = (np.abs(positions) <= FARTHEST).all(axis=1)
    if not near.all():
        n = int(np.argmin(near))
        expected = f"finite coordinates from -{FARTHEST:g} to {FARTHEST:g} cells"
        found = ", ".join(f"{value:g}" for value in positions[n])
        raise BadInput(f"{where}: atom {n + 1}", expected, found)


def check_cell(lattice: Floats, where: str) -> None:
    """Refuse cells that are not finite or (nearly) flat: their neighbour lists have no end.

    Raises:
        BadInput: With the height found.
    """
    if not np.isfinite(lattice).all():
        raise BadInput(f"{where}: lattice", "nine finite numbers", str(lattice.tolist()))
    with np.errstate(over="ignore", invalid="ignore"):
        volume = abs(np.linalg.det(lattice))
        faces = np.linalg.norm(np.cross(lattice[[1, 2, 0]], lattice[[2, 0, 1]]), axis=1)
        height = float(np.min(volume / np.maximum(faces, np.finfo(float).tiny)))
    if not height >= LOWEST_CELL:
        found = f"{height:.3g} angstrom"
        raise BadInput(f"{where}: lattice", f"a cell at least {LOWEST_CELL} angstrom high", found)


def element(symbol: str, where: str) -> str:
    """Symbol of an element or hydrogen isotope; an oxidation state (``Fe3+``) is taken off.

    Raises:
        BadInput: When it is none.
    """
    from pymatgen.core import Element

    bare = _CHARGE.sub("", symbol.strip())
    if not Element.is_valid_symbol(bare):
        raise BadInput(where, "the symbol of an element", repr(symbol))
    return bare


def symbol_of(number: int) -> str:
    """Symbol of an atomic number from 1 to 118."""
    from pymatgen.core import Element

    return str(Element.from_Z(number).symbol)


def numbers_of(value: Any, shape: tuple[int, ...], where: str) -> Floats:
    """Turn nested lists into finite numbers of a shape, in which -1 stands for any length.

    Raises:
        BadInput: When they are no numbers, not finite, or of another shape.
    """
    try:
        found = np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(where, f"numbers of shape {shape}", str(error)) from error
    fits = found.ndim == len(shape) and all(
        n in (-1, m) for n, m in zip(shape, found.shape, strict=True)
    )
    if not fits or found.size == 0 or not np.isfinite(found).all():
        raise BadInput(where, f"finite numbers of shape {shape}", f"shape {found.shape}")
    return found
