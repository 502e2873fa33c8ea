"""The primitive cell found by translations is as small as the one spglib finds."""

from __future__ import annotations

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from features.materials._primitive import Cell, primitive_cell
from registry.errors import Unsupported

CRYSTALS = {
    "F cubic": ("Fd-3m", Lattice.cubic(5.43), ["Si"], [[0, 0, 0]], 2),
    "I cubic": ("Im-3m", Lattice.cubic(2.87), ["Fe"], [[0, 0, 0]], 1),
    "P cubic": (
        "Pm-3m",
        Lattice.cubic(3.9),
        ["Sr", "Ti", "O"],
        [[0] * 3, [0.5] * 3, [0.5, 0.5, 0]],
        5,
    ),
    "R trigonal": (
        "R-3c",
        Lattice.hexagonal(4.99, 17.06),
        ["Ca", "C", "O"],
        [[0, 0, 0], [0, 0, 0.25], [0.2568, 0, 0.25]],
        10,
    ),
    "C monoclinic": (
        "C2/m",
        Lattice.monoclinic(9.8, 8.9, 5.3, 106),
        ["Mg", "O"],
        [[0.1, 0.2, 0.3], [0.4, 0, 0.1]],
        6,
    ),
}


def cell_of(structure):
    return Cell(structure.lattice.matrix, structure.frac_coords, np.array(structure.atomic_numbers))


@pytest.mark.parametrize("name", CRYSTALS)
def test_centred_cells_become_primitive(name):
    *crystal, n_atoms = CRYSTALS[name]
    structure = Structure.from_spacegroup(*crystal)
    found = primitive_cell(cell_of(structure))
    assert len(found.numbers) == n_atoms
    _, _, numbers = spglib.find_primitive(tuple(cell_of(structure)))
    assert len(numbers) == n_atoms
    again = Structure(found.lattice, found.numbers, found.positions)
    assert again.volume / n_atoms == pytest.approx(structure.volume / len(structure))
    assert StructureMatcher(primitive_cell=True, scale=False).fit(again, structure)


@settings(max_examples=30, deadline=None)
@given(
    scaling=st.lists(st.integers(-2, 2), min_size=9, max_size=9)
    .map(lambda n: np.reshape(n, (3, 3)))
    .filter(lambda m: 1 <= abs(round(np.linalg.det(m))) <= 12),
    noise=st.sampled_from([0.0, 1e-3]),
)
def test_any_supercell_goes_back_even_with_a_little_noise(scaling, noise):
    anatase_like = Structure(
        Lattice.from_parameters(3.8, 4.4, 5.1, 80, 95, 100),
        ["Ti", "O", "O"],
        [[0, 0, 0], [0.3, 0.4, 0.2], [0.6, 0.7, 0.75]],
    )
    supercell = anatase_like.make_supercell(scaling, in_place=False)
    if noise:
        supercell = supercell.copy().perturb(noise)
    found = primitive_cell(cell_of(supercell))
    assert sorted(found.numbers) == [8, 8, 22]
    assert abs(np.linalg.det(found.lattice)) == pytest.approx(anatase_like.volume)


def test_a_superstructure_is_kept():
    ordered = Structure(Lattice.cubic(3.0), ["Cu", "Au"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert len(primitive_cell(cell_of(ordered)).numbers) == 2


def test_atoms_of_one_kind_in_one_place_are_refused():
    structure = Structure(Lattice.cubic(4), ["Fe", "Fe"], [[0, 0, 0], [0, 0, 1]])
    with pytest.raises(Unsupported, match="apart"):
        primitive_cell(cell_of(structure))
