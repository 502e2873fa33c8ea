"""Many ordered crystals laid end to end, as kernels take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from features.crystal import Crystals
from registry.errors import Unsupported
from registry.records import Floats
from registry.structures import FULL

if TYPE_CHECKING:
    from features.crystal import Crystal

Integers = npt.NDArray[np.int64]


class Cells(NamedTuple):
    """Cells whose atoms lie end to end; those of cell c are ``start[c]`` to ``start[c + 1]``.

    Cell vectors ``(cells, 3, 3)`` in angstrom, ``start`` ``(cells + 1,)``, fractional positions
    ``(atoms, 3)``, atomic numbers ``(atoms,)``.
    """

    lattices: Floats
    start: Integers
    positions: Floats
    numbers: Integers

    @property
    def sizes(self) -> Integers:
        """Atoms of each cell, shape ``(cells,)``."""
        return np.diff(self.start)

    def take(self, chosen: Integers) -> Cells:
        """Pick some of the cells, in another order perhaps."""
        sizes = self.sizes[chosen]
        start = ends(sizes)
        atoms = np.repeat(self.start[chosen] - start[:-1], sizes) + np.arange(start[-1])
        return Cells(self.lattices[chosen], start, self.positions[atoms], self.numbers[atoms])

    def in_bases(self, bases: Floats) -> Cells:
        """Write the same crystals with other vectors of the same lattices, ``(cells, 3, 3)``."""
        # whole numbers but for rounding
        change = np.rint(self.lattices @ np.linalg.inv(bases))
        positions = by_cell(self.positions, change, self.sizes)
        return Cells(bases, self.start, positions, self.numbers)


def ordered_cells(
    crystals: Sequence[Crystal], descriptor: str
) -> tuple[Cells, list[int], dict[int, Unsupported]]:
    """Lay the ordered ones among crystals end to end.

    Returns:
        The cells, the index of the crystal of each, and why the other crystals are refused: a
        site is shared or partly empty, or the cell is no cell.
    """
    laid = Crystals.of(crystals)
    fit = _are_ordered(laid)
    refused: dict[int, Unsupported] = {}
    for n in np.flatnonzero(~fit).tolist():
        try:
            crystals[n].ordered_numbers(descriptor)
        except Unsupported as refusal:
            refused[n] = refusal
    kept = np.flatnonzero(fit).tolist()
    cells = Cells(laid.lattices, laid.start, laid.positions, laid.numbers)
    if refused:
        entries = np.repeat(fit, np.diff(laid.first))
        sites = np.repeat(fit, cells.sizes)
        start = ends(cells.sizes[fit])
        cells = Cells(laid.lattices[fit], start, laid.positions[sites], laid.numbers[entries])
    sound = _are_sound(cells)
    if not sound.all():
        wrong = Unsupported(f"{descriptor}: cell", "a volume and finite positions", "no such cell")
        refused |= {kept[n]: wrong for n in np.flatnonzero(~sound)}
        cells, kept = cells.take(np.flatnonzero(sound)), [n for n in kept if n not in refused]
    return cells, kept, refused


def _are_sound(cells: Cells) -> npt.NDArray[np.bool_]:
    """Whether each can be computed with: what is no number would stop the others as well."""
    with np.errstate(invalid="ignore"):
        sound: npt.NDArray[np.bool_] = np.abs(np.linalg.det(cells.lattices)) > 0
    lost = np.flatnonzero(~np.isfinite(cells.positions).all(axis=1))
    sound[np.searchsorted(cells.start, lost, side="right") - 1] = False
    return sound


def _are_ordered(laid: Crystals) -> npt.NDArray[np.bool_]:
    wrong = np.concatenate([[0], np.cumsum(np.abs(laid.shares - 1) > FULL)])
    here = np.diff(wrong[laid.first])
    ordered: npt.NDArray[np.bool_] = (np.diff(laid.start) == np.diff(laid.first)) & (here == 0)
    return ordered


def by_cell(positions: Floats, matrices: Floats, sizes: Integers) -> Floats:
    """Multiply the positions of each cell, as rows, by its matrix."""
    moved: Floats = positions[:, None, :] @ np.repeat(matrices, sizes, axis=0)
    return np.ascontiguousarray(moved[:, 0, :])


def ends(counts: Sequence[int] | Integers) -> Integers:
    """Where each of several runs begins, and where the last one ends."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])
