"""What the audit measures agrees with pymatgen's matcher and with counting statistics."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from features.crystal import crystal_of
from training.leaks.misfit import misfit, noise_of
from training.leaks.structures import NEAR, apart, distribution

X = np.linspace(0, 1, 2000)


def distance(one: Structure, other: Structure) -> float:
    return apart(distribution(crystal_of(one)), distribution(crystal_of(other)))


def test_it_agrees_with_the_structure_matcher(ores: ModuleType) -> None:
    rutile, anatase, salt = ores.rutile("TiO2"), ores.anatase(), ores.rocksalt("NaCl")
    strained = rutile.copy()
    strained.apply_strain([0.02, 0.02, 0.02])
    zincblende = Structure(salt.lattice, ["Na", "Cl"], [[0, 0, 0], [0.25, 0.25, 0.25]])
    pairs = [
        (rutile, rutile * (2, 1, 1)),
        (rutile, strained),
        (rutile, ores.shaken(rutile, 0.05)),
        (rutile, anatase),
        (salt, salt * (2, 2, 1)),
        (salt, zincblende),
        (anatase, ores.shaken(anatase * (1, 2, 1), 0.03)),
    ]
    matcher = StructureMatcher(scale=True, attempt_supercell=False, primitive_cell=True)
    for one, other in pairs:
        assert (distance(one, other) <= NEAR) == matcher.fit(one, other)


@given(
    cell=st.sampled_from([(1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 2)]),
    origin=st.tuples(*[st.floats(0, 1)] * 3),
    scale=st.floats(0.95, 1.05),
)
@settings(max_examples=15, deadline=None)
def test_cell_origin_and_scale_do_not_matter(
    ores: ModuleType, cell: tuple[int, int, int], origin: tuple[float, ...], scale: float
) -> None:
    rutile = ores.rutile("TiO2")
    other = rutile * cell
    other.translate_sites(range(len(other)), origin)
    other.scale_lattice(other.volume * scale)
    # a distance on the edge of a bin may fall on either side of it
    assert distance(rutile, other) < 0.005


def test_other_kinds_at_the_same_places_are_another_structure(ores: ModuleType) -> None:
    inverted = ores.rutile("TiO2")
    swapped = Structure(inverted.lattice, ["O", "Ti", *["Ti", "O", "O", "O"]], inverted.frac_coords)
    assert distance(inverted, swapped) > 2 * NEAR


def peaks(shift: float = 0.0) -> np.ndarray:
    centres = np.linspace(0.05, 0.95, 23) + shift
    return 0.02 + np.exp(-(((X[:, None] - centres) / 0.004) ** 2)).sum(axis=1)


def counted(y: np.ndarray, counts: float, seed: int) -> np.ndarray:
    noisy = np.random.default_rng(seed).poisson(counts * y) / counts
    return (noisy / noisy.max())[None].astype(np.float32)


@pytest.mark.parametrize("counts", [300.0, 3000.0])
def test_noise_is_what_counting_makes_it(counts: float) -> None:
    smooth = np.full(len(X), 0.5)
    noisy = np.random.default_rng(1).poisson(counts * smooth) / counts
    assert noise_of(noisy[None].astype(np.float32))[0] == pytest.approx(1 / counts, rel=0.1)


def test_two_counts_of_one_curve_have_misfit_one() -> None:
    a, b = counted(peaks(), 1000, 1), counted(peaks(), 1000, 2)
    assert misfit(a, b, noise_of(a), noise_of(b), 0)[0] == pytest.approx(1, abs=0.25)


def test_a_copy_has_none_and_a_small_shift_has_much() -> None:
    a = counted(peaks(), 1000, 1)
    assert misfit(a, 0.4 * a, noise_of(a), noise_of(a), 0)[0] < 1e-6
    moved = counted(peaks(0.002), 1000, 2)
    assert misfit(a, moved, noise_of(a), noise_of(moved), 0)[0] > 5


def test_a_factor_that_changes_slowly_with_q_is_taken_out_for_powders() -> None:
    a, b = counted(peaks(), 1000, 1), counted(peaks() * (1.5 - X + 0.4 * X**2), 1000, 2)
    parabola = misfit(a, b, noise_of(a), noise_of(b), 2)[0]
    number = misfit(a, b, noise_of(a), noise_of(b), 0)[0]
    assert parabola == pytest.approx(1, abs=0.3)
    assert number > 2 * parabola
