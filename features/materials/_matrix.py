"""Descriptors that are a matrix of the atoms of the primitive cell, made into a vector.

The two forms are those of the literature on Coulomb matrices. ``eigenvalues`` (Rupp et al. 2012):
by magnitude, largest first, padded with zeros to ``n_atoms_max``. ``sorted`` (Montavon et al.
2012): rows and columns by the norm of the row, largest first, padded with zeros to ``n_atoms_max``
each way; of the symmetric matrix the upper triangle, row by row.

Rows of equivalent atoms have the same norm, and the published form leaves their order open. Here
such rows stand by their entries against the rows placed before them. That settles the order in most
cells; in the others atoms remain that no entry so far tells apart and that are not equivalent, and
their order is that of the atoms. The eigenvalues have no such limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from features.descriptor import Descriptor, Outcome, Parameters
from features.materials._cells import Cells, Integers, ends, ordered_cells
from features.materials._compiled import LOADS
from features.materials._primitive import SYMPREC, primitive_cells
from registry.errors import Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

FORMS = ("eigenvalues", "sorted")
CHUNK = 512
"""Crystals whose matrices are in memory together."""


class Fill(Protocol):
    """Writes the matrix of each cell c, row by row, to ``matrices[offset[c]:offset[c + 1]]``.

    Returns the closest approach of two atoms in each cell, angstrom, shape ``(cells,)``; a matrix
    of atoms on top of each other may hold anything.
    """

    def __call__(self, cells: Cells, offset: Integers, matrices: Floats) -> Floats: ...


def matrix_descriptor(
    name: str, fill: Fill, *, source: str, unit: str, version: str = "1"
) -> Descriptor:
    """Declare the descriptor of a matrix; parameters are ``n_atoms_max`` and ``form``."""

    def batch(crystals: Sequence[Crystal], n_atoms_max: int, form: str) -> list[Outcome]:
        return [
            outcome
            for first in range(0, len(crystals), CHUNK)
            for outcome in _outcomes(name, fill, crystals[first : first + CHUNK], n_atoms_max, form)
        ]

    def compute(crystal: Crystal, n_atoms_max: int, form: str) -> Floats:
        (outcome,) = batch([crystal], n_atoms_max, form)
        if isinstance(outcome, Unsupported):
            raise outcome
        return outcome

    return Descriptor(
        name=name,
        version=version,
        parameters={"n_atoms_max": 200, "form": FORMS[0]},
        units={"n_atoms_max": "", "form": ""},
        width=_width,
        compute=compute,
        unit=unit,
        source=source,
        disorder="refused",
        batch=batch,
        loads=LOADS,
    )


def matrix_of(fill: Fill, lattice: Floats, positions: Floats, numbers: Integers) -> Floats:
    """Give the matrix of one cell as it stands, not reduced.

    Args:
        fill: What writes it.
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Fractional, shape ``(n, 3)``.
        numbers: Atomic numbers, shape ``(n,)``.

    Returns:
        Shape ``(n, n)``.
    """
    n = len(numbers)
    cell = Cells(
        np.array(lattice, dtype=np.float64)[None],
        ends([n]),
        np.array(positions, dtype=np.float64),
        np.array(numbers, dtype=np.int64),
    )
    matrix = np.empty(n * n)
    fill(cell, ends([n * n]), matrix)
    return matrix.reshape(n, n)


def _outcomes(
    name: str, fill: Fill, crystals: Sequence[Crystal], n_atoms_max: int, form: str
) -> list[Outcome]:
    cells, crystal_of, refused = ordered_cells(crystals, name)
    cells, odd = primitive_cells(cells)
    large = np.flatnonzero(cells.sizes > n_atoms_max)
    odd |= {int(n): _too_large(name, n_atoms_max, cells.sizes[n]) for n in large}
    if odd:
        refused |= {crystal_of[n]: refusal for n, refusal in odd.items()}
        fit = np.array([n for n in range(len(crystal_of)) if n not in odd], dtype=np.int64)
        cells, crystal_of = cells.take(fit), [crystal_of[n] for n in fit]
    vectors, closest = _vectors(cells, fill, n_atoms_max, form)
    outcomes: dict[int, Outcome] = {**refused, **dict(zip(crystal_of, vectors, strict=True))}
    for n in np.flatnonzero(closest < SYMPREC):
        outcomes[crystal_of[n]] = _too_close(name, closest[n])
    return [outcomes[n] for n in range(len(crystals))]


def _vectors(cells: Cells, fill: Fill, n_atoms_max: int, form: str) -> tuple[Floats, Floats]:
    """A vector of each cell, and its closest approach; zeros where atoms are in one place."""
    from features.materials._kernel_eigenvalues import fill_eigenvalues
    from features.materials._kernel_sorting import fill_sorted

    offset = ends(cells.sizes**2)
    matrices = np.empty(offset[-1])
    closest = fill(cells, offset, matrices)
    sizes = np.where(closest < SYMPREC, 0, cells.sizes)
    vectors = np.zeros((len(sizes), _width({"n_atoms_max": n_atoms_max, "form": form})))
    if form == "eigenvalues":
        fill_eigenvalues(matrices, offset, sizes, vectors)
    else:
        fill_sorted(matrices, offset, sizes, n_atoms_max, vectors)
    return vectors, closest


def _too_large(name: str, n_atoms_max: int, size: int) -> Unsupported:
    return Unsupported(f"{name}: primitive cell", f"up to {n_atoms_max} atoms", str(size))


def _too_close(name: str, distance: float) -> Unsupported:
    return Unsupported(
        f"{name}: distance", f"atoms at least {SYMPREC} A apart", f"{distance:.2g} A"
    )


def _width(parameters: Parameters) -> int:
    n_atoms_max, form = parameters["n_atoms_max"], parameters["form"]
    if not (isinstance(n_atoms_max, int) and n_atoms_max >= 1):
        raise WrongUse("n_atoms_max", "a whole number from 1", repr(n_atoms_max))
    if form not in FORMS:
        raise WrongUse("form", "one of " + ", ".join(FORMS), repr(form))
    return n_atoms_max if form == "eigenvalues" else n_atoms_max * (n_atoms_max + 1) // 2
