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

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._grid import positive
from features.materials._neighbours import Pairs, neighbour_pairs
from registry.errors import BadInput, Unsupported, WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal, Integers

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


def graph_rows(crystal: Crystal, cutoff: float, n_nearest: int) -> Floats:
    """Edges of a crystal, shape ``(n_edges, 8)``, columns :data:`COLUMNS`.

    Raises:
        Unsupported: For a site without a neighbour within the cutoff, or too many sites.
    """
    from features.materials._graph_kernel import edge_rows

    n = len(crystal)
    if n > MOST_SITES:
        raise Unsupported("crystal_graph: cell", f"up to {MOST_SITES} sites", str(n))
    pairs = neighbour_pairs(crystal.lattice, crystal.cartesian, cutoff)
    start = pairs.start(n)
    if (start[1:] == start[:-1]).any():
        alone = int(np.argmax(start[1:] == start[:-1]))
        raise Unsupported(
            f"crystal_graph: site {alone}", f"a neighbour within {cutoff:g} angstrom", "none"
        )
    if n_nearest:
        pairs = pairs.where(_nearest(pairs, start, n_nearest))
    rows: Floats = edge_rows(*pairs, crystal.charges)
    return rows


def _nearest(pairs: Pairs, start: Integers, n_nearest: int) -> Integers:
    """Places of the nearest of each centre and of those as far as the last of them."""
    order = np.lexsort((pairs.distance, pairs.centre))
    distance = pairs.distance[order]
    last = np.minimum(start[:-1] + n_nearest, start[1:]) - 1
    kept: Integers = order[distance < distance[last][pairs.centre] + SHELL]
    return kept


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
    compute=graph_rows,
    unit="as the column: none, cells, angstrom, e",
    source="Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018); Chen et al., Adv. Sci. 8, "
    "2004214 (2021)",
    rows="edge",
    disorder="weighted",
)
