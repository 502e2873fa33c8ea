"""Incoherent scattering of phonons against oscillator, sum rules and detailed balance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import iv

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
from registry.records import Floats

STEP = 0.25
ENERGY = STEP * np.arange(1, 121)  # up to 30 meV
Q = np.array([0.5, 2.0, 6.0, 9.0])


def debye(cutoff: float) -> Floats:
    """3 E^2 / E_D^3 up to the cutoff (meV)."""
    dos = np.where(cutoff >= ENERGY, 3 * ENERGY**2 / cutoff**3, 0.0)
    return np.asarray(dos / (dos.sum() * STEP))


def einstein(energy: float) -> Floats:
    """All modes in one bin."""
    dos = np.zeros(len(ENERGY))
    dos[round(energy / STEP) - 1] = 1 / STEP
    return dos


def grid(terms: int) -> Floats:
    n = terms * len(ENERGY)
    return STEP * np.arange(-n, n + 1)


@pytest.mark.parametrize("temperature", [0.0, 30.0, 300.0])
def test_an_oscillator_scatters_as_its_exact_solution(temperature: float) -> None:
    """Squires, eq. 3.100: e^{-2W} e^{nE/2kT} I_n(2W / cosh(E/2kT)) at n quanta; Poisson at 0 K."""
    quantum, mass, terms = 10.0, 12.0, 40
    dos = einstein(quantum)
    two_w = debye_waller(Q, mass, gamma(ENERGY, dos, temperature))
    found = incoherent_sqe(Q, ENERGY, dos, mass, temperature, terms)
    for n in (-2, -1, 1, 2, 3):
        line = abs(grid(terms) - n * quantum) < STEP / 2
        area = found[:, line].sum(axis=1) * STEP
        if temperature == 0:
            bare = RECOIL * Q**2 / mass / quantum
            order = max(n, 0)
            factorial = float(np.prod(np.arange(1, order + 1)))
            expected = np.exp(-bare) * bare**order / factorial * (n > 0)
        else:
            x = quantum / (2 * K_B * temperature)
            expected = np.exp(-two_w + n * x) * iv(n, two_w / np.cosh(x))
        np.testing.assert_allclose(area, expected, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("temperature", [10.0, 300.0])
def test_everything_scattered_is_there_and_recoils(temperature: float) -> None:
    """Area 1 with the elastic line, mean energy hbar^2 Q^2 / 2M (Placzek)."""
    mass, terms = 27.0, 12
    dos = debye(25.0)
    found = incoherent_sqe(Q, ENERGY, dos, mass, temperature, terms)
    elastic = np.exp(-debye_waller(Q, mass, gamma(ENERGY, dos, temperature)))
    np.testing.assert_allclose(found.sum(axis=1) * STEP + elastic, 1, atol=2e-3)
    mean = found @ grid(terms) * STEP
    np.testing.assert_allclose(mean, RECOIL * Q**2 / mass, rtol=0.02)


def test_gain_and_loss_are_in_balance() -> None:
    terms, kelvin = 8, 200.0
    found = incoherent_sqe(Q, ENERGY, debye(25.0), 27.0, kelvin, terms)
    energy = grid(terms)
    for transfer in (5.0, 12.0, 22.0):
        loss = found[:, np.argmin(abs(energy - transfer))]
        gain = found[:, np.argmin(abs(energy + transfer))]
        np.testing.assert_allclose(gain / loss, np.exp(-transfer / (K_B * kelvin)), rtol=1e-6)


def test_displacements_of_a_debye_solid_are_those_of_debye_and_waller() -> None:
    """u^2 = 3 hbar^2 / (M k theta) (1/4 at 0 K, T / theta when hot); Willis & Pryor (1975)."""
    cutoff, mass = 25.0, 27.0
    scale = 3 * 2 * RECOIL / (mass * cutoff)
    cold = mean_square_displacement(mass, gamma(ENERGY, debye(cutoff), 0.0))
    hot = mean_square_displacement(mass, gamma(ENERGY, debye(cutoff), 3000.0))
    assert cold == pytest.approx(scale / 4, rel=0.02)
    assert hot == pytest.approx(scale * K_B * 3000 / cutoff, rel=0.02)


def test_the_one_phonon_term_is_the_density_of_states_over_energy() -> None:
    dos = debye(25.0)
    t1 = one_phonon(ENERGY, dos, 300.0)
    assert t1.sum() * STEP == pytest.approx(1)
    loss = t1[len(ENERGY) + 1 :] * ENERGY * -np.expm1(-ENERGY / (K_B * 300))
    inside = ENERGY < 25
    np.testing.assert_allclose(loss[inside] / loss[0], dos[inside] / dos[0], rtol=1e-9)


def test_too_few_phonons_for_a_large_q_are_refused() -> None:
    with pytest.raises(Unsupported, match="beyond 2 phonons"):
        incoherent_sqe(np.array([10.0]), ENERGY, debye(25.0), 27.0, 300.0, 2)


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
