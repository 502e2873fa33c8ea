"""General NeXus HDF5: every signal of every NXdata group, by the format's own rule.

The default entry comes first. The dimension that is the technique's canonical axis becomes x,
the others follow as further axes. A group that cannot be placed is named with its reason under
``passed_over``; the file is refused when all are. Raw detector events and images without an
axis of a technique are such groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, known, provenance, with_hints
from ingest.readers._hdf5 import MAGIC, opened
from ingest.readers._nexus_data import Signal, signals_of
from ingest.readers._nexus_groups import Facts, classes_below, entries_of, facts_of
from ingest.readers._nexus_meaning import sense_of
from ingest.readers._small_angle import told_technique
from registry.errors import BadInput
from registry.records import Axis, Spectrum

if TYPE_CHECKING:
    import h5py

NAME, VERSION = "nexus", "1"
PLANCK_LIGHT = 12398.419843320026
"""h c in eV angstrom (exact since 2019): wavelength of a photon is this over its energy."""


def read(source: Source) -> list[Spectrum]:
    """Read every signal that belongs to a technique.

    Raises:
        BadInput: For a damaged file, or why the first of the groups cannot be placed.
        Unsupported: When the first of the groups has axes that cannot be converted.
    """
    told = told_technique(source)
    spectra: list[Spectrum] = []
    refused: dict[str, BadInput] = {}
    with opened(source.content, source.name) as file:
        for entry in entries_of(file, source.name):
            facts = facts_of(entry, source.name)
            for data in classes_below(entry)["NXdata"]:
                where = f"{source.name}: {data.name}"
                try:
                    signals = signals_of(data, where)
                    spectra += [_spectrum(s, data, facts, told, source) for s in signals]
                except BadInput as error:
                    refused[data.name] = error
    if not spectra:
        raise next(iter(refused.values()), BadInput(source.name, "a group NXdata", "none"))
    for spectrum in spectra:
        if refused:
            reasons = {name: str(error) for name, error in refused.items()}
            spectrum.provenance.parameters["passed_over"] = reasons
    return spectra


def _spectrum(
    signal: Signal, data: h5py.Group, facts: Facts, told: str | None, source: Source
) -> Spectrum:
    where = f"{source.name}: {data.name}"
    sense = sense_of(signal.dimensions, facts, told, where)
    axes = [
        Axis(quantity, unit, d.values)
        for quantity, unit, d in zip(sense.quantities, sense.units, signal.dimensions, strict=True)
    ]
    x = axes.pop(sense.x)
    wavelength, formed = _wavelength(facts, x.quantity, sense.technique)

    def first(values: Any) -> Any:
        return None if values is None else np.moveaxis(values, sense.x, 0)

    spectrum = Spectrum(
        technique=sense.technique,
        kind=kind_of(source, facts.title or ""),
        x=x,
        axes=tuple(axes),
        intensity=first(signal.values),
        intensity_unit=signal.unit,
        uncertainty=known(first(signal.errors)),
        title=facts.title,
        sample_id=facts.sample,
        wavelength=wavelength,
        incident_energy=facts.incident_energy,
        temperature=facts.temperature,
        time=facts.time,
        instrument=facts.instrument,
        facility=facts.facility,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            f"{data.name}/{signal.name}",
            definition=facts.definition,
            probe=facts.probe,
            file_axes=[d.name for d in signal.dimensions],
            bin_boundaries=[d.name for d in signal.dimensions if d.boundaries],
            formed=formed,
            guessed={**facts.guessed, **sense.guessed},
        ),
    )
    told_more = with_hints(spectrum, source)
    if told_more.x.quantity == "two_theta" and told_more.wavelength is None:
        raise BadInput(f"{where}: wavelength", "--wavelength (angstrom)", "none in the file")
    return told_more


def _wavelength(facts: Facts, quantity: str, technique: str) -> tuple[float | None, str | None]:
    """Wavelength stated, or that of the photons where an angle needs it."""
    energy = facts.incident_energy
    if facts.wavelength or not energy or quantity != "two_theta" or technique[0] != "x":
        return facts.wavelength, None
    return PLANCK_LIGHT / energy, f"wavelength from the photon energy {energy:g} eV"


def recognise(source: Source) -> float:
    """Likely when HDF5 speaks of NeXus; a more special reader may be surer."""
    if not source.head.startswith(MAGIC):
        return 0
    return 0.5 if b"NXentry" in source.content and b"NXdata" in source.content else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="NeXus HDF5",
    endings=(".nxs", ".nxspe", ".nx", ".h5", ".hdf", ".hdf5"),
    recognise=recognise,
    read=read,
    reference="NXdata base class; manual.nexusformat.org",
)
