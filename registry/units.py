"""Conversion of an axis into the canonical quantity and unit of its technique.

Units go through pint. Quantities are related by elastic scattering of a wavelength
:math:`\\lambda`: :math:`Q = 4\\pi \\sin(\\theta) / \\lambda` and :math:`Q = 2\\pi / d`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from registry.errors import BadInput
from registry.vocabulary import technique as technique_named

if TYPE_CHECKING:
    import pint

    from registry.records import Axis, Floats

# Spellings of instruments and file formats that pint reads differently or not at all.
SPELLINGS = {
    "a": "angstrom",
    "ang": "angstrom",
    "å": "angstrom",
    "a^-1": "1/angstrom",
    "1/a": "1/angstrom",
    "å^-1": "1/angstrom",
    "1/å": "1/angstrom",
    "ang^-1": "1/angstrom",
    "1/ang": "1/angstrom",
    "angstrom^-1": "1/angstrom",
    "inv_a": "1/angstrom",
    "nm^-1": "1/nm",
    "1/nm": "1/nm",
    "deg": "degree",
    "degrees": "degree",
    "none": "",
    "dimensionless": "",
    "mev": "meV",
    "ev": "eV",
    "kev": "keV",
}
_LONGEST = 40
# What a power may be: of a name or one bracket, to a number of two digits. All else (a power of a
# number or of a power) a parser of units may compute for ever.
_POWER = re.compile(r"\*\*|\^")
_EXPONENT = re.compile(r"[\s(]*[-+]?\s*\d{1,2}(\.\d{1,6})?(?![\d.eE_])[\s)]*(?!\*\*|\^|[(\w)])")
# What pint raises over text that is no unit, found by trying; it asserts where it should complain.
_NO_UNIT = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, AssertionError)
# Energy units a spectroscopist uses for one another: pint needs the context named.
_SPECTROSCOPY = "spectroscopy"


@lru_cache(maxsize=1)
def unit_registry() -> pint.UnitRegistry[float]:
    """Return the one pint registry of the process."""
    import pint

    return pint.UnitRegistry(cache_folder=None)


def spell(unit: str) -> str:
    """Return ``unit`` in the spelling that pint reads (``A^-1`` becomes ``1/angstrom``)."""
    return SPELLINGS.get(unit.strip().lower(), unit.strip())


def check_unit(unit: str, where: str) -> None:
    """Refuse text that no unit is and that a parser of units would compute for ever.

    Raises:
        BadInput: When the text cannot be a unit.
    """
    from pint.util import string_preprocessor

    # words and superscripts for powers are operators then, as the parser sees them
    plain = string_preprocessor(unit) if len(unit) <= _LONGEST else unit
    bases = [plain[: power.start()].rstrip()[-1:] for power in _POWER.finditer(plain)]
    runaway = bases.count(")") > 1 or any(base.isdigit() or base == "." for base in bases)
    exponents = (_EXPONENT.match(plain, power.end()) for power in _POWER.finditer(plain))
    if len(unit) > _LONGEST or runaway or not all(exponents):
        raise BadInput(where, "a unit", repr(unit[:_LONGEST]))


def unit_of(unit: str, where: str) -> pint.Unit:
    """Unit that a text names, in whichever spelling.

    Raises:
        BadInput: When it names none.
    """
    from tokenize import TokenError

    import pint

    spelled = spell(unit)
    check_unit(spelled, where)
    try:
        return unit_registry().Unit(spelled or "dimensionless")
    except (pint.PintError, TokenError, *_NO_UNIT) as error:
        raise BadInput(where, "a unit", f"{unit!r} ({error})") from error


def convert(
    values: Floats, unit: str, to: str, where: str = "axis", spectroscopic: bool = True
) -> Floats:
    """Convert ``values`` from one unit into another.

    Args:
        values: Numbers in ``unit``.
        unit: Unit they are in.
        to: Unit wanted.
        where: Named when the units do not fit.
        spectroscopic: Let energy, frequency, wavenumber and wavelength stand for one another.

    Raises:
        BadInput: When a unit is unknown or the two are of different dimension.
    """
    if spell(unit) == spell(to):
        return np.asarray(values, dtype=np.float64)
    import pint

    given, wanted = unit_of(unit, where), unit_of(to, where)
    contexts = (_SPECTROSCOPY,) if spectroscopic else ()
    try:
        # a frequency of zero passes through an infinite wavelength
        with np.errstate(divide="ignore"):
            quantity = np.asarray(values, dtype=np.float64) * given
            return np.asarray(quantity.to(wanted, *contexts).magnitude, dtype=np.float64)
    except (pint.PintError, ValueError, TypeError, ArithmeticError) as error:
        raise BadInput(where, f"a unit that converts to {to!r}", f"{unit!r} ({error})") from error


def two_theta_to_q(two_theta: Floats, wavelength: float) -> Floats:
    """Momentum transfer (1/angstrom) of scattering angles (degree) at a wavelength (angstrom)."""
    return np.asarray(4 * np.pi / wavelength * np.sin(np.radians(two_theta) / 2))


def q_to_two_theta(q: Floats, wavelength: float) -> Floats:
    """Scattering angle (degree) of momentum transfers (1/angstrom); NaN beyond back-scattering."""
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * np.degrees(np.arcsin(np.asarray(q) * wavelength / (4 * np.pi))))


def canonical_axis(axis: Axis, technique: str, wavelength: float | None, where: str) -> Axis:
    """Return ``axis`` in the canonical quantity and unit of ``technique``; the input is kept.

    Raises:
        BadInput: When the quantity cannot be converted, or needs a wavelength that is missing.
    """
    from registry.records import Axis

    target = technique_named(technique)

    def within(unit: str) -> Floats:
        spectroscopic = "energy" in axis.quantity
        return convert(axis.values, axis.unit, unit, where, spectroscopic)

    if axis.quantity == target.quantity:
        return Axis(target.quantity, target.unit, within(target.unit))
    if target.quantity == "Q" and axis.quantity == "two_theta":
        if wavelength is None:
            raise BadInput(where, "a wavelength to turn two_theta into Q", "none in the file")
        return Axis("Q", target.unit, two_theta_to_q(within("degree"), wavelength))
    if target.quantity == "Q" and axis.quantity == "d_spacing":
        return Axis("Q", target.unit, 2 * np.pi / within("angstrom"))
    raise BadInput(
        where,
        f"an axis of {target.quantity} [{target.unit}] for {technique}",
        f"{axis.quantity} [{axis.unit}]",
    )
