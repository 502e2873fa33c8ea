"""What every reader does alike: provenance, the user's hints, numbers with units, guesses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from ingest.readers import Source
from registry.errors import BadInput
from registry.identity import canonical_json
from registry.records import Floats, Provenance, Spectrum
from registry.vocabulary import KINDS, Kind

_NUMBERS = ("wavelength", "incident_energy", "temperature", "pressure")
_WORDS = ("material_id", "sample_id", "title", "absorber", "edge", "instrument", "facility")
_MORE_WORDS = ("polarisation", "licence")
_CALCULATED = re.compile(
    r"simulated (sample|usans|sans|saxs|data)|data generated (for|by|with)|"
    r"\bmcstas\b|\bfdmnes program\b|calculated (pattern|curve|data|spectrum)",
    re.IGNORECASE,
)
# Formats spell few units, and a damaged one must not be taken for another.
_LENGTHS = {
    "a": 1.0,
    "å": 1.0,
    "ang": 1.0,
    "angstrom": 1.0,
    "angstroms": 1.0,
    "nm": 10.0,
    "pm": 0.01,
}
_TEMPERATURE_UNITS = {"k": "kelvin", "kelvin": "kelvin", "c": "degC", "degc": "degC", "": "kelvin"}


def provenance(
    source: Source, reader: str, version: str, part: str | None = None, **parameters: Any
) -> Provenance:
    """Provenance of one data set; parameters that say nothing (None, empty) are left out.

    The user's hints are kept under ``told``.

    Raises:
        BadInput: For a parameter that is NaN or infinite, which JSON cannot hold.
    """
    said = {k: v for k, v in parameters.items() if v not in (None, "", [], {}, ())}
    if source.hints:
        said["told"] = dict(source.hints)
    for name, value in said.items():
        try:
            canonical_json(value)
        except ValueError:
            found = f"{value!r:.60}"
            raise BadInput(f"{source.name}: {name}", "finite numbers", found) from None
    return Provenance(
        producer=reader,
        version=version,
        parameters=said,
        file_name=source.name,
        file_digest=source.digest,
        file_part=part,
    )


def kind_of(source: Source, text: str = "") -> Kind:
    """Kind of the data: as the user says, else simulated where the file's own text says so.

    Raises:
        BadInput: When the user's kind is not one of those known.
    """
    told = source.hints.get("kind")
    if told is None:
        return "simulated" if _CALCULATED.search(text) else "experimental"
    if told == "simulated":
        return "simulated"
    if told == "experimental":
        return "experimental"
    raise BadInput(f"{source.name}: option kind", " or ".join(KINDS), repr(told))


def with_hints(spectrum: Spectrum, source: Source) -> Spectrum:
    """Put what the user said about sample and instrument in the place of what was read."""
    said: dict[str, Any] = {
        key: str(source.hints[key]) for key in (*_WORDS, *_MORE_WORDS) if source.hints.get(key)
    }
    for key in _NUMBERS:
        if source.hints.get(key) is not None:
            said[key] = number(source.hints[key], f"{source.name}: option {key}")
    return replace(spectrum, **said)


def number(value: Any, where: str) -> float:
    """Read a finite number; a standard uncertainty in brackets, ``5.43(2)``, is passed over.

    Raises:
        BadInput: When it is not one.
    """
    text = re.sub(r"\(\d*\)$", "", str(value).strip())
    try:
        found = float(text)
    except ValueError:
        raise BadInput(where, "a number", repr(value)) from None
    if not np.isfinite(found):
        raise BadInput(where, "a finite number", repr(value))
    return found


def angstrom(value: Any, unit: str | None, where: str) -> float:
    """Read a length with its unit (angstrom where none is given) as angstrom."""
    spelled = (unit or "angstrom").strip().lower()
    if spelled not in _LENGTHS:
        raise BadInput(where, "a length in angstrom, nm or pm", f"unit {unit!r}")
    return number(value, where) * _LENGTHS[spelled]


def kelvin(value: Any, unit: str | None, where: str) -> float:
    """Read a temperature (unit K or C, K where none is given) as kelvin.

    Raises:
        BadInput: When value or unit cannot be read.
    """
    from registry.units import unit_registry

    spelled = re.sub(r"[°\s]|deg(?=c$)", "", (unit or "").lower())
    if spelled not in _TEMPERATURE_UNITS:
        raise BadInput(where, "a temperature in K or C", f"unit {unit!r}")
    quantity = unit_registry().Quantity(number(value, where), _TEMPERATURE_UNITS[spelled])
    return float(quantity.to("kelvin").magnitude)


def known(values: Floats | None) -> Floats | None:
    """The values, or None where they are all zero or missing: formats write 0 for 'not known'."""
    if values is None or not np.any(np.nan_to_num(values) != 0):
        return None
    return values
