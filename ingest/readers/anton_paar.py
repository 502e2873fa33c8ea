"""Anton Paar .pdh: SAXSess curves, five lines of header, a table, XML about the measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.readers import Reader, Source
from ingest.readers._common import angstrom, kelvin, kind_of, number, provenance, with_hints
from ingest.readers._signs import deviations, one_way
from ingest.readers._table import read_table
from ingest.readers._xml import parse
from registry.errors import BadInput
from registry.records import Axis, Spectrum

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME, VERSION = "anton_paar", "1"
_HEADER_LINES = 5


def read(source: Source) -> list[Spectrum]:
    """Read the one curve of the file.

    Raises:
        BadInput: When header, table or XML is damaged, or points are missing.
    """
    table_text, brace, rest = source.text().partition("<")
    lines = table_text.splitlines()
    if len(lines) <= _HEADER_LINES:
        raise BadInput(source.name, f"more than {_HEADER_LINES} lines", f"{len(lines)}")
    count = number((lines[2].split() or [""])[0], f"{source.name}, line 3: number of points")
    table = "\n" * _HEADER_LINES + "\n".join(lines[_HEADER_LINES:])
    values = read_table(table, source.name, fixed=True).values
    if values.shape != (count, 3):
        raise BadInput(source.name, f"{count:g} rows of Q, I, dI", f"{values.shape[0]} rows")
    about = parse(brace + rest, f"{source.name}: XML") if brace else None
    spectrum = Spectrum(
        technique="saxs",
        kind=kind_of(source),
        x=Axis("Q", _unit(about, "X") or "1/nm", one_way(values[:, 0], source.name)),
        intensity=values[:, 1],
        intensity_unit=_unit(about, "Y") or "",
        uncertainty=deviations(values[:, 2], values[:, 1], source.name),
        title=lines[0].strip() or None,
        wavelength=_wavelength(about, lines[3], source.name),
        temperature=_temperature(about, source.name),
        instrument="Anton Paar SAXSess",
        provenance=provenance(source, NAME, VERSION, keywords=lines[1].strip()),
    )
    return [with_hints(spectrum, source)]


def _unit(about: Element | None, column: str) -> str | None:
    """Unit of a column; the format writes ``n_m^-1`` for 1/nm."""
    found = None if about is None else about.findtext(f"column[@key='{column}']/value[@key='unit']")
    return found.replace("_", "") if found else None


def _parameter(about: Element | None, key: str) -> tuple[str, str] | None:
    if about is None:
        return None
    place = f"parameter[@key='{key}']/value"
    value = about.findtext(f"{place}[@key='value']")
    unit = about.findtext(f"{place}[@key='unit']")
    return (value, (unit or "").replace("_", "")) if value else None


def _wavelength(about: Element | None, line: str, where: str) -> float | None:
    stated = _parameter(about, "Wavelength")
    if stated is not None:
        return angstrom(*stated, f"{where}: Wavelength")
    words = line.split()
    return angstrom(words[4], "nm", f"{where}, line 4: wavelength") if len(words) > 4 else None


def _temperature(about: Element | None, where: str) -> float | None:
    stated = _parameter(about, "Temperature")
    return None if stated is None else kelvin(*stated, f"{where}: Temperature")


def recognise(source: Source) -> float:
    """Likely by the ending, sure with the line ``SAXS`` below the title."""
    if source.path.suffix.lower() != ".pdh":
        return 0
    return 0.95 if b"SAXS" in source.head[:400] else 0.6


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Anton Paar SAXSess",
    endings=(".pdh",),
    recognise=recognise,
    read=read,
    reference="PDH format of PCG; units from the XML below the table",
)
