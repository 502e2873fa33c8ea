"""What travels between the rooms: an axis, a spectrum, a material, where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from registry.vocabulary import Kind

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Axis:
    """One axis of a spectrum: a quantity, its unit and its values, shape ``(n,)``."""

    quantity: str
    unit: str
    values: Floats


@dataclass(frozen=True)
class Provenance:
    """Where a row came from: a file and its reader, or a simulator and its recipe.

    Attributes:
        producer: Reader or simulator.
        version: Version of the producer.
        parameters: What it was told and what it guessed, JSON-serialisable.
        file_name: Name of the file as the user gave it, or None for a simulation.
        file_digest: Content digest of that file.
        file_part: Which data set within the file (scan, entry, column).
        recipe: Identity of (simulator, version, parameters); None for files.
    """

    producer: str
    version: str
    parameters: dict[str, Any] = field(default_factory=dict)
    file_name: str | None = None
    file_digest: str | None = None
    file_part: str | None = None
    recipe: str | None = None


@dataclass(frozen=True)
class Spectrum:
    """A measured or simulated spectrum as a reader or simulator gives it.

    ``intensity`` has shape ``(len(x), *[len(a.values) for a in axes])`` in C order;
    ``uncertainty`` (one standard deviation) has the same shape; ``resolution`` (one standard
    deviation of x, in the unit of x) has shape ``(len(x),)``. Wavelength in angstrom, energy
    in eV, temperature in K, pressure in GPa.
    """

    technique: str
    kind: Kind
    x: Axis
    intensity: Floats
    provenance: Provenance
    intensity_unit: str = ""
    axes: tuple[Axis, ...] = ()
    uncertainty: Floats | None = None
    resolution: Floats | None = None
    title: str | None = None
    material_id: str | None = None
    sample_id: str | None = None
    absorber: str | None = None
    edge: str | None = None
    wavelength: float | None = None
    incident_energy: float | None = None
    temperature: float | None = None
    pressure: float | None = None
    time: datetime | None = None
    polarisation: str | None = None
    instrument: str | None = None
    facility: str | None = None
    licence: str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points along x and each further axis."""
        return tuple(int(n) for n in self.intensity.shape)


@dataclass(frozen=True)
class Site:
    """One crystallographic site: what sits there, with which share, and where."""

    species: dict[str, float]
    position: tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """A crystal structure as a reader gives it.

    ``lattice`` holds the three cell vectors (angstrom), shape ``(3, 3)``; positions are
    fractional; species name an element or isotope (``D`` is deuterium) and its occupancy.
    """

    lattice: Floats
    sites: tuple[Site, ...]
    provenance: Provenance
    name: str | None = None
    declared_space_group: str | None = None
    source: str | None = None
    temperature: float | None = None
    pressure: float | None = None
    licence: str | None = None


@dataclass(frozen=True)
class Refused:
    """Input that was not accepted, with the bytes to try again."""

    file_name: str
    file_digest: str
    stage: str
    where: str
    expected: str
    found: str
    content: bytes
    file_part: str | None = None
