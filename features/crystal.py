"""A crystal as arrays, made straight from rows of ``materials``: what descriptors work on.

pymatgen's Structure makes a Python object of every site, which costs more than most descriptors do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from registry.errors import Unsupported
from registry.records import Floats
from registry.structures import FULL

if TYPE_CHECKING:
    from pymatgen.core import Structure

Integers = npt.NDArray[np.int64]
COLUMNS = ("lattice", "species", "positions")
"""Columns of ``materials`` that :func:`crystals` reads."""


@dataclass(frozen=True, eq=False)
class Crystal:
    """A periodic structure; a site may be shared or partly empty.

    Attributes:
        lattice: Cell vectors, shape ``(3, 3)``, angstrom.
        positions: Fractional, shape ``(n, 3)``; may lie outside the cell.
        site: Site of each entry, shape ``(m,)``, m >= n: an entry is one element on one site.
        numbers: Atomic number of each entry, shape ``(m,)``; isotopes count as their element.
        shares: Occupancy of each entry, shape ``(m,)``.
    """

    lattice: Floats
    positions: Floats
    site: Integers
    numbers: Integers
    shares: Floats

    def __len__(self) -> int:
        return len(self.positions)

    @cached_property
    def cartesian(self) -> Floats:
        """Cartesian positions, shape ``(n, 3)``, angstrom."""
        at: Floats = self.positions @ self.lattice
        return at

    @cached_property
    def volume(self) -> float:
        """Volume of the cell, cubic angstrom."""
        return float(abs(np.linalg.det(self.lattice)))

    @cached_property
    def charges(self) -> Floats:
        """Mean atomic number of each site, vacancies counting zero, shape ``(n,)``."""
        return np.bincount(self.site, self.numbers * self.shares, len(self)).astype(np.float64)

    @cached_property
    def occupancy(self) -> Floats:
        """Sum of the shares on each site, shape ``(n,)``."""
        return np.bincount(self.site, self.shares, len(self)).astype(np.float64)

    def elements(self) -> tuple[Integers, Floats]:
        """Atomic numbers that occur, ascending ``(k,)``; their share of each site ``(n, k)``."""
        kinds, column = np.unique(self.numbers, return_inverse=True)
        shares = np.zeros((len(self), len(kinds)))
        np.add.at(shares, (self.site, column), self.shares)
        return kinds, shares

    def ordered_numbers(self, descriptor: str) -> Integers:
        """Atomic number of the one element of each site, shape ``(n,)``.

        Raises:
            Unsupported: When a site is shared or partly empty.
        """
        wrong = np.abs(self.shares - 1) > FULL
        if len(self.numbers) != len(self) or wrong.any():
            first = int(self.site[wrong][0]) if wrong.any() else self._shared()
            raise Unsupported(
                f"{descriptor}: site {first}", "one species at full occupancy", self._content(first)
            )
        return self.numbers

    def _shared(self) -> int:
        """First site with several entries or none."""
        return int(np.flatnonzero(np.bincount(self.site, minlength=len(self)) != 1)[0])

    def _content(self, site: int) -> str:
        here = self.site == site
        pairs = zip(self.numbers[here], self.shares[here], strict=True)
        return ", ".join(f"{_symbols()[number]}:{share:.4g}" for number, share in pairs) or "none"


@dataclass(frozen=True, eq=False)
class Crystals(Sequence[Any]):
    """Crystals laid end to end, each cut out when it is asked for, or the refusal in its place.

    Attributes:
        lattices: Cell vectors, shape ``(c, 3, 3)``, angstrom.
        start: Where the sites of each begin, and where the last ones end, shape ``(c + 1,)``.
        positions: Fractional, shape ``(n, 3)``.
        first: Where the entries of each begin, and where the last ones end, shape ``(c + 1,)``.
        site: Site of each entry, counted within its crystal, shape ``(m,)``.
        numbers: Atomic number of each entry, shape ``(m,)``.
        shares: Occupancy of each entry, shape ``(m,)``.
        refused: What stands in place of a crystal, by index.
    """

    lattices: Floats
    start: Integers
    positions: Floats
    first: Integers
    site: Integers
    numbers: Integers
    shares: Floats
    refused: Mapping[int, Unsupported]

    @classmethod
    def of(cls, several: Sequence[Crystal]) -> Crystals:
        """Lay crystals end to end."""
        if isinstance(several, Crystals):
            return several

        def joined(name: str, empty: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.concatenate([empty, *(getattr(crystal, name) for crystal in several)])

        def ends(name: str) -> Integers:
            return np.cumsum([0, *(len(getattr(crystal, name)) for crystal in several)])

        points, whole = np.empty((0, 3)), np.empty(0, np.int64)
        return cls(
            joined("lattice", points).reshape(-1, 3, 3),
            ends("positions"),
            joined("positions", points),
            ends("numbers"),
            joined("site", whole),
            joined("numbers", whole),
            joined("shares", np.empty(0)),
            {},
        )

    def __len__(self) -> int:
        return len(self.lattices)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return self._part(*place.indices(len(self)))
        row = range(len(self))[place]
        if row in self.refused:
            return self.refused[row]
        i, j = self.start[row : row + 2]
        k, n = self.first[row : row + 2]
        lattice, positions = self.lattices[row], self.positions[i:j]
        return Crystal(lattice, positions, self.site[k:n], self.numbers[k:n], self.shares[k:n])

    def _part(self, begin: int, end: int, step: int) -> Crystals:
        if step != 1:
            raise IndexError("crystals: only neighbours lie end to end")
        end = max(begin, end)
        i, j, k, n = self.start[begin], self.start[end], self.first[begin], self.first[end]
        return Crystals(
            self.lattices[begin:end],
            self.start[begin : end + 1] - i,
            self.positions[i:j],
            self.first[begin : end + 1] - k,
            self.site[k:n],
            self.numbers[k:n],
            self.shares[k:n],
            {row - begin: why for row, why in self.refused.items() if begin <= row < end},
        )


def crystal_of(structure: Structure) -> Crystal:
    """Turn a pymatgen structure into arrays.

    Raises:
        Unsupported: For a placeholder that is no element.
    """
    entries = [
        (n, getattr(getattr(specie, "element", specie), "name", str(specie)), share)
        for n, content in enumerate(structure.species_and_occu)
        for specie, share in content.items()
    ]
    return Crystal(
        np.array(structure.lattice.matrix, dtype=np.float64),
        np.array(structure.frac_coords, dtype=np.float64),
        np.array([n for n, _, _ in entries], dtype=np.int64),
        np.array([_number(symbol) for _, symbol, _ in entries], dtype=np.int64),
        np.array([share for _, _, share in entries], dtype=np.float64),
    )


def as_crystal(given: Crystal | Structure) -> Crystal:
    """Turn what a user holds into arrays."""
    return given if isinstance(given, Crystal) else crystal_of(given)


def crystals(materials: pa.Table) -> Crystals:
    """Crystals of rows of ``materials`` (its columns :data:`COLUMNS`), without pymatgen.

    A row with a placeholder in place of an element gives the refusal.
    """
    flat = {name: materials[name].combine_chunks() for name in COLUMNS}
    lattices = flat["lattice"].flatten().to_numpy().reshape(-1, 3, 3)
    positions = flat["positions"].flatten().to_numpy().reshape(-1, 3)
    per_row = pc.list_value_length(flat["species"]).to_numpy()
    sites = flat["species"].flatten()
    per_site = pc.list_value_length(sites).to_numpy()
    entries = sites.flatten()
    shares = entries.field("occupancy").to_numpy()
    symbols = entries.field("symbol").dictionary_encode()
    names = symbols.dictionary.to_pylist()
    # a placeholder becomes 0 here, and a refusal of its row below
    known = np.array([_numbers().get(name, 0) for name in names], dtype=np.int64)
    numbers = known[symbols.indices.to_numpy()]
    # the site of each entry, counted within its row
    start = np.concatenate([[0], np.cumsum(per_row)])
    within = np.arange(start[-1]) - np.repeat(start[:-1], per_row)
    site = np.repeat(within, per_site)
    first = np.concatenate([[0], np.cumsum(per_site)])[start]
    unknown = np.flatnonzero(numbers == 0)
    refused = {
        int(np.searchsorted(first, n, side="right")) - 1: names[symbols.indices[n].as_py()]
        for n in unknown[::-1]
    }
    reasons = {row: _placeholder(name) for row, name in refused.items()}
    return Crystals(lattices, start, positions, first, site, numbers, shares, reasons)


def _number(symbol: str) -> int:
    if symbol not in _numbers():
        raise _placeholder(symbol)
    return _numbers()[symbol]


def _placeholder(symbol: str) -> Unsupported:
    return Unsupported("species", "elements", f"the placeholder {symbol}")


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    from pymatgen.core import Element

    # by name: the symbol of deuterium is H
    return {name: int(element.Z) for name, element in Element.__members__.items()}


@lru_cache(maxsize=1)
def _symbols() -> dict[int, str]:
    from pymatgen.core import Element

    return {int(element.Z): str(element.symbol) for element in Element}
