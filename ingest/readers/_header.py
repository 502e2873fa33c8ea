"""What the header of a text file says of wavelength, temperature and the rest."""

from __future__ import annotations

import re

from ingest.readers import Source
from ingest.readers._common import angstrom, kelvin, number
from registry.errors import BadInput
from registry.vocabulary import CU_KA

_WAVELENGTH = re.compile(
    r"\b(?:wave[-_ ]?length|lambda)\s*(?:\((\w+)\)|\[(\w+)\])?\s*[=:]\s*\"?"
    r"([\d.]+(?:[eE][-+]?\d+)?)\s*(nm\b|Å|A(?:ng\w*)?\b|m\b)?",
    re.IGNORECASE,
)
_CU_KA = re.compile(r"\bCu[\s-]?K[\s_-]?(a|α|alpha)", re.IGNORECASE)
_TEMPERATURE = re.compile(r"\btemp(?:erature)?\s*[=:]\s*(-?\d+\.?\d*)\s*(K|°?C)\b", re.IGNORECASE)
_DIFC = re.compile(r"\bDIFC\s*[=:]\s*(\d+\.?\d*)", re.IGNORECASE)
_FIELD = re.compile(r"^[\s#;!%*]*([A-Za-z][\w .-]{0,39}?)\s*[=:]\s*(\S.{0,199})$")
_MOST_FIELDS = 200


def wavelength_in(header: str, source: Source, guessed: dict[str, str]) -> float | None:
    """Wavelength (angstrom): as the user says, as stated, or that of a Cu tube that is named.

    Raises:
        BadInput: When option or field is not a number or a length.
    """
    if source.hints.get("wavelength") is not None:
        return number(source.hints["wavelength"], f"{source.name}: option wavelength")
    stated = _WAVELENGTH.search(header)
    if stated is not None:
        value, unit = stated[3], stated[1] or stated[2] or stated[4]
        where = f"{source.name}: wavelength in the header"
        if unit == "m":  # pyFAI writes metres
            return number(value, where) * 1e10
        return angstrom(value, unit, where)
    if _CU_KA.search(header):
        guessed["wavelength"] = f"{CU_KA} angstrom: header has Cu Ka, weighted mean of the doublet"
        return CU_KA
    return None


def temperature_in(header: str, source: Source) -> float | None:
    """Temperature (K) stated with its unit, or None."""
    stated = _TEMPERATURE.search(header)
    return stated and kelvin(stated[1], stated[2], f"{source.name}: temperature in the header")


def difc_in(header: str, source: Source) -> float | None:
    """Diffractometer constant (microsecond/angstrom), as the user says or as stated, or None.

    Raises:
        BadInput: When it is not a positive number.
    """
    stated = _DIFC.search(header)
    told = source.hints.get("difc", stated and stated[1])
    if told is None:
        return None
    where = f"{source.name}: DIFC"
    difc = number(told, where)
    if difc <= 0:
        raise BadInput(where, "a positive number", f"{difc:g}")
    return difc


def fields_in(lines: list[str]) -> dict[str, str]:
    """Lines ``key = value`` and ``key: value``, such as composition and qmax of a PDF."""
    found = [match for line in lines if (match := _FIELD.match(line.rstrip()))]
    return {match[1]: match[2].strip() for match in found[:_MOST_FIELDS]}
