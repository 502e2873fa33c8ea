"""Scienta SES text: photoemission of one or more regions, with or without slices in angle.

A region is a ``[Region n]`` with its axes, an ``[Info n]`` with the settings and a
``[Data n]`` of rows: energy, then the counts of each slice.
"""

from __future__ import annotations

import re

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._lines import rows_of
from ingest.readers._photoemission import spectrum_of
from ingest.readers._scienta import LabelledAxis, fields_of, region_of
from ingest.readers._signs import cut_short, not_negative
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Spectrum

NAME, VERSION = "scienta_txt", "1"
_SECTION = re.compile(r"\[([A-Za-z ]+?)\s*(\d*)\]\s*$")
_MAGIC = re.compile(rb"\[Info\]\s+Number of Regions=")

_SCALE_DIGITS = 1e-4
"""Relative rounding of the energies in a region's scale."""

Section = tuple[int, list[str]]


def read(source: Source) -> list[Spectrum]:
    """Read every region.

    Raises:
        BadInput: When a section is missing, or with the line of a damaged row.
        Unsupported: For regions of three dimensions.
    """
    sections = _sections(source.text().splitlines())
    numbers = sorted((n for kind, n in sections if kind == "Region"), key=_as_number)
    if not numbers:
        raise BadInput(source.name, "[Region 1]", "no region")
    return [_spectrum(sections, n, source) for n in numbers]


def _as_number(text: str) -> int:
    return int(text or 0)


def _sections(lines: list[str]) -> dict[tuple[str, str], Section]:
    """Lines of each section by its kind and number, with the number of the first."""
    found: dict[tuple[str, str], Section] = {}
    current: list[str] = []
    for n, line in enumerate(lines, start=1):
        title = _SECTION.match(line)
        if title:
            current = []
            found[title[1], title[2]] = (n + 1, current)
        else:
            current.append(line)
    return found


def _spectrum(sections: dict[tuple[str, str], Section], n: str, source: Source) -> Spectrum:
    part = f"region {n}"
    for kind in ("Info", "Data"):
        if (kind, n) not in sections:
            raise BadInput(f"{source.name}: {part}", f"[{kind} {n}]", "no such section")
    region = fields_of(sections["Region", n][1])
    if "Dimension 3 name" in region:
        raise Unsupported(f"{source.name}: {part}", "at most two dimensions", "three")
    axes = [_axis(region, d, source) for d in "12" if f"Dimension {d} name" in region]
    if not axes:
        raise BadInput(f"{source.name}: {part}", "Dimension 1 name", "nothing")
    slices = len(axes[1][1]) if len(axes) > 1 else 1
    values = _values(sections["Data", n], 1 + slices, source)
    if len(values) != len(axes[0][1]):
        expected = f"{len(axes[0][1])} rows, as Dimension 1 scale"
        raise BadInput(f"{source.name}: [Data {n}]", expected, str(len(values)))
    _check_energies(values[:, 0], axes[0][1], f"{source.name}: [Data {n}]")
    not_negative(values[:, 1:], f"{source.name}: [Data {n}]")
    intensity = values[:, 1:] if len(axes) > 1 else values[:, 1]
    axes[0] = (axes[0][0], values[:, 0])
    info = fields_of(sections["Info", n][1])
    name = region.get("Region Name", part)
    found = region_of(info, axes, intensity, f"{part}: {name}", source.name)
    return spectrum_of(found, source, NAME, VERSION)


def _check_energies(energies: Floats, scale: Floats, where: str) -> None:
    """Refuse rows whose energy is not that of the scale of the region, rounded."""
    off = np.abs(energies - scale)
    if not (off <= _SCALE_DIGITS * np.abs(scale)).all():
        n = int(np.argmax(~(off <= _SCALE_DIGITS * np.abs(scale))))
        found = f"{energies[n]:g} eV"
        raise BadInput(f"{where}, row {n + 1}", f"{scale[n]:g} eV, as in the scale", found)


def _axis(region: dict[str, str], dimension: str, source: Source) -> LabelledAxis:
    key = f"Dimension {dimension} scale"
    try:
        values = np.array([float(word) for word in region.get(key, "").split()])
    except ValueError as error:
        raise BadInput(f"{source.name}: {key}", "numbers", str(error)) from error
    return region[f"Dimension {dimension} name"], values


def _values(section: Section, width: int, source: Source) -> Floats:
    """Numbers of a data section, shape ``(rows, width)``."""
    first, lines = section
    written = [line for line in lines if line.strip()]
    if cut_short(written):
        found = repr(written[-1][:60])
        raise BadInput(f"{source.name}: last row", "a row as long as the others", found)
    return rows_of(lines, first, width, source.name)


def recognise(source: Source) -> float:
    """Sure by the first section."""
    return 1.0 if _MAGIC.match(source.head.lstrip()) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Scienta SES text",
    endings=(".txt",),
    recognise=recognise,
    read=read,
    reference="Scienta Omicron SES manual, text file format",
)
