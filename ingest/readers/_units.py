"""Units as files spell them, made safe and plain before anything parses them."""

from __future__ import annotations

import re

from registry.errors import BadInput

_LONGEST = 40
# Spellings of LAMP, Mantid and SPEC that are no products and powers of units.
_SPELLINGS = {
    "a!u-1!n": "1/angstrom",
    "å-1": "1/angstrom",
    "å^-1": "1/angstrom",
    "1/å": "1/angstrom",
    "a-1": "1/angstrom",
    "ang-1": "1/angstrom",
    "angstrom-1": "1/angstrom",
    "1/angstroms": "1/angstrom",
    "inverse angstrom": "1/angstrom",
    "momentumtransfer": "1/angstrom",
    "deltae": "meV",
    "dspacing": "angstrom",
    "tof": "us",
    "wavelength": "angstrom",
    "angstroms": "angstrom",
    "å": "angstrom",
    "deg": "degree",
    "degrees": "degree",
    "°": "degree",
    "radians": "radian",
    "rad": "radian",
    "counts_per_second": "counts/s",
    "microseconds": "us",
    "microsecond": "us",
    "arbitrary": "",
    "arb. units": "",
    "a.u.": "",
    "any": "",
}
# A power of a power, or a power of many digits, keeps a parser busy for ever.
_ENDLESS = re.compile(r"(\*\*|\^)\s*[-+(\s]*[\d.]+[)\s]*(\*\*|\^)|(\*\*|\^)\s*[-+(]*\d{3}")


def check_unit(unit: str, where: str) -> None:
    """Refuse text that no unit is and that a parser of units would compute for ever.

    Raises:
        BadInput: When the text cannot be a unit.
    """
    if len(unit) > _LONGEST or _ENDLESS.search(unit):
        raise BadInput(where, "a unit", repr(unit[:_LONGEST]))


def plain_unit(unit: str, where: str) -> str:
    """Unit in the spelling that pint reads.

    Raises:
        BadInput: When the text cannot be a unit.
    """
    text = unit.strip()
    check_unit(text, where)
    return _SPELLINGS.get(text.lower(), text)
