"""Scans of APS 20-ID and 20-BM: LabVIEW files whose columns stand in fields of 21 characters."""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._table import read_table
from ingest.readers._xas_scan import Scan, spectra_of
from registry.errors import BadInput
from registry.records import Spectrum

NAME, VERSION = "labview_scan", "1"
_MAGIC = re.compile(rb"#\s*1-D Scan File created by LabVIEW")
_COLUMN = re.compile(r"(?<![\w.])(\d{1,3})\)\s(.{1,20}?)\s*\*?\s*(?=\s{2,}\d{1,3}\)\s|$)")
_E0 = re.compile(r"#\s*E0:\s*([\d.]+)\s*(\S+)(?:\s+(\d+) points)?")
_BEAMLINE = re.compile(r"#\s*Beamline\s+(\d+ \w+)")


def read(source: Source) -> list[Spectrum]:
    """Read transmission and fluorescence of one scan.

    Raises:
        BadInput: With the line of a damaged row, or when no energy or absorption is there.
    """
    table = read_table(source.text(), source.name)
    header = "\n".join(table.header)
    numbered = {int(n): name.strip() for line in table.header for n, name in _COLUMN.findall(line)}
    width = table.values.shape[1]
    names = [numbered.get(n, "").lower() for n in range(1, width + 1)]
    energy = next((n for n, name in enumerate(names) if name.startswith("mono energy")), None)
    if energy is None:
        raise BadInput(f"{source.name}: columns", "Mono Energy", ", ".join(names))
    e0, beamline = _E0.search(header), _BEAMLINE.search(header)
    if e0 and (e0[2] != "eV" or int(e0[3] or len(table.values)) != len(table.values)):
        place = f"{source.name}: E0"
        raise BadInput(place, f"a number in eV, {len(table.values)} points", repr(e0[0].strip()))
    scan = Scan(
        energy=table.values[:, energy],
        counters={name: table.values[:, n] for n, name in enumerate(names) if name},
        edge_energy=number(e0[1], f"{source.name}: E0") if e0 else None,
        about={"facility": "APS", "instrument": beamline and beamline[1]},
    )
    return spectra_of(scan, source, NAME, VERSION)


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 1.0 if _MAGIC.match(source.head.lstrip()) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="LabVIEW scan of an absorption beamline",
    endings=(".dat",),
    recognise=recognise,
    read=read,
    reference="APS sector 20, scan files; examples of xraylarch",
)
