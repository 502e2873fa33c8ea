"""What the axes of a NeXus signal are, and which technique they belong to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from ingest.readers._nexus_data import Dimension
from ingest.readers._nexus_groups import Facts
from ingest.readers._small_angle import probe_in
from ingest.readers._technique import LARGEST_SMALL_ANGLE_Q
from ingest.readers._units import plain_unit
from registry.errors import BadInput, Unsupported
from registry.vocabulary import TECHNIQUES

LARGEST_QENS_TRANSFER = 3.0
"""Energy transfers (meV) that all lie this near to the elastic line are taken for QENS."""
_QUANTITIES = (
    ("energy_transfer", r"energy[\s_-]*transfer|delta\s?e\b|\bde\b|\bhw\b|\ben(ergy)?_?loss\b"),
    ("binding_energy", r"binding"),
    ("kinetic_energy", r"kinetic"),
    ("energy", r"\benerg(y|ies)\b"),
    ("two_theta", r"\b(two|2)[\s_-]*(theta|th)\b|\btth\b|\bpolar(_angle)?\b|scattering angle"),
    ("Q", r"\bq(_?[xyz])?\b|(momentum|wave[\s_-]*vector)[\s_-]*transfer"),
    ("d_spacing", r"\bd[\s_-]*spacing\b|^d$"),
    ("time_of_flight", r"\btof\b|time[\s_-]of[\s_-]flight"),
    ("r", r"^r$|pair distance"),
    ("wavelength", r"\bwave[\s_-]*length\b"),
)
_UNIT_IN_LABEL = re.compile(r"[(\[]\s*([^)\]]+?)\s*[)\]]\s*$")
_DEFAULT_UNITS = {
    "energy_transfer": "meV",
    "Q": "1/angstrom",
    "two_theta": "degree",
    "d_spacing": "angstrom",
    "r": "angstrom",
}
_ENERGIES = ("energy", "kinetic_energy", "binding_energy")
# Application definitions that settle the technique, or a pair of which the probe settles one.
_DEFINITIONS: dict[str, tuple[str, ...]] = {
    "NXarpes": ("arpes",),
    "NXmpes_arpes": ("arpes",),
    "NXxps": ("xps",),
    "NXxas": ("xas",),
    "NXxas_new": ("xas",),
    "NXmonopd": ("xrd", "npd"),
    "NXspe": ("ins",),
    "NXSPE": ("ins",),
    "NXsqom": ("ins",),
    "NXdirecttof": ("ins",),
    "NXindirecttof": ("ins",),
    "NXsas": ("saxs", "sans"),
    "NXiqproc": ("saxs", "sans"),
    "NXazint1d": ("xrd",),
    "NXrefscan": ("xrr", "nr"),
    "NXreftof": ("nr",),
}


@dataclass(frozen=True)
class Sense:
    """Technique of a signal, which dimension is its x, and quantity and unit of each."""

    technique: str
    x: int
    quantities: list[str]
    units: list[str]
    guessed: dict[str, str] = field(default_factory=dict)


def sense_of(dimensions: list[Dimension], facts: Facts, told: str | None, where: str) -> Sense:
    """Tell technique and axes.

    Raises:
        BadInput: When the technique or its axis cannot be told; it names the option to give.
        Unsupported: For axes that cannot be brought to that of the technique.
    """
    guessed: dict[str, str] = {}
    found = [_quantity(d, facts.definition) for d in dimensions]
    units = [_unit(d, quantity, where) for d, quantity in zip(dimensions, found, strict=True)]
    technique = told or _technique(dimensions, found, units, facts, guessed, where)
    x = _axis(technique, found, dimensions, facts, told is not None, guessed, where)
    target = TECHNIQUES[technique]
    quantities = [q or d.name for q, d in zip(found, dimensions, strict=True)]
    if quantities[x] not in ("two_theta", "d_spacing"):
        if quantities[x] != target.quantity:
            guessed["axis"] = f"{target.quantity}: {dimensions[x].name!r} of the file"
        quantities[x] = target.quantity
    if not units[x]:
        units[x] = _DEFAULT_UNITS.get(quantities[x], target.unit)
        guessed["x_unit"] = f"{units[x]}: usual for {quantities[x]}, the file names none"
    return Sense(technique, x, quantities, units, guessed)


def _quantity(dimension: Dimension, definition: str) -> str | None:
    if dimension.energy_type in ("binding", "kinetic"):
        return f"{dimension.energy_type}_energy"
    if definition.lower() == "nxspe" and dimension.name == "energy":
        return "energy_transfer"
    for text in (dimension.label, dimension.name):
        words = re.sub(r"[(\[].*$", "", text).strip().lower().replace("_", " ")
        for quantity, pattern in _QUANTITIES:
            if re.search(pattern, words) or re.search(pattern, text.lower()):
                return quantity
    return None


def _unit(dimension: Dimension, quantity: str | None, where: str) -> str:
    if dimension.unit:
        return dimension.unit
    found = _UNIT_IN_LABEL.search(dimension.label)
    if found is None or quantity is None:
        return ""
    return plain_unit(found[1], f"{where}/{dimension.name}: long_name")


def _technique(
    dimensions: list[Dimension],
    found: list[str | None],
    units: list[str],
    facts: Facts,
    guessed: dict[str, str],
    where: str,
) -> str:
    options = _DEFINITIONS.get(facts.definition, ())
    if not options and facts.definition.startswith("NXmpes"):
        options = ("xps",) if len(dimensions) == 1 else ("arpes",)
    if not options:
        options = _options(dimensions, found, units, guessed)
    if not options:
        axes = ", ".join(f"{d.name} [{d.unit}]" for d in dimensions)
        raise BadInput(f"{where}: technique", f"--technique {'|'.join(sorted(TECHNIQUES))}", axes)
    return options[0] if len(options) == 1 else _by_probe(options, facts, guessed, where)


def _options(
    dimensions: list[Dimension], found: list[str | None], units: list[str], guessed: dict[str, str]
) -> tuple[str, ...]:
    """Techniques that the axes allow: one, a pair, or none."""
    if "energy_transfer" in found:
        n = found.index("energy_transfer")
        largest = np.nanmax(np.abs(dimensions[n].values), initial=0)
        slow = units[n] in ("meV", "") and largest <= LARGEST_QENS_TRANSFER
        technique = "qens" if slow else "ins"
        guessed["technique"] = f"{technique}: energy transfers up to {largest:g} {units[n]}"
        return (technique,)
    if "Q" in found and not {"two_theta", "d_spacing"} & set(found):
        largest = np.nanmax(dimensions[found.index("Q")].values, initial=0)
        return ("saxs", "sans") if largest <= LARGEST_SMALL_ANGLE_Q else ("xrd", "npd")
    of_axes = {
        "binding_energy": ("xps",),
        "r": ("xpdf", "npdf"),
        "two_theta": ("xrd", "npd"),
        "d_spacing": ("xrd", "npd"),
    }
    return next((options for axis, options in of_axes.items() if axis in found), ())


def _by_probe(options: tuple[str, ...], facts: Facts, guessed: dict[str, str], where: str) -> str:
    """X-ray or neutron technique of a pair, by the probe or what title and instrument say."""
    for what, text in (("probe", facts.probe), ("title", facts.title), ("name", facts.instrument)):
        found = probe_in(text or "")
        if found is not None:
            technique = options[0] if found[0] == "xray" else options[1]
            if what != "probe":
                guessed["technique"] = f"{technique}: {what} has {found[1]!r}"
            return technique
    raise BadInput(f"{where}: probe", f"--technique {'|'.join(options)}", "none in the file")


def _axis(
    technique: str,
    found: list[str | None],
    dimensions: list[Dimension],
    facts: Facts,
    told: bool,
    guessed: dict[str, str],
    where: str,
) -> int:
    """Which dimension is the x of the technique."""
    target = TECHNIQUES[technique].quantity
    wanted = {
        "Q": ("Q", "two_theta", "d_spacing"),
        "energy": _ENERGIES,
        "binding_energy": ("binding_energy",),
        "energy_transfer": ("energy_transfer", *(("energy",) if told else ())),
    }.get(target, (target,))
    for quantity in wanted:
        if quantity in found:
            return found.index(quantity)
    nameless = [n for n, q in enumerate(found) if q is None and dimensions[n].name != "index"]
    if told and nameless:
        n = nameless[-1]
        guessed["x"] = f"{target}: {dimensions[n].name!r}, the fastest axis without a meaning"
        return n
    axes = ", ".join(q or d.name for q, d in zip(found, dimensions, strict=True))
    error = Unsupported if any(found) else BadInput
    raise error(f"{where}: axes", f"{target} for {technique}", axes or facts.definition or "none")
