"""Rows of the crystal graph, by a compiled loop; see ``crystal_graph``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.materials._compiled import compiled

if TYPE_CHECKING:
    from features.crystal import Integers
    from registry.records import Floats


@compiled
def edge_rows(
    centre: Integers, neighbour: Integers, distance: Floats, image: Integers, charge: Floats
) -> Floats:
    """Lay out edges as rows, shape ``(n_edges, 8)``; charges are by site, ``(n_sites,)``."""
    rows = np.empty((len(centre), 8))
    for p in range(len(centre)):
        rows[p, 0], rows[p, 1] = centre[p], neighbour[p]
        rows[p, 2], rows[p, 3], rows[p, 4] = image[p, 0], image[p, 1], image[p, 2]
        rows[p, 5] = distance[p]
        rows[p, 6], rows[p, 7] = charge[centre[p]], charge[neighbour[p]]
    return rows
