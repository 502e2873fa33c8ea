"""CasaXPS text export: one table for each region, kinetic and binding energies side by side."""

from __future__ import annotations

import re

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._lines import rows_of
from ingest.readers._photoemission import Region, photon_energy, spectrum_of
from registry.errors import BadInput
from registry.records import Floats, Spectrum

NAME, VERSION = "casaxps_txt", "1"
_TITLE = re.compile(r"Cycle \d+:(?P<sample>[^:]*):(?P<region>.*)$")
_ENERGY = re.compile(r"Characteristic Energy eV\s+(\S+)")
_WIDTH = 4
_COLUMNS = ("K.E.", "Counts", "", "B.E.", "CPS")
_DIGITS = 1e-4
"""Relative rounding of what the table says twice."""
_MAGIC = re.compile(rb"Cycle \d+:[^\n]*\n\s*Characteristic Energy eV\t")


def read(source: Source) -> list[Spectrum]:
    """Read the counts per second over binding energy of every region.

    Raises:
        BadInput: With the line that does not fit.
    """
    lines = source.text().splitlines()
    titles = [(n, found) for n, line in enumerate(lines) if (found := _TITLE.match(line))]
    if not titles:
        raise BadInput(source.name, "Cycle n:sample:region", "no such line")
    ends = [*(n for n, _ in titles[1:]), len(lines)]
    return [
        _spectrum(lines, title, start, end, source)
        for (start, title), end in zip(titles, ends, strict=True)
    ]


def _spectrum(
    lines: list[str], title: re.Match[str], start: int, end: int, source: Source
) -> Spectrum:
    header = next((n for n in range(start, end) if lines[n].startswith(_COLUMNS[0])), None)
    place = f"{source.name}, line {start + 1}"
    if header is None or tuple(w.strip() for w in lines[header].split("\t")) != _COLUMNS:
        raise BadInput(place, "a table of K.E., Counts, B.E., CPS", "another or none")
    energy = _ENERGY.search("\n".join(lines[start:header]))
    values = rows_of(lines[header + 1 : end], header + 2, _WIDTH, source.name)
    if energy is None:
        raise BadInput(place, "Characteristic Energy eV", "none above the table")
    photons = number(energy[1], place)
    _check_rows(values, photons, f"{source.name}, {lines[start].strip()}")
    region = Region(
        part=lines[start].strip(),
        scale="binding",
        energies=values[:, 2],
        intensity=values[:, 3],
        unit="counts/s",
        photon_energy=photon_energy(photons),
        title=f"{title['sample']}: {title['region']}",
        sample=title["sample"] or None,
    )
    return spectrum_of(region, source, NAME, VERSION)


def _check_rows(values: Floats, photons: float, where: str) -> None:
    """Refuse rows whose two energies or two intensities are not those of one point."""
    kinetic, counts, binding, rate = values.T
    # instruments leave out or add a work function, the same for all points
    sums = np.abs(kinetic + binding - np.median(kinetic + binding))
    seconds = np.median(counts[rate > 0] / rate[rate > 0]) if (rate > 0).any() else 0.0
    counted = np.abs(counts - rate * seconds)
    wrong = ~(sums <= _DIGITS * photons) | ~(counted <= _DIGITS * np.abs(counts))
    if wrong.any():
        n = int(np.argmax(wrong))
        found = ", ".join(f"{value:g}" for value in values[n])
        expected = "K.E. and B.E. of one sum, Counts and CPS of one ratio"
        raise BadInput(f"{where}: row {n + 1}", expected, found)


def recognise(source: Source) -> float:
    """Sure by the first two lines."""
    return 1.0 if _MAGIC.match(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="CasaXPS text export",
    endings=(".txt",),
    recognise=recognise,
    read=read,
    reference="CasaXPS manual, export of spectra as text",
)
