"""Scans of SSRL: data collector text files, the names of the columns one a line."""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._lines import Lines
from ingest.readers._xas_scan import Scan, spectra_of
from registry.errors import BadInput
from registry.records import Spectrum

NAME, VERSION = "ssrl_scan", "1"
_MAGIC = re.compile(rb"SSRL\s[^\n]*Data Collector")
_SIZE = re.compile(r"PTS:\s*(\d+)\s+COLS:\s*(\d+)")
_ENERGIES = ("achieved energy", "requested energy")
_ELEMENT = re.compile(r"sca\d+\.\d+$|ff\d+$", re.IGNORECASE)
_MOST_COLUMNS = 1000


def read(source: Source) -> list[Spectrum]:
    """Read transmission and fluorescence of one scan.

    Raises:
        BadInput: With the line that does not fit, or when no energy or absorption is there.
    """
    lines = Lines(source.text(), source.name)
    points, columns = _size(lines)
    while not lines.next("Data:").startswith("Data:"):
        pass
    names = [lines.next("the name of a column").lower() for _ in range(columns)]
    lines.skip_blank()
    values = lines.table(points, columns, "counters")
    counters = {name: values[:, n] for n, name in enumerate(names)}
    energy = next((name for name in _ENERGIES if name in counters), None)
    if energy is None:
        raise BadInput(f"{source.name}: columns", " or ".join(_ENERGIES), ", ".join(names)[:200])
    scan = Scan(
        energy=counters[energy],
        counters=counters,
        fluorescence=tuple(name for name in names if _ELEMENT.match(name)),
        about={"facility": "SSRL"},
    )
    return spectra_of(scan, source, NAME, VERSION)


def _size(lines: Lines) -> tuple[int, int]:
    """Numbers of points and columns, from the first lines."""
    for _ in range(10):
        found = _SIZE.search(lines.next("PTS: and COLS:"))
        if found:
            points, columns = (lines.counted(n, "count") for n in found.groups())
            if not 0 < columns <= _MOST_COLUMNS:
                raise BadInput(lines.place, f"1 to {_MOST_COLUMNS} columns", str(columns))
            return points, columns
    raise BadInput(lines.place, "PTS: and COLS:", "neither in the first ten lines")


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 1.0 if _MAGIC.match(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="SSRL scan",
    endings=(".dat",),
    recognise=recognise,
    read=read,
    reference="SSRL data collector, text files; examples of xraylarch",
)
