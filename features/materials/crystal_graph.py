"""Crystal graph: an edge from every site to every image of a site within a cutoff.

What graph networks start from (CGCNN, e3nn): sites are nodes, and a pair of sites has as many edges
as images are near. A row is an edge,

    centre, neighbour, a, b, c, distance, Z of the centre, Z of the neighbour,

with sites counted from zero in the order of the ``materials`` row, a, b, c the cells from the
neighbour as it was given to the image met, and Z the mean over the atoms of the site, a vacancy
counting zero. Edges are grouped by centre; each appears both ways, unless ``n_nearest`` limits how
many start at a site. Then the nearest are kept, nearest first, and with the last of them all that
are as far within 0.001 angstrom: which of equal neighbours would be kept is no property of the
crystal. A site without a neighbour within the cutoff would not be in the graph and is refused.

Stored values are single precision: whole numbers up to 2^24 are exact, larger cells are refused.
:func:`edges_of` turns stored rows back into arrays. Turning a crystal changes none of the values;
:mod:`features.materials.crystal_graph_vectors` adds where each edge points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.descriptor import Descriptor, Outcome, Parameters
from features.materials._compiled import LOADS
from features.materials._grid import positive
from features.materials._neighbours import around
from registry.errors import BadInput, Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal, Integers
    from features.materials._wrapped import Wrapped

COLUMNS = (
    "centre",
    "neighbour",
    "image_a",
    "image_b",
    "image_c",
    "distance",
    "centre_charge",
    "neighbour_charge",
)
VECTOR = ("x", "y", "z")
"""Columns that ``crystal_graph_vectors`` adds, angstrom."""
SHELL = 1e-3
"""Neighbours whose distances differ by less are one shell (angstrom)."""
MOST_SITES = 2**24
"""Whole numbers up to here are exact in single precision."""
CHUNK = 256
"""Crystals whose images are in memory together."""


class Edges(NamedTuple):
    """A crystal graph in the arrays that torch-geometric and e3nn take.

    Attributes:
        edge_index: Centre and neighbour of each edge, shape ``(2, n_edges)``.
        shift: Cells to the image met, shape ``(n_edges, 3)``; the vector of an edge is
            ``position[neighbour] + shift @ lattice - position[centre]``.
        distance: Its length, angstrom, shape ``(n_edges,)``.
        charge: Mean Z of each site, shape ``(n_sites,)``.
        vector: From centre to neighbour, angstrom, shape ``(n_edges, 3)``; None where the rows have
            no vectors.
    """

    edge_index: Integers
    shift: Integers
    distance: Floats
    charge: Floats
    vector: Floats | None = None


def edges_of(rows: Floats) -> Edges:
    """Turn rows of a crystal graph back into arrays.

    Args:
        rows: One crystal's value: of ``crystal_graph``, shape ``(n_edges, 8)`` or flattened, or of
            ``crystal_graph_vectors``, shape ``(n_edges, 11)``.

    Raises:
        BadInput: For rows of another width.
    """
    width = len(COLUMNS)
    given = rows.shape[1] if rows.ndim > 1 else width
    if rows.size == 0 or rows.size % given or given not in (width, width + len(VECTOR)):
        raise BadInput(
            "rows", f"some of width {width}, or {width + 3} with vectors", f"shape {rows.shape}"
        )
    table = np.asarray(rows, dtype=np.float64).reshape(-1, given)
    edge_index = table[:, :2].T.astype(np.int64)
    # every site is the centre of an edge
    charge = np.zeros(edge_index[0].max() + 1)
    charge[edge_index[0]] = table[:, 6]
    vector = table[:, width:] if given > width else None
    return Edges(edge_index, table[:, 2:5].astype(np.int64), table[:, 5], charge, vector)


def graphs(crystals: Sequence[Crystal], cutoff: float, n_nearest: int) -> list[Outcome]:
    """Edges of each crystal, shape ``(n_edges, 8)``, columns :data:`COLUMNS`.

    A crystal is refused for a site without a neighbour within the cutoff, or too many sites.
    """
    small = [crystal for crystal in crystals if len(crystal) <= MOST_SITES]
    made = iter(
        outcome
        for first in range(0, len(small), CHUNK)
        for outcome in _graphs(small[first : first + CHUNK], cutoff, n_nearest)
    )
    return [next(made) if len(c) <= MOST_SITES else _too_large(len(c)) for c in crystals]


def only(outcomes: Sequence[Outcome]) -> Floats:
    """The value of the one crystal described.

    Raises:
        Unsupported: When it was refused.
    """
    (outcome,) = outcomes
    if isinstance(outcome, Unsupported):
        raise outcome
    return outcome


def _graphs(crystals: Sequence[Crystal], cutoff: float, n_nearest: int) -> Iterator[Outcome]:
    from features.materials._pair_kernels import edge_rows

    at = [crystal.cartesian for crystal in crystals]
    cells, surroundings = around([crystal.lattice for crystal in crystals], at, cutoff)
    charges = np.concatenate([crystal.charges for crystal in crystals])
    start = np.empty(len(charges) + 1, dtype=np.int64)
    room = _about(cells, cutoff)
    while True:
        rows = np.empty((room, len(COLUMNS)))
        total = edge_rows(cells, surroundings, float(cutoff), charges, rows, start)
        if total <= room:
            break
        room = total
    degrees = np.diff(start)
    # the first of each crystal is named
    alone = np.flatnonzero(degrees == 0)
    lonely = dict(zip(_crystal_of(cells, alone[::-1]), alone[::-1].tolist(), strict=True))
    stretches = pairwise(start[cells.start].tolist())
    for c, (begin, end) in enumerate(stretches):
        here = rows[begin:end]
        if c in lonely:
            yield _lonely(int(lonely[c] - cells.start[c]), cutoff)
        elif n_nearest:
            of_sites = degrees[cells.start[c] : cells.start[c + 1]]
            yield here[_nearest(here, of_sites, n_nearest)]
        else:
            yield here


def _crystal_of(cells: Wrapped, atoms: Integers) -> list[int]:
    found: list[int] = (np.searchsorted(cells.start, atoms, side="right") - 1).tolist()
    return found


def _about(cells: Wrapped, cutoff: float) -> int:
    """About how many edges there will be, and some more: what is not used costs no memory."""
    sizes, volumes = np.diff(cells.start), np.abs(np.linalg.det(cells.lattices))
    sphere = 4 / 3 * np.pi * cutoff**3
    return int(1.2 * (sizes**2 / volumes).sum() * sphere) + 1000


def _nearest(rows: Floats, degrees: Integers, n_nearest: int) -> Integers:
    """Places of the nearest of each centre and of those as far as the last of them."""
    order = np.lexsort((rows[:, 5], rows[:, 0]))
    distance = rows[order, 5]
    last = np.cumsum(degrees) - degrees + np.minimum(n_nearest, degrees) - 1
    kept: Integers = order[distance < np.repeat(distance[last], degrees) + SHELL]
    return kept


def _too_large(n_sites: int) -> Unsupported:
    return Unsupported("crystal_graph: cell", f"up to {MOST_SITES} sites", str(n_sites))


def _lonely(site: int, cutoff: float) -> Unsupported:
    return Unsupported(
        f"crystal_graph: site {site}", f"a neighbour within {cutoff:g} angstrom", "none"
    )


def _compute(crystal: Crystal, cutoff: float, n_nearest: int) -> Floats:
    return only(graphs([crystal], cutoff, n_nearest))


def refuse_impossible(parameters: Parameters) -> None:
    """Insist on a cutoff and a number of neighbours that can be; WrongUse otherwise."""
    positive("cutoff", parameters["cutoff"])
    n_nearest = parameters["n_nearest"]
    if not (isinstance(n_nearest, int) and n_nearest >= 0):
        raise WrongUse("n_nearest", "a whole number, 0 for all", repr(n_nearest))


def _width(parameters: Parameters) -> int:
    refuse_impossible(parameters)
    return len(COLUMNS)


DESCRIPTOR = Descriptor(
    name="crystal_graph",
    version="1",
    parameters={"cutoff": 5.0, "n_nearest": 0},
    units={"cutoff": "angstrom", "n_nearest": ""},
    width=_width,
    compute=_compute,
    batch=graphs,
    unit="as the column: none, cells, angstrom, e",
    source="Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018); Chen et al., Adv. Sci. 8, "
    "2004214 (2021)",
    rows="edge",
    disorder="weighted",
    loads=LOADS,
)
