"""Crystals laid end to end and wrapped into their cells, by a compiled loop; see ``_images``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from features.crystal import Integers
    from registry.records import Floats


class Wrapped(NamedTuple):
    """Crystals wrapped into their cells; the atoms of c are ``start[c]`` to ``start[c + 1]``.

    Attributes:
        lattices: Cell vectors, ``(crystals, 3, 3)``.
        start: Where the atoms of each begin, and where the last ones end, ``(crystals + 1,)``.
        inside: Cartesian positions in the cell, ``(atoms, 3)``.
        offset: Cells from ``inside`` to where the atom was given, ``(atoms, 3)``, whole numbers.
        reciprocal: Lengths of the reciprocal vectors (without 2 pi), ``(crystals, 3)``.
    """

    lattices: Floats
    start: Integers
    inside: Floats
    offset: Floats
    reciprocal: Floats


@compiled
def wrapped(lattices: Floats, start: Integers, positions: Floats) -> Wrapped:
    """Wrap Cartesian positions ``(atoms, 3)`` into the cells ``(crystals, 3, 3)``."""
    n_atoms = len(positions)
    inside, offset = np.empty((n_atoms, 3)), np.empty((n_atoms, 3))
    reciprocal = np.empty((len(lattices), 3))
    part, inverse = np.empty(3), np.empty((3, 3))
    for c in range(len(lattices)):
        lattice = lattices[c]
        _invert(lattice, inverse)
        for k in range(3):
            reciprocal[c, k] = math.sqrt(
                inverse[0, k] ** 2 + inverse[1, k] ** 2 + inverse[2, k] ** 2
            )
        for i in range(start[c], start[c + 1]):
            for k in range(3):
                fraction = 0.0
                for m in range(3):
                    fraction += positions[i, m] * inverse[m, k]
                part[k] = fraction - math.floor(fraction)
                offset[i, k] = np.rint(fraction - part[k])
            for k in range(3):
                inside[i, k] = 0.0
                for m in range(3):
                    inside[i, k] += part[m] * lattice[m, k]
    return Wrapped(lattices, start, inside, offset, reciprocal)


@compiled
def _invert(lattice: Floats, inverse: Floats) -> None:
    per_volume = 1.0 / (
        lattice[0, 0] * (lattice[1, 1] * lattice[2, 2] - lattice[1, 2] * lattice[2, 1])
        + lattice[0, 1] * (lattice[1, 2] * lattice[2, 0] - lattice[1, 0] * lattice[2, 2])
        + lattice[0, 2] * (lattice[1, 0] * lattice[2, 1] - lattice[1, 1] * lattice[2, 0])
    )
    for i in range(3):
        for j in range(3):
            a, b, c, d = (j + 1) % 3, (i + 1) % 3, (j + 2) % 3, (i + 2) % 3
            minor = lattice[a, b] * lattice[c, d] - lattice[c, b] * lattice[a, d]
            inverse[i, j] = minor * per_volume
