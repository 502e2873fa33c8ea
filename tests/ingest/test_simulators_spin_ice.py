"""Spin ice against enumeration, residual entropy and the projection onto its flat bands."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ingest.simulators._pyrochlore import pyrochlore
from ingest.simulators.spin_ice import (
    energy,
    sample,
    simulate,
    structure_factor,
)
from registry.errors import WrongUse
from registry.records import Floats

SIZE = 4
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_spectroscopy")


@pytest.fixture(scope="module")
def cold() -> tuple[Floats, Floats]:
    spins, energies = sample(SIZE, temperature=0.15, sweeps=4, samples=150, seed=1)
    return spins, energies


def test_every_spin_has_six_neighbours_at_the_pyrochlore_distance() -> None:
    block = pyrochlore(2)
    assert np.all(np.bincount(block.tetrahedra.ravel()) == 2)
    apart = block.position[:, None] - block.position
    distance = np.linalg.norm(apart - 2 * np.rint(apart / 2), axis=2)
    assert np.all((np.abs(distance - np.sqrt(2) / 4) < 1e-9).sum(axis=1) == 6)
    for spin, tetrahedra in enumerate(block.member):
        assert all(spin in block.tetrahedra[n] for n in tetrahedra)


def test_a_local_axis_points_from_the_up_to_the_down_tetrahedron() -> None:
    block = pyrochlore(2)
    ups = len(block.tetrahedra) // 2
    for spin in (0, 1, 2, 3, 50):
        others = block.position[block.tetrahedra[block.member[spin, 0]]] - block.position[spin]
        centre = (others - 2 * np.rint(others / 2)).mean(axis=0)
        np.testing.assert_allclose(centre / np.linalg.norm(centre), -block.axis[spin], atol=1e-9)
        assert block.member[spin, 0] < ups <= block.member[spin, 1]


def test_cold_spins_obey_the_ice_rule(cold: tuple[Floats, Floats]) -> None:
    spins, energies = cold
    assert energies.mean() == pytest.approx(-1, abs=2e-3)
    sums = np.abs(spins[:, pyrochlore(SIZE).tetrahedra].sum(axis=2))
    assert np.mean(sums == 0) > 0.998


def test_cold_samples_still_move(cold: tuple[Floats, Floats]) -> None:
    spins, _ = cold
    assert np.mean(spins[0] != spins[-1]) == pytest.approx(0.5, abs=0.1)


def test_all_in_all_out_has_the_highest_energy() -> None:
    block = pyrochlore(1)
    assert energy(np.ones((1, 16), dtype=np.int8), block)[0] == 3  # 12 J per pair of tetrahedra


def test_energy_is_that_of_all_states_of_the_smallest_block() -> None:
    """65,536 states of 16 spins, each with its Boltzmann weight."""
    block = pyrochlore(1)
    states = 1 - 2 * (np.arange(2**16)[:, None] >> np.arange(16) & 1).astype(np.int8)
    levels = energy(states, block)
    for temperature in (1.0, 3.0):
        weight = np.exp(-16 * (levels - levels.min()) / temperature)
        expected = weight @ levels / weight.sum()
        _, found = sample(1, temperature, sweeps=5, samples=3000, seed=2)
        assert found.mean() == pytest.approx(expected, abs=4 * found.std() / np.sqrt(800))


def test_residual_entropy_is_that_of_pauling(conformance: ModuleType) -> None:
    """Pauling: ln(3/2) / 2 = 0.2027 per spin; series (Nagle, 1966): 0.205."""
    assert conformance.residual_entropy() == pytest.approx(0.205, abs=0.01)


def test_hot_spins_scatter_the_same_everywhere() -> None:
    """Independent spins: the mean over the four axes of (z . y)^2, which is 1/3."""
    spins, _ = sample(2, temperature=1e6, sweeps=1, samples=400, seed=3)
    hhl = np.array([[0.0, 2.0], [1.0, 1.0], [0.5, 1.5], [1.5, 0.0]])
    found = structure_factor(spins, pyrochlore(2), hhl)
    np.testing.assert_allclose(found, 1 / 3, atol=0.07)


def test_the_map_is_that_of_the_flat_bands(
    conformance: ModuleType, cold: tuple[Floats, Floats]
) -> None:
    assert conformance.flat_band_correlation(cold[0], SIZE) > 0.97


def test_there_is_a_pinch_point_at_002(cold: tuple[Floats, Floats]) -> None:
    """Beside (002) the factor stays up along l and is gone along h, however near."""
    step = 1 / SIZE
    hhl = np.array([[step, 2.0], [0.0, 2 + step], [0.0, 2 - step]])
    along_h, above, below = structure_factor(cold[0], pyrochlore(SIZE), hhl)
    assert min(above, below) > 20 * along_h


def test_the_map_is_the_same_for_the_same_seed() -> None:
    told = {"h_max": 1.0, "l_max": 1.0, "size": 2, "temperature": 1.0, "sweeps": 1, "samples": 2}
    first, second, other = (simulate(**told, seed=seed) for seed in (1, 1, 2))
    assert first.intensity.shape == (len(first.x.values), len(first.axes[0].values)) == (3, 3)
    np.testing.assert_array_equal(first.intensity, second.intensity)
    assert not np.array_equal(first.intensity, other.intensity)


@pytest.mark.parametrize("bad", [{"temperature": 0.0}, {"samples": 0}, {"size": 0}])
def test_impossible_settings_are_refused(bad: dict[str, float]) -> None:
    told = {"size": 2, "temperature": 1.0, "sweeps": 1, "samples": 1, "seed": 0}
    with pytest.raises(WrongUse):
        sample(**(told | bad))
