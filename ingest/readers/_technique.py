"""Technique and axis of a column file: from options, names, header, ending, in this order.

Whatever is not stated is either recorded as a guess with its reason or asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from ingest.readers import Source
from ingest.readers._header import difc_in
from ingest.readers._layout import Layout
from ingest.readers._meaning import DEFAULT_UNIT
from ingest.readers._small_angle import probe_in, told_technique
from registry.errors import BadInput, Unsupported
from registry.records import Floats
from registry.units import check_unit, unit_of
from registry.vocabulary import TECHNIQUES

LARGEST_ANGLE = 180.0
LARGEST_SMALL_ANGLE_Q = 2.0
LARGEST_DIFFRACTION_Q = 30.0
_BY_ENDING = {
    ".xy": "two_theta",
    ".xye": "two_theta",
    ".xys": "two_theta",
    ".gr": "r",
    ".xmu": "energy",
    ".iq": "Q",
    ".sq": "Q",
    ".fq": "Q",
}
_BY_HEADER = (
    ("time_of_flight", r"\btof\b|time[- ]of[- ]flight"),
    ("two_theta", r"\b(2|two)[\s_-]?theta\b"),
    ("Q", r"inverse (nano|angstrom)|\bEMPTY CAN\b|\bQ\s*\(?\s*\[?1/|Ang(strom)?\^?-1|\bSANS2D\b"),
)
_PROBE_FIELD = re.compile(r"\b(?:mode|stype|radiation|probe)\s*[=:]\s*([A-Za-z-]+)", re.IGNORECASE)
_DIFFRACTION_ENDINGS = (".iq", ".chi")
TOTAL_SCATTERING = ("xsq", "nsq")
_PAIRS = {  # X-ray and neutron technique of one kind of measurement
    "PDF": ("xpdf", "npdf"),
    "total scattering": TOTAL_SCATTERING,
    "powder diffraction": ("xrd", "npd"),
    "reflectometry": ("xrr", "nr"),
    "small-angle scattering": ("saxs", "sans"),
}


@dataclass(frozen=True)
class Sort:
    """What a column file is: technique, quantity and unit of its axis, and what was guessed."""

    technique: str
    quantity: str
    unit: str
    guessed: dict[str, str] = field(default_factory=dict)


def sort_of(x: Floats, layout: Layout, header: str, source: Source) -> Sort:
    """Tell what a column file is.

    Raises:
        BadInput: When technique or axis cannot be told; it names the option to give.
        Unsupported: For axes that cannot be converted (time of flight without DIFC), and for
            a wavenumber k whose column is not named as chi(k).
    """
    told = told_technique(source)
    guessed: dict[str, str] = {}
    quantity = layout.quantity or _quantity(x, header, told, source, guessed)
    if quantity == "two_theta" and _largest(x) > LARGEST_ANGLE:
        quantity = "time_of_flight"
        guessed["quantity"] = f"time_of_flight: up to {_largest(x):g} is no angle"
    if quantity == "time_of_flight" and difc_in(header, source) is None:
        raise Unsupported(
            f"{source.name}: axis",
            "two_theta (degree), Q or d_spacing, or --set difc=... (microsecond/angstrom)",
            f"up to {_largest(x):g}: time of flight without DIFC",
        )
    if quantity == "wavenumber":
        # a table that names k and chi goes to the reader exafs_chi; weighted chi is not told apart
        raise Unsupported(f"{source.name}: axis", "energy, or columns named k and chi", "k alone")
    unit = source.hints.get("x_unit") or layout.unit or _unit_in(header, quantity)
    if unit is None:
        unit = DEFAULT_UNIT[quantity]
        guessed["x_unit"] = f"{unit}: usual for {quantity}, the file names none"
    check_unit(unit, f"{source.name}: unit of the axis")
    technique = told or _technique(x, quantity, layout, header, source, guessed)
    return Sort(technique, quantity, unit, guessed)


def _largest(x: Floats) -> float:
    """Largest finite value; gaps in the axis are for the checks to find."""
    return float(np.max(x, where=np.isfinite(x), initial=-np.inf))


def _quantity(
    x: Floats, header: str, told: str | None, source: Source, guessed: dict[str, str]
) -> str:
    by_unit = _quantity_of_unit(source.hints.get("x_unit"), told, source)
    if by_unit is not None:
        return by_unit
    ending = source.path.suffix.lower()
    for reason, quantity in (
        (f"usual for the ending {ending}", _BY_ENDING.get(ending)),
        ("named in the header", _named_in(header)),
        (f"usual for {told}", _usual(told, x, source)),
    ):
        if quantity is not None and _fits(quantity, told):
            guessed["quantity"] = f"{quantity}: {reason}"
            return quantity
    raise _undecided(source, "what the first column is", sorted(TECHNIQUES))


def _fits(quantity: str, told: str | None) -> bool:
    of_diffraction = told in _PAIRS["powder diffraction"] and quantity in (
        "two_theta",
        "d_spacing",
        "time_of_flight",
    )
    return told is None or quantity == TECHNIQUES[told].quantity or of_diffraction


def _usual(told: str | None, x: Floats, source: Source) -> str | None:
    """Axis of the technique; a diffraction pattern beyond 30 or with a wavelength is in degrees."""
    if told in _PAIRS["powder diffraction"] and (
        source.hints.get("wavelength") is not None or _largest(x) > LARGEST_DIFFRACTION_Q
    ):
        return "two_theta"
    return TECHNIQUES[told].quantity if told else None


def _unit_in(header: str, quantity: str) -> str | None:
    """Unit of Q that FIT2D spells out in the header."""
    return "1/nm" if quantity == "Q" and re.search("inverse nanomet", header, re.I) else None


def _named_in(header: str) -> str | None:
    return next((q for q, pattern in _BY_HEADER if re.search(pattern, header, re.I)), None)


def _quantity_of_unit(unit: str | None, told: str | None, source: Source) -> str | None:
    """Quantity that a unit given as an option stands for."""
    if unit is None:
        return None
    dimension = unit_of(unit, f"{source.name}: option x_unit").dimensionality
    length = "r" if told in _PAIRS["PDF"] else "d_spacing"
    energy = (
        TECHNIQUES[told].quantity if told and "energy" in TECHNIQUES[told].quantity else "energy"
    )
    return {
        "[length]": "spin_echo_length" if told == "sesans" else length,
        "1 / [length]": "Q",
        "dimensionless": "two_theta",
        "[time]": "time_of_flight",
        "[length] ** 2 * [mass] / [time] ** 2": energy,
    }.get(str(dimension))


def _technique(
    x: Floats, quantity: str, layout: Layout, header: str, source: Source, guessed: dict[str, str]
) -> str:
    ending = source.path.suffix.lower()
    if quantity == "binding_energy":
        return "xps"
    if quantity == "energy":
        if ending == ".xmu" or re.search(
            r"xanes|xafs|\bx?mu|\bE0\b", f"{layout.signal} {header}", re.I
        ):
            guessed["technique"] = "xas: energy axis with mu, E0 or XAFS in header, or ending .xmu"
            return "xas"
        raise _undecided(source, "the technique of an energy axis", ["xas", "xps"])
    if quantity == "time_of_flight":
        guessed["technique"] = "npd: X-rays have no measurable time of flight"
        return "npd"
    if quantity == "r":
        sort = "PDF"
    elif quantity == "Q" and ending in (".sq", ".fq"):
        sort = "total scattering"
    elif quantity in ("two_theta", "d_spacing") or ending in _DIFFRACTION_ENDINGS:
        sort = "powder diffraction"
    elif re.match(r"r(ef|$)", layout.signal, re.IGNORECASE):
        sort = "reflectometry"
    elif _largest(x) <= LARGEST_SMALL_ANGLE_Q:
        sort = "small-angle scattering"
    else:
        sort = "powder diffraction"
    return technique_by_probe(sort, header, source, guessed)


def technique_by_probe(sort: str, header: str, source: Source, guessed: dict[str, str]) -> str:
    """X-ray or neutron technique of a sort of measurement (``powder diffraction``, ``PDF``).

    Raises:
        BadInput: When neither header nor ending tell the probe; it names the option to give.
    """
    xray, neutron = _PAIRS[sort]
    field_ = _PROBE_FIELD.search(header)
    if field_ and field_[1].lower() in ("x", "xray", "x-ray", "n", "neutron"):
        return xray if field_[1].lower().startswith("x") else neutron
    found = probe_in(header)
    if found is not None:
        technique = xray if found[0] == "xray" else neutron
        guessed["technique"] = f"{technique}: {sort}, header has {found[1]!r}"
        return technique
    if source.path.suffix.lower() == ".xy":
        guessed["technique"] = "xrd: .xy is what X-ray powder diffractometers write"
        return "xrd"
    raise _undecided(source, f"the probe of {sort}", [xray, neutron])


def _undecided(source: Source, what: str, options: list[str]) -> BadInput:
    return BadInput(
        f"{source.name}: {what}", f"--technique {'|'.join(options)}", "nothing in the file"
    )
