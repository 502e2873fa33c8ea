"""Rigaku .ras: text, one or more scans with a header of ``*KEY "value"`` lines each."""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._diffraction import Scan, is_two_theta, spectra_of
from ingest.readers._rigaku import rows_of, scan_of
from registry.errors import BadInput
from registry.records import Spectrum

NAME, VERSION = "rigaku_ras", "1"
_FIELD = re.compile(r'\*(\w+)\s+"?(.*?)"?\s*$')


def read(source: Source) -> list[Spectrum]:
    """Read every scan over two theta.

    Raises:
        BadInput: With the line of a damaged row, or where a scan has no end.
        Unsupported: When all scans go over other angles.
    """
    lines = source.text().splitlines()
    scans: list[Scan] = []
    passed_over: dict[str, str] = {}
    fields: dict[str, str] = {}
    begun: int | None = None
    for n, line in enumerate(lines):
        word = line.strip()
        if word == "*RAS_HEADER_START":
            fields = {}
        elif word == "*RAS_INT_START":
            begun = n + 1
        elif word == "*RAS_INT_END" and begun is not None:
            part = f"scan {len(scans) + len(passed_over) + 1}"
            where = f"{source.name}: {part}"
            axis = fields.get("MEAS_SCAN_AXIS_X", "")
            rows = rows_of(lines[begun:n], begun + 1, where)
            if is_two_theta(axis):
                scans.append(scan_of(rows, part, fields, where))
            else:
                passed_over[part] = axis or "no MEAS_SCAN_AXIS_X"
            begun = None
        elif begun is None and (found := _FIELD.match(word)):
            fields[found[1]] = found[2].strip()
    if begun is not None:
        raise BadInput(f"{source.name}, line {len(lines)}", "*RAS_INT_END", "the end of the file")
    return spectra_of(scans, passed_over, source, NAME, VERSION)


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 0.95 if source.head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"*RAS_") else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Rigaku RAS",
    endings=(".ras",),
    recognise=recognise,
    read=read,
    reference="files of SmartLab Guidance, which name their own fields",
)
