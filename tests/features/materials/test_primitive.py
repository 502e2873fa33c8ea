"""The primitive cell found by translations is as small as the one spglib finds."""

from __future__ import annotations

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from benchmarks.bench_simulators import amcsd_sample
from features.crystal import crystal_of
from features.materials._cells import ordered_cells
from features.materials._lattice import shortest_bases, voronoi_vectors
from features.materials._primitive import Cell, primitive_cell, primitive_cells
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


def test_atoms_in_one_place_are_left_as_they_are():
    structure = Structure(Lattice.cubic(4), ["Fe", "Fe"], [[0, 0, 0], [0, 0, 1]])
    assert len(primitive_cell(cell_of(structure)).numbers) == 2


def test_translations_that_fit_only_within_the_tolerance_are_no_group():
    # a quarter of the way and three quarters map the atoms within 0.1 angstrom, half of it not
    at = [[0, 0, z] for z in (0, 0.2515, 0.503, 0.751)]
    structure = Structure(Lattice.cubic(20), ["Fe"] * 4, at)
    with pytest.raises(Unsupported, match="form a group"):
        primitive_cell(cell_of(structure), symprec=0.1)


def test_many_cells_are_reduced_as_each_alone():
    structures = [Structure.from_spacegroup(*crystal) for *crystal, _ in CRYSTALS.values()]
    crystals = [crystal_of(s) for s in structures]
    cells, which, refused = ordered_cells(crystals, "test")
    assert which == list(range(len(crystals))) and not refused
    found, refused = primitive_cells(cells)
    assert not refused
    assert found.sizes.tolist() == [n for *_, n in CRYSTALS.values()]
    for n, structure in enumerate(structures):
        alone = primitive_cell(cell_of(structure))
        here = slice(found.start[n], found.start[n + 1])
        np.testing.assert_array_equal(found.lattices[n], alone.lattice)
        np.testing.assert_array_equal(found.positions[here], alone.positions)
        np.testing.assert_array_equal(found.numbers[here], alone.numbers)


def test_real_minerals_are_reduced_as_by_spglib():
    for structure in amcsd_sample(40):
        if structure.is_ordered and structure.is_valid(0.5):
            found = primitive_cell(cell_of(structure))
            _, _, numbers = spglib.find_primitive(tuple(cell_of(structure)), symprec=0.01)
            assert len(found.numbers) == len(numbers), structure


@settings(max_examples=40, deadline=None)
@given(
    angles=st.lists(st.floats(55, 120), min_size=3, max_size=3).filter(
        lambda a: sum(a) < 350 and 2 * max(a) < sum(a) - 10
    ),
    edges=st.lists(st.sampled_from([3.0, 4.0, 5.5]), min_size=3, max_size=3),
    change=st.lists(st.integers(-3, 3), min_size=3, max_size=3),
)
def test_shortest_bases_belong_to_the_lattice(angles, edges, change):
    lattice = Lattice.from_parameters(*edges, *angles)
    skewed = np.array([[1, change[0], change[1]], [0, 1, change[2]], [0, 0, 1]]) @ lattice.matrix
    niggli = np.sort(lattice.get_niggli_reduced_lattice().abc)
    bases = shortest_bases(voronoi_vectors(skewed[None])[0])
    for basis in bases:
        np.testing.assert_allclose(np.linalg.norm(basis, axis=1), niggli, rtol=1e-6)
        assert abs(np.linalg.det(basis)) == pytest.approx(lattice.volume)
        cosines = np.array([basis[0] @ basis[1], basis[0] @ basis[2], basis[1] @ basis[2]])
        assert (cosines > 0).all() or (cosines < 1e-6).all()
    again = shortest_bases(voronoi_vectors(lattice.matrix[None])[0])
    assert len(again) == len(bases)


@pytest.mark.parametrize(
    ("vectors", "count"),
    [
        (np.diag([3.0, 4.0, 5.0]), 1),
        (Lattice.hexagonal(4.9, 5.4).matrix, 3),
        (2.0 * (np.ones((3, 3)) - 2 * np.eye(3)), 4),  # body-centred cubic
        (2.0 * (np.ones((3, 3)) - np.eye(3)), 16),  # face-centred cubic
    ],
)
def test_symmetric_lattices_have_several_shortest_bases(vectors, count):
    bases = shortest_bases(voronoi_vectors(np.asarray(vectors)[None])[0])
    assert len(bases) == count
