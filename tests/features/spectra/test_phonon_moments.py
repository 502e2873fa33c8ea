"""Moments of phonon spectra and heat capacities, against closed forms, pymatgen and vanadium."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from features.curve import Curve
from features.spectra.phonon_moments import BOLTZMANN
from registry.errors import Unsupported

TEMPERATURES = (10.0, 50.0, 150.0, 300.0, 1000.0, 5000.0)


def debye(cutoff, points=20001):
    energy = np.linspace(0, cutoff, points)
    return Curve("phonon_dos", energy, 3 * energy**2 / cutoff**3)


def einstein(level, width=1e-3):
    energy = np.linspace(level - 5 * width, level + 5 * width, 2001)
    return Curve("phonon_dos", energy, np.exp(-(((energy - level) / width) ** 2)))


def test_a_debye_solid(described):
    cutoff = 40.0
    found = described("phonon_moments", debye(cutoff), temperatures=TEMPERATURES)
    assert found[0] == pytest.approx(3 / 4 * cutoff, rel=1e-6)
    assert found[1] == pytest.approx(3 / 5 * cutoff**2, rel=1e-6)
    assert found[2] == pytest.approx(cutoff * np.exp(-1 / 3), rel=1e-6)
    for value, temperature in zip(found[3:], TEMPERATURES, strict=True):
        top = cutoff / (BOLTZMANN * temperature)
        integral, _ = quad(lambda u: u**4 * np.exp(-u) / np.expm1(-u) ** 2, 1e-9, top)
        assert value == pytest.approx(3 * integral / top**3, rel=1e-5)


def test_debye_at_low_temperature_follows_its_cube(described):
    cutoff = 40.0
    theta = cutoff / BOLTZMANN
    value = described("phonon_moments", debye(cutoff), temperatures=(theta / 100,))[3]
    assert value == pytest.approx(4 * np.pi**4 / 5 / 100**3, rel=1e-3)


def test_an_einstein_solid(described):
    level = 25.0
    found = described("phonon_moments", einstein(level), temperatures=TEMPERATURES)
    np.testing.assert_allclose(found[:3], [level, level**2, level], rtol=1e-6)
    u = level / (BOLTZMANN * np.array(TEMPERATURES))
    expected = u**2 * np.exp(-u) / (1 - np.exp(-u)) ** 2
    np.testing.assert_allclose(found[3:], expected, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("curve", [debye(40.0), einstein(25.0)], ids=["debye", "einstein"])
def test_hot_solids_obey_dulong_and_petit(described, curve):
    assert described("phonon_moments", curve, temperatures=(1e5,))[3] == pytest.approx(1, abs=1e-4)


def test_pymatgen_gives_the_same_heat_capacity(described):
    from pymatgen.phonon.dos import PhononDos

    rng = np.random.default_rng(4)
    frequency = np.linspace(0.01, 12, 3000)  # THz
    density = frequency**2 * (1 + 0.3 * np.sin(frequency)) + rng.random(3000)
    density /= np.trapezoid(density, frequency)
    reference = PhononDos(frequency, density)
    meV = 4.135667696923859  # noqa: N806 - of a THz, h in the SI of 2019
    curve = Curve("phonon_dos", meV * frequency, density)
    found = described("phonon_moments", curve, temperatures=(100.0, 300.0))[3:]
    gas = 8.31446261815324
    expected = [reference.cv(t) / gas for t in (100.0, 300.0)]
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_measured_vanadium_has_its_heat_capacity(described, read_curves, shared_data):
    """C_p of vanadium at 298 K is 24.9 J/(mol K); expansion and electrons have 1 to 2 of it."""
    (path,) = (shared_data / "ins-multiphonon").rglob("V-dos.dat")
    (curve,) = read_curves(path, technique="phonon_dos", x_unit="THz")
    value = described("phonon_moments", curve, temperatures=(298.15,))[3]
    assert 8.314 * 3 * value == pytest.approx(23.4, abs=0.5)


def test_imaginary_modes_are_left_out_or_refused(described):
    energy = np.linspace(-5, 40, 9001)
    density = np.where(energy > 0, energy**2, 0.0)
    few = density + 10 * np.exp(-(((energy + 2) / 0.3) ** 2))
    real = described("phonon_moments", Curve("phonon_dos", energy, density))
    np.testing.assert_allclose(
        described("phonon_moments", Curve("phonon_dos", energy, few)), real, rtol=1e-3
    )
    many = density + 1000 * np.exp(-(((energy + 2) / 0.3) ** 2))
    with pytest.raises(Unsupported, match="negative energies"):
        described("phonon_moments", Curve("phonon_dos", energy, many))


def test_a_spectrum_without_modes_is_refused(described):
    energy = np.linspace(-5, 40, 91)
    with pytest.raises(Unsupported, match="positive energies"):
        described("phonon_moments", Curve("phonon_dos", energy, np.zeros(91)))
