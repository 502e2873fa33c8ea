"""Units as files spell them, made safe and plain before anything parses them."""

from __future__ import annotations

from registry.units import check_unit

# Spellings of LAMP, Mantid and SPEC that are no products and powers of units.
_SPELLINGS = {
    "a!u-1!n": "1/angstrom",
    "å-1": "1/angstrom",
    "å^-1": "1/angstrom",
    "1/å": "1/angstrom",
    "a-1": "1/angstrom",
    "ang-1": "1/angstrom",
    "angstrom-1": "1/angstrom",
    "angstrom^-1": "1/angstrom",
    "1/angstrom": "1/angstrom",
    "cm-1": "1/cm",
    "cm^-1": "1/cm",
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


def plain_unit(unit: str, where: str) -> str:
    """Unit in the spelling that pint reads.

    Raises:
        BadInput: When the text cannot be a unit.
    """
    text = unit.strip()
    check_unit(text, where)
    return _SPELLINGS.get(text.lower(), text)
