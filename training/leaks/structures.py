r"""Structures that are one, whatever their ids, cells, origins and volumes.

Candidates are pairs of nearly the same composition whose volumes per atom are within
:data:`STRETCH`. Each is brought to the same volume per atom and described by its partial radial
distribution functions

.. math::
    n_{ab}(r) = \frac{1}{N r^2} \sum_{i \in a} \sum_{j \in b, j \ne i} G(r - d_{ij})

with N atoms in the cell and a Gaussian G of width :data:`WIDTH`, which do not depend on cell,
origin, setting or supercell. Two structures are as far apart as

.. math::
    d = \sum_{ab} \int |n_{ab} - n'_{ab}|\, dr \Big/ \sum_{ab} \int (n_{ab} + n'_{ab})\, dr

with d = 0 for the same and 1 for those that share no distance. Shared and partly empty sites count
by their occupancies. The two hands of a chiral crystal are the same here, as in their patterns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from registry.errors import Unsupported
from registry.lake import Lake
from registry.records import Floats
from training.leaks.twins import Case, Entry, Twins, closest, twins_of

if TYPE_CHECKING:
    from features.crystal import Crystal

IDENTICAL, NEAR = 0.005, 0.05
"""Distances of what is called identical and near-identical."""
SAME_COMPOSITION, NEAR_COMPOSITION = 0.002, 0.02
"""Largest share of atoms that differ in each."""
STRETCH = 0.1
"""Largest difference in the logarithm of the volume per atom: a few GPa, or some hundred K."""
CUTOFF, STEP, WIDTH = 8.0, 0.05, 0.1
"""Of the distribution functions (angstrom), at a volume of 10 cubic angstrom per atom."""
VOLUME = 10.0
ATOMIC_NUMBERS = 120
TINY = 1e-9

MATERIALS_SQL = """
SELECT material_id, lattice, species, positions FROM materials
WHERE lattice IS NOT NULL AND material_id IN (SELECT unnest($1::VARCHAR[])) ORDER BY material_id
"""
Blocks = Mapping[tuple[int, int], npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Structures:
    """Structures of the materials of a case.

    Attributes:
        place: Place of each material below, by id.
        crystals: The structures; none of a material with a placeholder instead of an element.
        compositions: Share of each element, by atomic number, shape ``(n, 120)``.
        volumes: Volume per atom (cubic angstrom), shape ``(n,)``.
    """

    place: Mapping[str, int]
    crystals: Sequence[Crystal]
    compositions: Floats
    volumes: Floats

    def composition(self, entry: Entry) -> Floats | None:
        """Composition of a member of one material, shape ``(120,)``; None where it is not known."""
        place = self.place.get(entry.materials[0]) if len(entry.materials) == 1 else None
        return None if place is None else np.asarray(self.compositions[place])


def read_structures(
    lake: Lake, ids: Collection[str], at: dict[str, int] | None = None
) -> Structures:
    """Read the structures of materials; those without one, or with a placeholder, are left out."""
    from features.crystal import crystals

    rows = lake.sql(MATERIALS_SQL, [sorted(ids)], at)
    found = dict(zip(rows["material_id"].to_pylist(), crystals(rows), strict=True))
    known = {name: c for name, c in found.items() if not isinstance(c, Unsupported)}
    counts = np.zeros((len(known), ATOMIC_NUMBERS))
    for row, crystal in zip(counts, known.values(), strict=True):
        np.add.at(row, crystal.numbers, crystal.shares)
    atoms = np.maximum(counts.sum(axis=1), TINY)
    volumes = np.array([crystal.volume for crystal in known.values()]) / atoms
    place = {name: i for i, name in enumerate(known)}
    return Structures(place, list(known.values()), counts / atoms[:, None], volumes)


def distances(
    structures: Structures, wanted: Callable[[int, int], bool] | None = None
) -> Iterator[tuple[int, int, float, float]]:
    """Pairs of nearly one composition and volume per atom.

    Args:
        structures: The structures.
        wanted: Whether to compare two of them, by their places; all by default.

    Yields:
        Places of both, how far apart they are, and the share of atoms that differ.
    """
    known: dict[int, Blocks] = {}
    for one, other, difference in _candidates(structures):
        if wanted is None or wanted(one, other):
            for place in (one, other):
                if place not in known:
                    known[place] = distribution(structures.crystals[place])
            yield one, other, apart(known[one], known[other]), difference


def structure_twins(case: Case, structures: Structures) -> tuple[list[Twins], int]:
    """Members of different sides whose structures are one, and how many pairs were compared."""
    owners, names = _owners(case, structures), list(structures.place)

    def late(one: int, other: int) -> list[tuple[Entry, Entry]]:
        return [(a, b) for a in owners[one] for b in owners[other] if a.rank != b.rank]

    found: list[Twins] = []
    compared = 0
    pairs = distances(structures, lambda one, other: bool(late(one, other)))
    for one, other, distance, difference in pairs:
        compared += 1
        kind, limit = "near-identical structure", NEAR
        if distance <= IDENTICAL and difference <= SAME_COMPOSITION:
            kind, limit = "identical structure", IDENTICAL
        if distance <= limit:
            what = f"{names[one]} and {names[other]}"
            found += [twins_of(kind, *pair, distance, limit, what) for pair in late(one, other)]
    return closest(found), compared


def distribution(crystal: Crystal) -> Blocks:
    """Partial radial distribution functions at the common volume, by pair of atomic numbers."""
    from scipy.ndimage import gaussian_filter1d

    from features.materials._neighbours import TIE, pair_counts

    kinds, shares = crystal.elements()
    atoms = shares.sum()
    lattice = crystal.lattice * (VOLUME * atoms / crystal.volume) ** (1 / 3)
    edges = STEP * np.arange(round(CUTOFF / STEP) + 1)
    counts = pair_counts(lattice, crystal.positions @ lattice, shares, edges, TIE) / atoms
    smooth = gaussian_filter1d(counts, WIDTH / STEP, axis=2) / ((edges[1:] + edges[:-1]) / 2) ** 2
    # a pair of kinds counts both ways round, which are equal
    return {
        (int(a), int(b)): ((2 - (a == b)) * smooth[i, j]).astype(np.float32)
        for i, a in enumerate(kinds)
        for j, b in enumerate(kinds)
        if a <= b
    }


def apart(one: Blocks, other: Blocks) -> float:
    """How far apart two structures are, 0 to 1: see the module."""
    nothing = np.zeros(1, np.float32)
    pairs = [(one.get(k, nothing), other.get(k, nothing)) for k in one.keys() | other.keys()]
    total = sum(float((p + q).sum()) for p, q in pairs)
    different = sum(float(np.abs(p - q).sum()) for p, q in pairs)
    return different / total if total > 0 else 0.0


def _candidates(structures: Structures) -> Iterator[tuple[int, int, float]]:
    """Pairs of structures of nearly one composition and density, and how the former differs."""
    from scipy.spatial import cKDTree

    if len(structures.crystals) < 2:
        return
    occurs = structures.compositions[:, structures.compositions.any(axis=0)]
    # the sum over elements counts an atom that was replaced twice
    near = cKDTree(occurs).query_pairs(2 * NEAR_COMPOSITION, p=1, output_type="ndarray")
    logarithm = np.log(structures.volumes)
    for i, j in near[np.abs(np.diff(logarithm[near], axis=1)[:, 0]) <= STRETCH].tolist():
        yield i, j, float(np.abs(occurs[i] - occurs[j]).sum() / 2)


def _owners(case: Case, structures: Structures) -> Mapping[int, list[Entry]]:
    """Of each structure one member a side: the others there are as much twins as it."""
    found: dict[int, dict[str, Entry]] = defaultdict(dict)
    for entry in case.entries:
        for material in entry.materials:
            if material in structures.place:
                found[structures.place[material]].setdefault(entry.side, entry)
    return {place: list(sides.values()) for place, sides in found.items()}
