"""Scans of APS 13-ID (GSECARS) and 13-BM: Epics scan files, of 2008 and of today.

Today's begin like XDI (``#XDI/1.1 Epics StepScan File``) but name counters as the beamline
does; the older ones define columns as ``; D1 = {I0} --> ...``.
"""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._table import Table, read_table
from ingest.readers._xas_scan import Scan, spectra_of
from registry.errors import BadInput
from registry.records import Spectrum

NAME, VERSION = "epics_scan", "1"
_STEP_SCAN = re.compile(rb"#\s*XDI/[\d.]+\s+Epics StepScan", re.IGNORECASE)
_OLD_SCAN = re.compile(rb";\s*Epics Scan", re.IGNORECASE)
_NAMED = re.compile(r";\s*([PD]\d+)\s*=\s*\{([^}]*)\}", re.MULTILINE)
_COLUMN = re.compile(r"#\s*Column\.(\d+):\s*(\S+)")
_E0 = re.compile(r"\bE0\s*[=:]\s*([\d.]+)")
_FIELD = re.compile(r"#\s*ScanParameters\.(element|edge):\s*(\w+)")


def read(source: Source) -> list[Spectrum]:
    """Read transmission and fluorescence of one scan.

    Raises:
        BadInput: With the line of a damaged row, or when no energy or absorption is there.
    """
    table = read_table(source.text(), source.name)
    header = "\n".join(table.header)
    names = _names(table, header, source)
    if "energy" not in names:
        raise BadInput(f"{source.name}: columns", "Energy", ", ".join(names))
    counters = {name: table.values[:, n] for n, name in enumerate(names)}
    fields = dict(_FIELD.findall(header))
    e0 = _E0.search(header)
    scan = Scan(
        energy=counters.pop("energy"),
        counters=counters,
        edge_energy=number(e0[1], f"{source.name}: E0") if e0 else None,
        about={
            "absorber": fields.get("element"),
            "edge": fields.get("edge"),
            "facility": "APS",
            "instrument": "13-BM" if "13BM" in header else "13-ID",
        },
    )
    return spectra_of(scan, source, NAME, VERSION)


def _names(table: Table, header: str, source: Source) -> list[str]:
    """Names of the columns in lower case."""
    width = table.values.shape[1]
    named = dict(_NAMED.findall(header))
    numbered = {int(n): name for n, name in _COLUMN.findall(header)}
    if named:
        labels = [named.get(label, label) for label in table.names or []]
    else:
        labels = [numbered.get(n, "") for n in range(1, width + 1)]
    if len(labels) != width:
        raise BadInput(f"{source.name}: columns", f"{width} names", ", ".join(labels) or "none")
    return [label.lower() for label in labels]


def recognise(source: Source) -> float:
    """Sure by the first line, unless the file has the fields that XDI asks for."""
    head = source.head.lstrip()
    if _STEP_SCAN.match(head):
        return 0 if b"element.symbol" in head.lower() else 1.0
    return 1.0 if _OLD_SCAN.match(head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Epics scan of an absorption beamline",
    endings=(".dat",),
    recognise=recognise,
    read=read,
    reference="GSECARS, Epics scan files; examples of xraylarch",
)
