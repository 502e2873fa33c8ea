"""What formats of inelastic neutron scattering share: energy transfer against angle or Q."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.readers import Source
from ingest.readers._common import kind_of, provenance, with_hints
from ingest.readers._signs import deviations
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

TECHNIQUES = ("ins", "qens")
_EV_PER_MEV = 1e-3


@dataclass(frozen=True)
class Transfer:
    """One measurement.

    Attributes:
        energies: Energy transfer in ``unit``, shape ``(n,)``.
        across: Axis of the groups (Q or scattering angle), or None for a single curve.
        intensity: Shape ``(n,)``, or ``(n, groups)`` with ``across``.
        errors: One standard deviation, shape of the intensity, or None.
        incident: Incident energy (meV).
        guessed: What the file does not say.
    """

    energies: Floats
    intensity: Floats
    errors: Floats | None
    across: Axis | None
    unit: str = "meV"
    part: str | None = None
    title: str | None = None
    incident: float | None = None
    temperature: float | None = None
    guessed: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def spectrum_of(found: Transfer, source: Source, reader: str, version: str) -> Spectrum:
    """Turn a measurement into a spectrum.

    Raises:
        BadInput: When the user's technique is none of inelastic scattering.
    """
    technique = source.hints.get("technique")
    guessed = dict(found.guessed)
    if technique is None:
        technique = "ins"
        guessed["technique"] = "ins: the format does not tell inelastic from quasi-elastic"
    elif technique not in TECHNIQUES:
        raise BadInput(f"{source.name}: option technique", " or ".join(TECHNIQUES), technique)
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, found.title or ""),
        x=Axis("energy_transfer", found.unit, found.energies),
        axes=() if found.across is None else (found.across,),
        intensity=found.intensity,
        uncertainty=deviations(found.errors, found.intensity, source.name),
        title=found.title,
        incident_energy=None if found.incident is None else found.incident * _EV_PER_MEV,
        temperature=found.temperature,
        provenance=provenance(source, reader, version, found.part, guessed=guessed, **found.about),
    )
    return with_hints(spectrum, source)


def centres(edges: Floats) -> Floats:
    """Centres of bins, shape ``(n - 1,)``, of their edges, shape ``(n,)``."""
    return np.asarray((edges[1:] + edges[:-1]) / 2)
