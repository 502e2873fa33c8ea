"""Photoemission of a tight-binding band against closed forms."""

from __future__ import annotations

import importlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.integrate import quad

from ingest.simulators import simulators
from ingest.simulators.arpes import FWHM, K_B, Band, SelfEnergy, cut, fermi, spectral_function
from registry.errors import WrongUse

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
BAND = Band(t=0.36, t_prime=0.10, t_second=0.035, mu=-0.40, a=3.85)
FREE = SelfEnergy(impurity=0.02, coupling=0.0, boson=0.07, boson_width=0.005)
COUPLED = replace(FREE, coupling=0.8)
NODE = ((0.0, 0.0), (1.0, 1.0))


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_dynamics")


def test_the_band_has_its_values_at_the_points_of_symmetry() -> None:
    pi = np.pi / BAND.a
    found = BAND.energy(np.array([0, pi, pi]), np.array([0, 0, pi]))
    t, t1, t2, mu = BAND.t, BAND.t_prime, BAND.t_second, BAND.mu
    expected = [
        -4 * t + 4 * t1 - 4 * t2 - mu,
        -4 * t1 - 4 * t2 - mu,
        4 * t + 4 * t1 - 4 * t2 - mu,
    ]
    np.testing.assert_allclose(found, expected)


def test_the_band_is_the_spectrum_of_a_hopping_matrix(conformance: ModuleType) -> None:
    """A ring of 12 x 12 sites, diagonalised."""
    assert conformance.band_difference() < 1e-12


@pytest.mark.parametrize("self_energy", [FREE, COUPLED])
@pytest.mark.parametrize("epsilon", [-0.3, -0.05, 0.1])
def test_every_state_is_one_electron(self_energy: SelfEnergy, epsilon: float) -> None:
    def a(omega: float) -> float:
        at = np.array([omega]), np.array([epsilon])
        return float(spectral_function(*at, self_energy)[0, 0])

    edges = [-1000, -10, -1, -0.2, -0.07, -0.03, 0, 0.03, 0.07, 0.2, 1, 10, 1000]
    total = sum(quad(a, *pair, limit=200)[0] for pair in pairwise(edges))
    assert total == pytest.approx(1, abs=1e-3)


def test_the_self_energy_of_a_boson_is_that_of_engelsberg_and_schrieffer() -> None:
    sharp = SelfEnergy(impurity=0.0, coupling=0.8, boson=0.07, boson_width=1e-9)
    omega = np.array([-0.2, -0.1, -0.03, 0.01, 0.05, 0.15])
    sigma = sharp(omega)
    real = 0.8 * 0.07 / 2 * np.log(abs((0.07 - omega) / (0.07 + omega)))
    width = np.where(abs(omega) > 0.07, np.pi * 0.8 * 0.07 / 2, 0)
    np.testing.assert_allclose(sigma.real, real, atol=1e-6)
    np.testing.assert_allclose(-sigma.imag, width, atol=1e-6)


def test_real_and_imaginary_part_belong_together() -> None:
    """Kramers and Kronig: the real part from the imaginary one."""
    at = 0.03

    def part(omega: float) -> float:
        there, mirrored = COUPLED(np.array([at + omega, at - omega])).imag
        return float((there - mirrored) / omega)

    edges = [1e-9, 0.01, 0.04, 0.1, 0.2, 1, 10, 100, 10_000]
    integral = sum(quad(part, *pair, limit=300)[0] for pair in pairwise(edges))
    assert integral / np.pi == pytest.approx(COUPLED(np.array([at])).real[0], rel=1e-3)


def test_coupling_makes_the_band_heavier_at_the_fermi_level(conformance: ModuleType) -> None:
    """Peaks of the momentum distribution: omega (1 + lambda) = epsilon near omega = 0."""
    np.testing.assert_allclose(conformance.masses_near_the_fermi_level(0.8), 1.8, rtol=0.01)


def test_a_momentum_distribution_is_as_wide_as_the_broadening_over_the_velocity() -> None:
    omega, k = np.linspace(-0.02, 0.02, 5), np.linspace(0.2, 0.6, 4001)
    found = cut(omega, k, NODE, BAND, FREE, 10.0, (0.0, 0.0))[2]
    above = k[found > found.max() / 2]
    epsilon = BAND.energy(k / np.sqrt(2), k / np.sqrt(2))
    velocity = np.gradient(epsilon, k)[np.argmin(abs(epsilon))]
    assert np.ptp(above) == pytest.approx(2 * FREE.impurity / velocity, rel=0.01)


def test_occupation_is_that_of_fermi_and_dirac() -> None:
    kt = K_B * 300
    np.testing.assert_allclose(
        fermi(np.array([0.0, kt, -kt, 5.0]), 300.0),
        [0.5, 1 / (np.e + 1), np.e / (np.e + 1), 0],
        atol=1e-12,
    )


def test_resolution_widens_a_line_in_quadrature() -> None:
    """Variance of a blurred Fermi edge: that of its derivative, (pi k T)^2 / 3, and of R."""
    flat = Band(t=0.0, t_prime=0.0, t_second=0.0, mu=0.0, a=1.0)
    broad = SelfEnergy(impurity=1e6, coupling=0.0, boson=0.07, boson_width=0.0)
    omega = np.linspace(-0.4, 0.4, 1601)
    found = cut(omega, np.array([0.0, 0.1]), NODE, flat, broad, 100.0, (0.05, 0.0))[:, 0]
    edge = -np.gradient(found, omega)
    variance = (edge @ omega**2) / edge.sum() - ((edge @ omega) / edge.sum()) ** 2
    expected = (np.pi * K_B * 100) ** 2 / 3 + (0.05 / FWHM) ** 2
    assert variance == pytest.approx(expected, rel=2e-3)


def test_resolution_keeps_the_intensity_of_a_line_within_the_map() -> None:
    omega, k = np.linspace(-1.0, 0.3, 400), np.linspace(0.0, 0.6, 101)
    sharp, blurred = (
        cut(omega, k, NODE, BAND, COUPLED, 20.0, resolution)
        for resolution in ((0.0, 0.0), (0.02, 0.01))
    )
    assert sharp.shape == blurred.shape == (400, 101)
    assert blurred[:, 30:60].sum() == pytest.approx(sharp[:, 30:60].sum(), rel=0.01)


@pytest.mark.parametrize(
    ("temperature", "self_energy", "path"),
    [
        (0.0, FREE, NODE),
        (10.0, replace(FREE, impurity=0.0), NODE),
        (10.0, FREE, ((0.0, 0.0), (0.0, 0.0))),
    ],
)
def test_what_cannot_be_is_refused(
    temperature: float,
    self_energy: SelfEnergy,
    path: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    axis = np.linspace(-0.1, 0.1, 5)
    with pytest.raises(WrongUse):
        cut(axis, axis, path, BAND, self_energy, temperature, (0.0, 0.0))


def test_the_default_map_shows_the_band_cross_the_fermi_level() -> None:
    """Nodal Fermi momentum of this band: where epsilon is 0."""
    simulator = simulators()["arpes"]
    curve = simulator.run(None, simulator.settings())
    (k,) = curve.axes
    assert curve.intensity.shape == (len(curve.x.values), len(k.values)) == (301, 181)
    assert (curve.x.quantity, curve.x.unit, k.unit) == ("energy", "eV", "1/angstrom")
    at_fermi = k.values[curve.intensity[np.argmin(abs(curve.x.values))].argmax()]
    epsilon = BAND.energy(k.values / np.sqrt(2), k.values / np.sqrt(2))
    assert at_fermi == pytest.approx(k.values[np.argmin(abs(epsilon))], abs=0.01)
    assert curve.intensity[-1].max() < 1e-3 * curve.intensity.max()


def test_an_empty_grid_is_refused() -> None:
    simulator = simulators()["arpes"]
    with pytest.raises(WrongUse, match="k_max"):
        simulator.run(None, simulator.settings(k_min=1.0, k_max=0.5))
