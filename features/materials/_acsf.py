"""Atom-centred symmetry functions of every site; what ``acsf`` and ``acsf_sites`` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.descriptor import Parameters
from features.materials._classes import CLASSES, class_weights
from features.materials._grid import positive
from features.materials._neighbours import displacements, neighbour_pairs
from registry.errors import WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

PARAMETERS: Parameters = {
    "r_cut": 6.0,
    "g2": [[4.0, 1.0], [4.0, 1.5], [4.0, 2.0], [4.0, 2.5], [4.0, 3.0], [4.0, 4.0], [4.0, 5.0]],
    "g4": [[0.01, 1.0, 1.0], [0.01, 1.0, -1.0], [0.01, 4.0, 1.0], [0.01, 4.0, -1.0]],
    "g5": [],
}
UNITS = {
    "r_cut": "angstrom",
    "g2": "1/angstrom^2, angstrom",
    "g4": "1/angstrom^2, none, none",
    "g5": "1/angstrom^2, none, none",
}
COLUMNS = {"g2": 2, "g4": 3, "g5": 3}
"""Numbers in each set: eta and R_s; eta, zeta and lambda."""
SOURCE = "Behler, J. Chem. Phys. 134, 074106 (2011), eqs. 5-9"


def site_functions(crystal: Crystal, r_cut: float, g2: Any, g4: Any, g5: Any) -> Floats:
    """Symmetry functions of every site, shape ``(n_sites, width)``, without unit."""
    from features.materials._acsf_kernels import symmetry_functions

    pairs = neighbour_pairs(crystal.lattice, crystal.cartesian, r_cut)
    apart = displacements(crystal.lattice, crystal.cartesian, pairs)
    shares = class_weights(crystal)[pairs.neighbour]
    start = pairs.start(len(crystal))
    sets = (_table("g2", g2), _table("g4", g4), _table("g5", g5))
    functions: Floats = symmetry_functions(apart, shares, start, float(r_cut), *sets)
    return functions


def width(parameters: Parameters) -> int:
    """Length of a row.

    Raises:
        WrongUse: For parameters that cannot be.
    """
    positive("r_cut", parameters["r_cut"])
    g2, g4, g5 = (_table(name, parameters[name]) for name in COLUMNS)
    n_pairs = len(CLASSES) * (len(CLASSES) + 1) // 2
    return len(CLASSES) * (1 + len(g2)) + n_pairs * (len(g4) + len(g5))


def _table(name: str, sets: Any) -> Floats:
    """Parameter sets as rows; lambda is 1 or -1, nothing else is negative."""
    columns = COLUMNS[name]
    expected = f"rows of {columns} numbers" + (", lambda 1 or -1" if columns == 3 else "")
    try:
        table = np.array([[float(value) for value in row] for row in sets], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise WrongUse(name, expected, repr(sets)) from error
    table = table.reshape(-1, columns) if table.size == 0 else table
    good = table.ndim == 2 and table.shape[1] == columns and np.isfinite(table).all()
    if not good or (table[:, 0] < 0).any() or (table[:, 1] < 0).any():
        raise WrongUse(name, expected, repr(sets))
    if columns == 3 and not (np.abs(table[:, 2]) == 1).all():
        raise WrongUse(name, expected, repr(sets))
    return table
