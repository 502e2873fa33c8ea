"""Column text files of any instrument: .xy .xye .xys .dat .csv .txt .gr .chi .iq .fq .sq .xmu.

Options: ``technique``, ``columns`` (``x,y,dy,dx,dx_fwhm,-``), ``x_unit``, ``wavelength``,
``temperature`` and others. Everything guessed stands with its reason in the provenance under
``guessed``; what cannot be told is asked for. Points are kept as they are, NaN included.
"""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._absorption import absorption
from ingest.readers._common import (
    angstrom,
    kelvin,
    kind_of,
    known,
    number,
    provenance,
    with_hints,
)
from ingest.readers._layout import layout_of
from ingest.readers._table import Table, read_table
from ingest.readers._technique import sort_of
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum
from registry.vocabulary import CU_KA

NAME, VERSION = "columns", "1"
_DIFFRACTION = (".xy", ".xye", ".xys", ".chi")
_PAIR_DISTRIBUTION = (".gr", ".iq", ".sq", ".fq")
ENDINGS = (*_DIFFRACTION, *_PAIR_DISTRIBUTION, ".xmu", ".dat", ".csv", ".tsv", ".txt")
_WAVELENGTH = re.compile(
    r"\b(?:wave[-_ ]?length|lambda)\s*(?:\((\w+)\)|\[(\w+)\])?\s*[=:]\s*([\d.]+(?:[eE][-+]?\d+)?)"
    r"\s*(nm|Å|A(?:ng\w*)?\b)?",
    re.IGNORECASE,
)
_CU_KA = re.compile(r"\bCu[\s-]?K[\s_-]?(a|α|alpha)", re.IGNORECASE)
_TEMPERATURE = re.compile(r"\btemp(?:erature)?\s*[=:]\s*(-?[\d.]+)\s*(K|°?C)\b", re.IGNORECASE)
_NOT_COLUMNS = (b"<?xml", b"{", b"# # ORSO", b"\x89HDF")


def read(source: Source) -> list[Spectrum]:
    """Read the one spectrum of a column file.

    Raises:
        BadInput: With the line of a damaged row, or the option that is needed.
        Unsupported: For axes that cannot be converted yet.
    """
    if b"\x00" in source.head:
        raise BadInput(source.name, "text", "binary content")
    text = source.text()
    table = read_table(text, source.name)
    header = "\n".join(table.header)
    layout = layout_of(table, source)
    x = table.values[:, layout.roles["x"]]
    sort = sort_of(x, layout, header, source)
    guessed = {**layout.guessed, **sort.guessed}
    wavelength = _wavelength(header, source, guessed)
    if sort.quantity == "two_theta" and wavelength is None:
        raise BadInput(f"{source.name}: wavelength", "--wavelength (angstrom)", "none in the file")
    signal, formed = _signal(table, layout.of("y", table), source)
    spectrum = Spectrum(
        technique=sort.technique,
        kind=kind_of(source, header),
        x=Axis(sort.quantity, sort.unit, x),
        intensity=signal,
        intensity_unit=layout.signal_unit,
        uncertainty=known(layout.of("dy", table)),
        resolution=known(layout.resolution(table)),
        title=_title(table.header),
        wavelength=wavelength,
        temperature=_temperature(header, source),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            columns=table.names,
            roles=layout.roles,
            formed=formed,
            guessed=guessed,
        ),
    )
    return [with_hints(spectrum, source)]


def _signal(table: Table, y: Floats | None, source: Source) -> tuple[Floats, str | None]:
    if y is not None:
        return y, None
    return absorption([n.lower() for n in table.names or []], table.values, source.name)


def _wavelength(header: str, source: Source, guessed: dict[str, str]) -> float | None:
    if source.hints.get("wavelength") is not None:
        return number(source.hints["wavelength"], f"{source.name}: option wavelength")
    stated = _WAVELENGTH.search(header)
    if stated is not None:
        unit = stated[1] or stated[2] or stated[4]
        return angstrom(stated[3], unit, f"{source.name}: wavelength in the header")
    if _CU_KA.search(header):
        guessed["wavelength"] = f"{CU_KA} angstrom: header has Cu Ka, weighted mean of the doublet"
        return CU_KA
    return None


def _temperature(header: str, source: Source) -> float | None:
    stated = _TEMPERATURE.search(header)
    return stated and kelvin(stated[1], stated[2], f"{source.name}: temperature in the header")


def _title(header: list[str]) -> str | None:
    words = (line.strip(" \t#%!;'\"*") for line in header)
    return next((w[:200] for w in words if len(w) > 2), None)


def recognise(source: Source) -> float:
    """Likely by the ending, unless the first bytes are of another format."""
    head = source.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"\x00" in head or head.startswith(_NOT_COLUMNS):
        return 0
    return 0.4 if source.path.suffix.lower() in ENDINGS else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="column text file",
    endings=ENDINGS,
    recognise=recognise,
    read=read,
    reference="conventions of the endings; every guess is recorded with the row",
)
