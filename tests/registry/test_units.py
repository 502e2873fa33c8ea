"""Axes become canonical, whatever unit they were given in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.records import Axis
from registry.units import canonical_axis, convert, q_to_two_theta, two_theta_to_q


def test_silicon_111_with_copper_is_at_28_degrees() -> None:
    d_spacing, wavelength = 3.1356, 1.5406  # NIST SRM 640, Cu K-alpha1
    q = two_theta_to_q(np.array([28.443]), wavelength)
    assert q[0] == pytest.approx(2 * np.pi / d_spacing, rel=1e-4)


@given(st.floats(0.1, 179), st.floats(0.3, 5))
def test_angle_to_q_and_back(angle: float, wavelength: float) -> None:
    q = two_theta_to_q(np.array([angle]), wavelength)
    assert q_to_two_theta(q, wavelength)[0] == pytest.approx(angle, rel=1e-6)


@pytest.mark.parametrize("unit", ["1/nm", "nm^-1", "1/angstrom", "A^-1", "1/A", "Å^-1"])
def test_spellings_of_inverse_length_are_understood(unit: str) -> None:
    factor = 0.1 if "n" in unit and "ang" not in unit else 1.0
    axis = canonical_axis(Axis("Q", unit, np.array([1.0])), "saxs", None, "f")
    assert axis.unit == "1/angstrom"
    assert axis.values[0] == pytest.approx(factor)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (1.0, "keV", "eV", 1000.0),
        (1.0, "meV", "1/cm", 8.065544),  # CODATA
        (1.0, "THz", "meV", 4.135667),
        (1.0, "eV", "nm", 1239.842),
    ],
)
def test_energies_convert_as_codata_says(value: float, unit: str, to: str, expected: float) -> None:
    assert convert(np.array([value]), unit, to)[0] == pytest.approx(expected, rel=1e-6)


def test_d_spacing_becomes_q() -> None:
    axis = canonical_axis(Axis("d_spacing", "angstrom", np.array([2.0])), "npd", None, "f")
    assert axis.values[0] == pytest.approx(np.pi)


def test_an_angle_without_wavelength_is_refused_with_what_is_missing() -> None:
    with pytest.raises(BadInput, match="wavelength"):
        canonical_axis(Axis("two_theta", "degree", np.array([20.0])), "xrd", None, "scan.xy")


@pytest.mark.parametrize("unit", ["furlong", "s", "1/second"])
def test_a_wrong_unit_is_refused_by_name(unit: str) -> None:
    with pytest.raises(BadInput, match=r"scan\.xy"):
        canonical_axis(Axis("Q", unit, np.array([1.0])), "saxs", None, "scan.xy")
