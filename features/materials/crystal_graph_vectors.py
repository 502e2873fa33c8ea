"""Crystal graph whose edges point somewhere: ``crystal_graph`` with three more columns.

What networks start from that treat directions as such (E(3)-equivariant ones). A row is an edge as
in :mod:`features.materials.crystal_graph`, followed by

    x, y, z,

the vector from the centre to the image of the neighbour, angstrom, in the frame of the lattice in
the ``materials`` row. A crystal that is turned has the same first eight columns and turned vectors;
one that is moved, or written with other sites first, has the same edges. It is a view of its own,
so that graphs without vectors keep their identity and stay as small as they are.

:func:`features.materials.crystal_graph.edges_of` turns stored rows back into arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.descriptor import Descriptor, Parameters
from features.materials._compiled import LOADS
from features.materials.crystal_graph import (
    COLUMNS,
    VECTOR,
    graphs,
    only,
    refuse_impossible,
)
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal


def _compute(crystal: Crystal, cutoff: float, n_nearest: int) -> Floats:
    rows = only(graphs([crystal], cutoff, n_nearest))
    centre, neighbour = rows[:, :2].T.astype(np.int64)
    at = crystal.cartesian
    vectors = at[neighbour] + rows[:, 2:5] @ crystal.lattice - at[centre]
    return np.column_stack([rows, vectors])


def _width(parameters: Parameters) -> int:
    refuse_impossible(parameters)
    return len(COLUMNS) + len(VECTOR)


DESCRIPTOR = Descriptor(
    name="crystal_graph_vectors",
    version="1",
    parameters={"cutoff": 5.0, "n_nearest": 0},
    units={"cutoff": "angstrom", "n_nearest": ""},
    width=_width,
    compute=_compute,
    unit="as the column: none, cells, angstrom, e, angstrom",
    source="Geiger and Smidt, arXiv:2207.09453 (2022); Chen et al., Adv. Sci. 8, 2004214 (2021)",
    rows="edge",
    disorder="weighted",
    loads=LOADS,
)
