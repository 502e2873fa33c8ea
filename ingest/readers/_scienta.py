"""What Scienta's SES writes into its text files and into the notes of its Igor waves."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ingest.readers._common import number
from ingest.readers._photoemission import Region, photon_energy, scale_of
from registry.errors import BadInput
from registry.records import Axis, Floats

_KEPT = (
    "Lens Mode",
    "Pass Energy",
    "Acquisition Mode",
    "Number of Sweeps",
    "Energy Step",
    "Comments",
    "DetectorMode",
)
_LABEL = re.compile(r"(.*?)\s*\[(.*)\]\s*$")

LabelledAxis = tuple[str, Floats]


def fields_of(lines: list[str]) -> dict[str, str]:
    """Fields of the form ``name=value``."""
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def region_of(
    fields: dict[str, str], axes: list[LabelledAxis], intensity: Floats, part: str, where: str
) -> Region:
    """Put together one region of SES.

    Args:
        fields: The fields of its ``[Info]`` or ``[SES]``.
        axes: Label and values of every axis; the first is the energy (eV).
        intensity: Shape of the axes.
        part: Name within the file.
        where: Name of the file, for errors.

    Raises:
        BadInput: When the first axis is no energy, or the excitation energy no number.
    """
    (label, energies), *more = axes
    scale = scale_of(label)
    if scale not in ("binding", "kinetic"):
        raise BadInput(
            f"{where}: first axis", "Binding Energy [eV] or Kinetic Energy [eV]", repr(label)
        )
    energy = fields.get("Excitation Energy")
    kept: dict[str, Any] = {key: fields[key] for key in _KEPT if fields.get(key, ";") != ";"}
    return Region(
        part=part,
        scale=scale,
        energies=energies,
        intensity=intensity,
        photon_energy=photon_energy(
            None if energy is None else number(energy, f"{where}: Excitation Energy")
        ),
        axes=tuple(_axis(*each) for each in more),
        title=f"{fields.get('Sample', '')}: {fields.get('Region Name', part)}",
        sample=fields.get("Sample") or None,
        instrument=fields.get("Instrument") or None,
        facility=fields.get("Location") or None,
        time=_time(fields),
        about=kept,
    )


def _axis(label: str, values: Floats) -> Axis:
    """A further axis: an angle in degree, or what else its label says."""
    found = _LABEL.match(label)
    name, unit = (found[1], found[2]) if found else (label, "")
    if unit.lower().startswith("deg") or "angle" in name.lower():
        return Axis("emission_angle", "degree", values)
    return Axis(name.strip().lower().replace(" ", "_") or "slice", unit, values)


def _time(fields: dict[str, str]) -> datetime | None:
    """Start of the measurement by the clock of the instrument, taken as UTC."""
    try:
        found = datetime.fromisoformat(f"{fields.get('Date', '')}T{fields.get('Time', '')}")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC)
