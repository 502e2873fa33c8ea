"""SPECS ``.xy``: photoemission exported by SpecsLab Prodigy, one spectrum per table.

Regions, cycles and scans stand as comments above tables of columns; each table (a scan, or
an average where the export averaged) is one spectrum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._lines import rows_of
from ingest.readers._photoemission import Region, photon_energy, scale_of, spectrum_of
from registry.errors import BadInput
from registry.records import Floats, Spectrum

NAME, VERSION = "specs_xy", "1"
_MAGIC = re.compile(rb"^# Created by:\s+SpecsLab Prodigy", re.MULTILINE)
_FIELD = re.compile(r"#\s*([^:]+):\s+(.*)$")
_TABLE = re.compile(r"#\s*(Cycle: \d+, .*)$")
_KEPT = (
    "Analyzer",
    "Analyzer Lens",
    "Scan Mode",
    "Pass Energy",
    "Dwell Time",
    "Eff. Workfunction",
    "Transmission Function",
    "Source",
    "Comment",
)


@dataclass(frozen=True)
class _Scan:
    """One table, the fields that hold for it, and the number of its region and first line."""

    fields: dict[str, str]
    region: int
    first_line: int
    rows: list[str]


def read(source: Source) -> list[Spectrum]:
    """Read every table.

    Raises:
        BadInput: With the line that is not a row of numbers, or when there is no table.
    """
    scans = list(_scans(source.text().splitlines()))
    if not scans:
        raise BadInput(source.name, "at least one table", "none")
    return [spectrum_of(_region(scan, source), source, NAME, VERSION) for scan in scans]


def _scans(lines: list[str]) -> Iterator[_Scan]:
    of_file: dict[str, str] = {}
    fields: dict[str, str] = {}
    rows: list[str] = []
    region = 0
    for n, line in enumerate([*lines, "#"], start=1):
        if not line.startswith("#"):
            rows += [line] if line.strip() else []
            continue
        if rows:
            yield _Scan(dict(fields), region, n - len(rows), rows)
            rows = []
        if table := _TABLE.match(line):
            fields["Scan"] = table[1].strip()
        elif found := _FIELD.match(line):
            key = found[1].strip()
            if key == "Region":
                region += 1
                of_file = of_file or dict(fields)
                fields = {**of_file, "Group": fields.get("Group", "")}
            fields[key] = found[2].strip()


def _region(scan: _Scan, source: Source) -> Region:
    fields, where = scan.fields, f"{source.name}: region {scan.region}"
    values = _values(scan, source)
    labels = fields.get("ColumnLabels", "energy counts").split()
    if len(labels) < 2:
        raise BadInput(f"{where}: ColumnLabels", "two labels", " ".join(labels))
    name = fields.get("Region", "")
    energy = fields.get("Excitation Energy")
    return Region(
        part=f"region {scan.region}: {name}, {fields.get('Scan', 'all scans')}",
        scale=scale_of(fields.get("Energy Axis", "")) if labels[0] == "energy" else labels[0],
        energies=values[:, 0],
        intensity=values[:, 1],
        unit=labels[1],
        photon_energy=photon_energy(
            None if energy is None else number(energy, f"{where}: Excitation Energy")
        ),
        title=f"{fields.get('Group', '')}: {name}",
        sample=fields.get("Group") or None,
        instrument=fields.get("Analyzer"),
        time=_time(fields.get("Acquisition Date")),
        about={key: fields[key] for key in _KEPT if key in fields},
    )


def _values(scan: _Scan, source: Source) -> Floats:
    """Numbers of a table, shape ``(rows, columns)``."""
    width = max(len(scan.rows[0].split()), 2)
    return rows_of(scan.rows, scan.first_line, width, source.name)


def _time(text: str | None) -> datetime | None:
    """Time of a table; only UTC exports say which clock it is."""
    try:
        return datetime.strptime(text or "", "%m/%d/%y %H:%M:%S UTC").replace(tzinfo=UTC)
    except ValueError:
        return None


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 1.0 if _MAGIC.match(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="SPECS photoemission export",
    endings=(".xy",),
    recognise=recognise,
    read=read,
    reference="SpecsLab Prodigy, XY serializer; the header of the file names its settings",
)
