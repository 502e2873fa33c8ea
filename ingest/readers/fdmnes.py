"""FDMNES spectra: calculated XANES, as it is or convoluted (``_conv.txt``).

FDMNES counts energies from the edge. The edge comes from the first line of the file; where
that is missing (convoluted files) from the tables for the options ``absorber`` and ``edge``.
"""

from __future__ import annotations

import re

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, number, provenance, with_hints
from ingest.readers._signs import one_way
from ingest.readers._structures import symbol_of
from ingest.readers._table import read_table
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "fdmnes", "1"
_HEADER = re.compile(rb"^[ \t]*Energy[ \t]+<xanes>", re.MULTILINE)
_EDGE = re.compile(
    r"^[^\S\n]*([\d.]+)\s+(\d{1,3})\s+(\d)\s+(\d)\s.*=\s*E_edge, Z, n_edge", re.MULTILINE
)
_FARTHEST = 1000.0
"""Energies that begin beyond this (eV) are counted from zero, not from the edge."""


def read(source: Source) -> list[Spectrum]:
    """Read the averaged spectrum.

    Raises:
        BadInput: With the line of a damaged row, or naming the options that give the edge.
    """
    text = source.text()
    table = read_table(text, source.name, fixed=True)
    stated = _EDGE.search(text[:2000])
    absorber, edge = None, None
    if stated and 1 <= int(stated[2]) <= 118:
        absorber = symbol_of(int(stated[2]))
        edge = "K" if stated[3] == "1" else None
    energies = one_way(table.values[:, 0], source.name)
    formed: str | None = None
    if float(np.nanmin(energies)) < _FARTHEST:
        origin, formed = _origin(stated and stated[1], source)
        energies = origin + energies
    spectrum = Spectrum(
        technique="xas",
        kind=kind_of(source) if "kind" in source.hints else "simulated",
        x=Axis("energy", "eV", energies),
        intensity=_xanes(table.names, table.values),
        title=source.path.stem,
        absorber=absorber,
        edge=edge,
        provenance=provenance(source, NAME, VERSION, formed=formed, columns=table.names),
    )
    return [with_hints(spectrum, source)]


def _origin(stated: str | None, source: Source) -> tuple[float, str]:
    """Energy of the edge (eV), and where it comes from."""
    if stated is not None:
        return number(stated, f"{source.name}: E_edge"), f"{stated} eV (E_edge) + energy"
    absorber, edge = source.hints.get("absorber"), source.hints.get("edge")
    if not absorber or not edge:
        raise BadInput(
            f"{source.name}: energy of the edge", "--absorber and --edge", "no E_edge in the file"
        )
    from xraydb import xray_edge

    found = xray_edge(str(absorber), str(edge))
    if found is None:
        raise BadInput(
            f"{source.name}: option edge", "an edge of the element", f"{absorber} {edge}"
        )
    return float(found.energy), f"{found.energy} eV ({absorber} {edge}, xraydb) + energy"


def _xanes(names: list[str] | None, values: Floats) -> Floats:
    lower = [name.strip("<>").lower() for name in names or []]
    return values[:, lower.index("xanes") if "xanes" in lower else 1]


def recognise(source: Source) -> float:
    """Sure by the names of the columns."""
    return 0.97 if _HEADER.search(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="FDMNES spectrum",
    endings=(".txt", ".dat"),
    recognise=recognise,
    read=read,
    reference="Bunău & Joly, J. Phys.: Condens. Matter 21, 345501 (2009); FDMNES manual",
)
