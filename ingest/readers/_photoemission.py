"""What all photoemission formats share: the energy axis, and dimensions beyond it.

.. math:: E_B = h\\nu - E_K

Instruments give kinetic energies above the Fermi level, so no work function is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingest.readers import Source
from ingest.readers._common import kind_of, provenance, with_hints
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum


@dataclass(frozen=True)
class Region:
    """One region as an instrument writes it.

    Attributes:
        part: Its name in the file.
        scale: What the energies are: ``binding``, ``kinetic``, or what else x is.
        energies: Values of x (eV), shape ``(n,)``.
        intensity: Shape ``(n, *[len(a.values) for a in axes])``.
        unit: Unit of the intensity.
        photon_energy: Excitation energy (eV), or None where the file gives none.
        axes: Further axes (emission angle, position on the detector or the sample).
        technique: None for ``xps`` of one dimension and ``arpes`` of more.
        about: More for the provenance.
    """

    part: str
    scale: str
    energies: Floats
    intensity: Floats
    unit: str = "counts"
    photon_energy: float | None = None
    axes: tuple[Axis, ...] = ()
    technique: str | None = None
    title: str | None = None
    sample: str | None = None
    instrument: str | None = None
    facility: str | None = None
    time: datetime | None = None
    about: dict[str, Any] = field(default_factory=dict)


def spectrum_of(region: Region, source: Source, reader: str, version: str) -> Spectrum:
    """Turn a region into a spectrum: ``xps`` of one dimension, ``arpes`` of more.

    Energies of XPS become binding energies; where they cannot (no photon energy, a region
    over time at a fixed energy) the axis stays what it is, and that region alone is refused
    when its axis is converted.

    Raises:
        BadInput: When points and energies are not as many.
    """
    if len(region.energies) != len(region.intensity):
        raise BadInput(
            f"{source.name}: {region.part}",
            f"{len(region.energies)} points",
            f"{len(region.intensity)}",
        )
    x, formed = _axis(region)
    spectrum = Spectrum(
        technique=_technique(region),
        kind=kind_of(source),
        x=x,
        intensity=region.intensity,
        intensity_unit=region.unit,
        axes=region.axes,
        title=region.title,
        sample_id=region.sample,
        incident_energy=region.photon_energy,
        time=region.time,
        instrument=region.instrument,
        facility=region.facility,
        provenance=provenance(
            source,
            reader,
            version,
            region.part,
            energy_scale=region.scale,
            formed=formed,
            **region.about,
        ),
    )
    return with_hints(spectrum, source)


def _technique(region: Region) -> str:
    return region.technique or ("arpes" if region.axes else "xps")


def _axis(region: Region) -> tuple[Axis, str | None]:
    if region.scale not in ("binding", "kinetic"):
        return Axis(region.scale, "", region.energies), None
    if _technique(region) == "arpes":
        return Axis("energy", "eV", region.energies), None
    if region.scale == "binding":
        return Axis("binding_energy", "eV", region.energies), None
    if region.photon_energy is None:
        return Axis("kinetic_energy", "eV", region.energies), None
    energies = region.photon_energy - region.energies
    return Axis("binding_energy", "eV", energies), f"{region.photon_energy:g} eV - kinetic energy"


def scale_of(label: str) -> str:
    """Energy scale that a label names, else the label itself in lower case."""
    words = label.lower()
    return next((scale for scale in ("binding", "kinetic") if scale in words), words.strip())


def photon_energy(value: float | None) -> float | None:
    """A photon energy, or None for the zero that formats write when there is none."""
    return value if value is not None and value > 0 else None
