"""Scans of absorption beamlines: counters by name, formed into spectra.

One scan may hold several measurements at once: transmission, and the fluorescence of the
absorber. Each is a spectrum of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.readers import Source
from ingest.readers._absorption import absorption, photon_energies
from ingest.readers._common import kind_of, provenance, with_hints
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

_TRANSMITTED = ("it", "i1", "itrans")
# A region of interest over detector elements: Sum_Fe_Ka, XSP3:PbLa_Sum.
_LINE = re.compile(r"(?:^|[^A-Za-z])([A-Z][a-z]?)_?([KL])[ab]\d?(?:_sum)?$", re.IGNORECASE)
_EDGES = {"K": ("K",), "L": ("L3", "L2", "L1")}


@dataclass(frozen=True)
class Scan:
    """A table of counters.

    Attributes:
        energy: Photon energy (eV), shape ``(n,)``.
        counters: Counts by name, each of shape ``(n,)``.
        fluorescence: Names of detector elements that sum up to a fluorescence signal.
        edge_energy: Where the scan says its edge is (eV).
        about: More for the record: ``absorber``, ``edge``, ``instrument``, ``facility``, ``title``.
    """

    energy: Floats
    counters: dict[str, Floats]
    fluorescence: tuple[str, ...] = ()
    edge_energy: float | None = None
    about: dict[str, Any] = field(default_factory=dict)


def spectra_of(scan: Scan, source: Source, reader: str, version: str) -> list[Spectrum]:
    """Form every absorption that a scan holds.

    Raises:
        BadInput: When there is none, or counters are zero where they divide.
    """
    i0 = scan.counters.get("i0")
    signals = _signals(scan)
    if i0 is None or not signals:
        expected = "i0 with it or i1, or with fluorescence"
        raise BadInput(f"{source.name}: counters", expected, ", ".join(scan.counters))
    return [
        _spectrum(scan, part, name, np.stack([i0, signal], axis=1), source, (reader, version))
        for part, (name, signal) in signals.items()
    ]


def _signals(scan: Scan) -> dict[str, tuple[str, Floats]]:
    """Signals by what they measure: the counter's role for :func:`absorption`, and its counts.

    A counter that is zero all the time is not connected, and no signal.
    """
    found: dict[str, tuple[str, Floats]] = {}
    alive = {name: counts for name, counts in scan.counters.items() if np.any(counts != 0)}
    transmitted = next((name for name in _TRANSMITTED if name in alive), None)
    if transmitted is not None:
        found[f"transmission: {transmitted}"] = ("itrans", scan.counters[transmitted])
    for name, counts in alive.items():
        if "sum" in name and _in_scan(_LINE.search(name), scan.energy):
            found[f"fluorescence: {name}"] = ("ifluor", counts)
    if scan.fluorescence:
        total = np.sum([scan.counters[name] for name in scan.fluorescence], axis=0)
        found[f"fluorescence: sum of {len(scan.fluorescence)} elements"] = ("ifluor", total)
    return found


def _in_scan(line: re.Match[str] | None, energy: Floats) -> bool:
    """Whether an edge that excites an emission line lies in the scan."""
    if line is None:
        return False
    from xraydb import xray_edges

    try:
        edges = xray_edges(line[1].title())
    except ValueError:  # letters that are no element
        return False
    wanted = _EDGES[line[2].upper()]
    low, high = float(np.nanmin(energy)), float(np.nanmax(energy))
    return any(low < edges[name].energy < high for name in wanted if name in edges)


def _spectrum(
    scan: Scan, part: str, name: str, counts: Floats, source: Source, reader: tuple[str, str]
) -> Spectrum:
    mu, formed = absorption(["i0", name], counts, f"{source.name}: {part}")
    about = dict(scan.about)
    guessed = {}
    if about.get("absorber") is None and scan.edge_energy is not None:
        about["absorber"], about["edge"], reason = _edge_at(scan.edge_energy)
        guessed["absorber"] = reason
    spectrum = Spectrum(
        technique="xas",
        kind=kind_of(source),
        x=Axis("energy", "eV", photon_energies(scan.energy, f"{source.name}: energy")),
        intensity=mu,
        provenance=provenance(source, *reader, part, formed=formed, guessed=guessed),
        **about,
    )
    return with_hints(spectrum, source)


def _edge_at(energy: float) -> tuple[str, str, str]:
    from xraydb import guess_edge

    element, edge = guess_edge(energy)
    return str(element), str(edge), f"{element} {edge}: the edge nearest to E0 = {energy:g} eV"
