"""Incoherent scattering of phonons against oscillator, sum rules and detailed balance."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ingest.simulators._incoherent import (
    K_B,
    RECOIL,
    debye_waller,
    gamma,
    incoherent_sqe,
    mean_square_displacement,
    one_phonon,
)
from ingest.simulators._phonons import Modes, density_of_states
from ingest.simulators.ins import cross_section, powder_sqe
from registry.errors import Unsupported

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_dynamics")


@pytest.mark.parametrize("temperature", [0.0, 30.0, 300.0])
def test_an_oscillator_scatters_as_its_exact_solution(
    conformance: ModuleType, temperature: float
) -> None:
    assert conformance.oscillator_difference(temperature) < 1e-6


@pytest.mark.parametrize("temperature", [10.0, 300.0])
def test_everything_scattered_is_there_and_recoils(
    conformance: ModuleType, temperature: float
) -> None:
    """Area 1 with the elastic line, mean energy hbar^2 Q^2 / 2M (Placzek)."""
    mass, dos = 27.0, conformance.debye(25.0)
    found = incoherent_sqe(conformance.Q, conformance.ENERGY, dos, mass, temperature, 12)
    elastic = np.exp(
        -debye_waller(conformance.Q, mass, gamma(conformance.ENERGY, dos, temperature))
    )
    np.testing.assert_allclose(found.sum(axis=1) * conformance.STEP + elastic, 1, atol=2e-3)
    np.testing.assert_allclose(conformance.recoil_ratio(temperature, mass), 1, rtol=0.02)


def test_gain_and_loss_are_in_balance(conformance: ModuleType) -> None:
    terms, kelvin = 8, 200.0
    found = incoherent_sqe(
        conformance.Q, conformance.ENERGY, conformance.debye(25.0), 27.0, kelvin, terms
    )
    energy = conformance.transfer(terms)
    for transfer in (5.0, 12.0, 22.0):
        loss = found[:, np.argmin(abs(energy - transfer))]
        gain = found[:, np.argmin(abs(energy + transfer))]
        np.testing.assert_allclose(gain / loss, np.exp(-transfer / (K_B * kelvin)), rtol=1e-6)


def test_displacements_of_a_debye_solid_are_those_of_debye_and_waller(
    conformance: ModuleType,
) -> None:
    """u^2 = 3 hbar^2 / (M k theta) (1/4 at 0 K, T / theta when hot); Willis & Pryor (1975)."""
    cutoff, mass = 25.0, 27.0
    scale = 3 * 2 * RECOIL / (mass * cutoff)
    cold = mean_square_displacement(mass, gamma(conformance.ENERGY, conformance.debye(cutoff), 0.0))
    hot = mean_square_displacement(
        mass, gamma(conformance.ENERGY, conformance.debye(cutoff), 3000.0)
    )
    assert cold == pytest.approx(scale / 4, rel=0.02)
    assert hot == pytest.approx(scale * K_B * 3000 / cutoff, rel=0.02)


def test_the_one_phonon_term_is_the_density_of_states_over_energy(conformance: ModuleType) -> None:
    dos = conformance.debye(25.0)
    t1 = one_phonon(conformance.ENERGY, dos, 300.0)
    assert t1.sum() * conformance.STEP == pytest.approx(1)
    loss = (
        t1[len(conformance.ENERGY) + 1 :]
        * conformance.ENERGY
        * -np.expm1(-conformance.ENERGY / (K_B * 300))
    )
    inside = conformance.ENERGY < 25
    np.testing.assert_allclose(loss[inside] / loss[0], dos[inside] / dos[0], rtol=1e-9)


def test_too_few_phonons_for_a_large_q_are_refused(conformance: ModuleType) -> None:
    with pytest.raises(Unsupported, match="beyond 2 phonons"):
        incoherent_sqe(
            np.array([10.0]), conformance.ENERGY, conformance.debye(25.0), 27.0, 300.0, 2
        )


def two_atoms() -> Modes:
    generator = np.random.default_rng(1)
    energy = generator.uniform(5, 60, (500, 6))
    share = generator.dirichlet(np.ones(2), (500, 6)).transpose(0, 2, 1)
    return Modes(energy, share, ("H", "O"))


def test_each_atom_has_a_density_of_states_of_area_one() -> None:
    energy = np.linspace(0, 80, 401)
    dos = density_of_states(two_atoms(), energy, 1.0)
    np.testing.assert_allclose(dos.sum(axis=1) * 0.2, 1, atol=1e-9)
    assert energy @ dos.mean(axis=0) * 0.2 == pytest.approx(two_atoms().energy.mean(), rel=0.05)


def test_light_hydrogen_outshines_heavy() -> None:
    """Cross sections 82.02 and 7.64 barn (Sears 1992)."""
    assert cross_section("H") == pytest.approx(82.02, rel=0.01)
    assert cross_section("D") == pytest.approx(7.64, rel=0.01)


def test_the_powder_map_is_the_weighted_sum_of_its_atoms() -> None:
    energy, q = np.linspace(-60, 120, 361), np.array([1.0, 3.0])
    told = {"temperature": 50.0, "terms": 12, "resolution": 2.0}
    modes = two_atoms()
    both = powder_sqe(modes, ("H", "O"), q, energy, told)
    assert both.shape == (361, 2)
    hydrogen = Modes(modes.energy, modes.share[:, :1], ("H",))
    oxygen = Modes(modes.energy, modes.share[:, 1:], ("O",))
    h, o = cross_section("H"), cross_section("O")
    apart = (
        h * powder_sqe(hydrogen, ("H",), q, energy, told)
        + o * powder_sqe(oxygen, ("O",), q, energy, told)
    ) / (h + o)
    np.testing.assert_allclose(both, apart, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(both[:, 0].sum() * 0.5, 1, atol=5e-3)


def test_an_element_without_a_cross_section_is_refused() -> None:
    with pytest.raises(Unsupported, match="Po"):
        cross_section("Po")
