"""Macros that convert: scattering angle, momentum transfer and spacing; units of energy."""

from __future__ import annotations

from registry.query.macros.macro import Macro, let

GROUP = "Converting"

_SINE = "(q * wavelength / (4 * pi()))"

ENERGIES = ("eV", "meV", "keV", "J", "1/cm", "THz", "K")
"""Units proportional to energy (K: of k_B T)."""

WAVELENGTHS = ("angstrom", "nm")
"""Units of the wavelength of a photon, inverse to its energy."""


# exact by definition of the SI since 2019: J s, m/s, C, J/K
_H, _C, _E, _K = 6.62607015e-34, 299792458.0, 1.602176634e-19, 1.380649e-23


def _helpers() -> tuple[Macro, ...]:
    """Macros that know the units."""
    joules = {
        "eV": _E,
        "meV": 1e-3 * _E,
        "keV": 1e3 * _E,
        "J": 1.0,
        "1/cm": 1e2 * _H * _C,
        "THz": 1e12 * _H,
        "K": _K,
        "angstrom": 1e10 * _H * _C,
        "nm": 1e9 * _H * _C,
    }
    cases = " ".join(
        f"WHEN '{unit}' THEN {joules[unit]!r}::DOUBLE" for unit in (*ENERGIES, *WAVELENGTHS)
    )
    unknown = (
        "CASE WHEN unit IS NOT NULL THEN error('no unit of energy: ' || unit || "
        f"'; there are: {', '.join((*ENERGIES, *WAVELENGTHS))}') END"
    )
    return (
        # energy (J) of one of the unit
        Macro("_joules(unit)", f"CASE unit {cases} ELSE {unknown} END"),
        Macro("_is_wavelength(unit)", f"unit IN {WAVELENGTHS}"),
        # the converted value is value * factor, or factor / value where one of the two is inverse
        Macro(
            "_factor(unit, wanted)",
            "CASE WHEN _is_wavelength(wanted) THEN _joules(wanted) / _joules(unit) "
            "ELSE _joules(unit) / _joules(wanted) END",
        ),
        Macro("_is_inverse(unit, wanted)", "_is_wavelength(unit) <> _is_wavelength(wanted)"),
    )


HELPERS = _helpers()

_FACTOR = "{'by': _factor(unit, wanted), 'inverse': _is_inverse(unit, wanted)}"
_CONVERTED = "CASE WHEN _f.inverse THEN _f.by / nullif({0}, 0) ELSE {0} * _f.by END"

MACROS = (
    Macro(
        "q_to_two_theta(q, wavelength)",
        f"CASE WHEN abs{_SINE} <= 1 THEN 2 * degrees(asin{_SINE}) END",
        "scattering angle in degree of a momentum transfer in 1/angstrom at a wavelength in "
        "angstrom; NULL beyond back-scattering",
        "q_to_two_theta(3.0, 1.54184)",
        GROUP,
    ),
    Macro(
        "two_theta_to_q(two_theta, wavelength)",
        "4 * pi() / wavelength * sin(radians(two_theta) / 2)",
        "momentum transfer in 1/angstrom of a scattering angle in degree at a wavelength in "
        "angstrom",
        "two_theta_to_q(26.6, 1.54184)",
        GROUP,
    ),
    Macro(
        "q_to_d(q)",
        "2 * pi() / nullif(q, 0)",
        "lattice spacing in angstrom of a momentum transfer in 1/angstrom",
        "q_to_d(1.88)",
        GROUP,
    ),
    Macro(
        "d_to_q(d)",
        "2 * pi() / nullif(d, 0)",
        "momentum transfer in 1/angstrom of a lattice spacing in angstrom",
        "d_to_q(3.1356)",
        GROUP,
    ),
    Macro(
        "d_to_two_theta(d, wavelength)",
        "q_to_two_theta(d_to_q(d), wavelength)",
        "scattering angle in degree of a lattice spacing in angstrom at a wavelength in angstrom; "
        "NULL beyond back-scattering",
        "d_to_two_theta(3.1356, 1.54184)",
        GROUP,
    ),
    Macro(
        "two_theta_to_d(two_theta, wavelength)",
        "q_to_d(two_theta_to_q(two_theta, wavelength))",
        "lattice spacing in angstrom of a scattering angle in degree at a wavelength in angstrom",
        "two_theta_to_d(28.44, 1.54184)",
        GROUP,
    ),
    Macro(
        "convert_energy(value, unit, wanted)",
        let({"_f": _FACTOR}, _CONVERTED.format("value")),
        f"energy in another unit; units are {', '.join(ENERGIES)} (K is k_B T) and, as wavelengths "
        f"of photons, {', '.join(WAVELENGTHS)}; an error for any other",
        "convert_energy(8.0, 'meV', '1/cm')",
        GROUP,
    ),
    Macro(
        "convert_axis(x, unit, wanted)",
        let({"_f": _FACTOR}, f"list_transform(x, lambda _v: {_CONVERTED.format('_v')})"),
        "a whole axis of energies in another unit, the units of convert_energy; ask it only of "
        "techniques whose x is an energy",
        "(SELECT any_value(convert_axis(x, x_unit, 'meV')) FROM spectra WHERE x_unit = 'eV')",
        GROUP,
    ),
)
