"""NeXus groups by their class, and what an entry says about sample, beam and instrument."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers._common import kelvin
from ingest.readers._diffraction import time_of
from ingest.readers._hdf5 import text_of
from ingest.readers._hdf5_guard import attribute
from ingest.readers._units import plain_unit
from registry.errors import BadInput
from registry.units import convert

if TYPE_CHECKING:
    from datetime import datetime

    import h5py

_DEEPEST = 20
Classes = defaultdict[str, list["h5py.Group"]]


@dataclass(frozen=True)
class Facts:
    """What an entry says about all its data; wavelength in angstrom, energy in eV."""

    definition: str
    title: str | None
    sample: str | None
    instrument: str | None
    facility: str | None
    probe: str | None
    wavelength: float | None
    incident_energy: float | None
    temperature: float | None
    time: datetime | None
    guessed: dict[str, str] = field(default_factory=dict)


def class_of(group: h5py.Group) -> str:
    """NeXus class of a group, from the attribute ``NX_class`` or, of old, ``class``."""
    return text_of(attribute(group, "NX_class", attribute(group, "class")))


def classes_below(group: h5py.Group) -> Classes:
    """Groups below one by their class, each once however many links lead to it."""
    found: Classes = defaultdict(list)
    for below in _walk(group, set()):
        found[class_of(below)].append(below)
    return found


def _walk(group: h5py.Group, seen: set[int], depth: int = 0) -> Iterator[h5py.Group]:
    import h5py

    for name in group:
        child = group.get(name)
        if not isinstance(child, h5py.Group) or depth > _DEEPEST:
            continue
        address = h5py.h5o.get_info(child.id).addr
        if address in seen:
            continue
        seen.add(address)
        yield child
        yield from _walk(child, seen, depth + 1)


def facts_of(entry: h5py.Group, file: str) -> Facts:
    """Read what an entry says about all its data.

    Raises:
        BadInput: Naming the field whose value or unit cannot be read.
    """
    below = classes_below(entry)
    where = f"{file}: {entry.name}"
    guessed: dict[str, str] = {}
    instruments, sources = below["NXinstrument"], below["NXsource"]
    beams = [b for b in below["NXbeam"] if "pump" not in b.name]
    monochromators = below["NXmonochromator"]
    wavelengths = (
        (monochromators, "wavelength"),
        (beams, "incident_wavelength"),
        (below["NXcrystal"], "wavelength"),
        (instruments, "wavelength"),
    )
    energies = (
        (monochromators, "energy"),
        (beams, "incident_energy"),
        (beams, "photon_energy"),
        (below["NXcollection"], "fixed_energy"),
    )
    stages = [*below["NXpositioner"], *below["NXmanipulator"]]
    temperatures = ((below["NXsample"], "temperature"), (stages, "sample_temperature"))
    return Facts(
        definition=_text([entry], "definition") or "",
        title=_text([entry], "title"),
        sample=_text(below["NXsample"], "name"),
        instrument=_text(instruments, "name"),
        facility=_text(sources, "name"),
        probe=_text(sources, "probe"),
        wavelength=_number(wavelengths, "angstrom", where, guessed),
        incident_energy=_number(energies, "eV", where, guessed),
        temperature=_number(temperatures, "kelvin", where, guessed),
        time=time_of(_text([entry], "start_time")),
        guessed=guessed,
    )


def _text(groups: list[h5py.Group], name: str) -> str | None:
    import h5py

    found = next((g for group in groups if isinstance(g := group.get(name), h5py.Dataset)), None)
    if found is None or not 0 < found.size <= 10 or h5py.check_string_dtype(found.dtype) is None:
        return None
    return text_of(found[()]).strip() or None


def _number(
    places: tuple[tuple[list[h5py.Group], str], ...],
    unit: str,
    where: str,
    guessed: dict[str, str],
) -> float | None:
    """First quantity that is there, as one number; the mean of a log is noted as a guess."""
    for groups, name in places:
        for group in groups:
            value = _value(group.get(name))
            if value is None:
                continue
            place = f"{where}: {group.name}/{name}"
            found = plain_unit(_unit(group[name]), place)
            if not found and unit != "kelvin":
                continue
            many = np.asarray(value)
            mean = float(many.mean())
            if many.size > 1:
                guessed[name] = f"mean of {many.size} values, {many.min():g} to {many.max():g}"
            if unit == "kelvin":
                return kelvin(mean, found, place)
            return float(convert(np.array([mean]), found, unit, place)[0])
    return None


def _value(found: Any) -> Any:
    """Finite numbers of a field, or of the values of a log; None where there are none."""
    import h5py

    dataset = found.get("value") if isinstance(found, h5py.Group) else found
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiu":
        return None
    if not 0 < dataset.size <= 1_000_000 or (dataset is found and dataset.size > 1):
        return None
    values = np.asarray(dataset[()], dtype=np.float64)
    values = values[np.isfinite(values)]
    return values if values.size else None


def _unit(found: Any) -> str:
    import h5py

    dataset = found["value"] if isinstance(found, h5py.Group) else found
    return text_of(attribute(dataset, "units"))


def entries_of(file: h5py.File, where: str) -> list[h5py.Group]:
    """Entries of a file, the default one first.

    Raises:
        BadInput: When there is none.
    """
    entries = classes_below(file)["NXentry"]
    if not entries:
        raise BadInput(where, "a group NXentry", "none")
    default = text_of(attribute(file, "default"))
    return sorted(entries, key=lambda entry: entry.name.strip("/") != default)
