"""Column text files of any instrument: .xy .xye .xys .dat .csv .txt .gr .chi .iq .fq .sq .xmu.

Options: ``technique``, ``columns`` (``x,y,dy,dx,dx_fwhm,-``), ``x_unit``, ``wavelength``,
``temperature`` and others. Everything guessed stands with its reason in the provenance under
``guessed``; what cannot be told is asked for. Points are kept as they are, NaN included.
"""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._absorption import absorption
from ingest.readers._common import kind_of, known, number, provenance, with_hints
from ingest.readers._header import difc_in, fields_in, temperature_in, wavelength_in
from ingest.readers._layout import layout_of
from ingest.readers._signs import grid
from ingest.readers._table import Table, read_table
from ingest.readers._technique import TOTAL_SCATTERING, Sort, sort_of
from ingest.readers._total_scattering import structure_function
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum
from registry.units import convert

NAME, VERSION = "columns", "4"
_DIFFRACTION = (".xy", ".xye", ".xys", ".chi")
_PAIR_DISTRIBUTION = (".gr", ".iq", ".sq", ".fq")
ENDINGS = (*_DIFFRACTION, *_PAIR_DISTRIBUTION, ".xmu", ".dat", ".csv", ".tsv", ".txt")
_NO_TITLE = re.compile(r"^\[.*\]$|^[\w .-]+=|\bconfiguration\b|^start data$|^S \d+$", re.IGNORECASE)
"""Sections, settings and the first line of xPDFsuite."""
_TITLES = ("title", "sample", "inputfile", "composition")
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
    header, fields = "\n".join(table.header), fields_in(table.header)
    layout = layout_of(table, source)
    x = table.values[:, layout.roles["x"]]
    sort = sort_of(x, layout, header, source)
    guessed = {**layout.guessed, **sort.guessed}
    wavelength = wavelength_in(header, source, guessed)
    if sort.quantity == "two_theta" and wavelength is None:
        raise BadInput(f"{source.name}: wavelength", "--wavelength (angstrom)", "none in the file")
    signal, formed = _signal(table, layout.of("y", table), source)
    axis, converted = _axis(x, sort, header, source)
    if sort.quantity == "r":
        _check_pdf(x, fields.get("rmax"), source)
    spectrum = Spectrum(
        technique=sort.technique,
        kind=kind_of(source, header),
        x=axis,
        intensity=signal,
        intensity_unit=layout.signal_unit,
        uncertainty=known(layout.of("dy", table)),
        resolution=known(layout.resolution(table)),
        title=_title(table, fields),
        wavelength=wavelength,
        temperature=temperature_in(header, source),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            columns=table.names,
            roles=layout.roles,
            formed=formed,
            converted=converted,
            header=fields,
            guessed=guessed,
        ),
    )
    if sort.technique in TOTAL_SCATTERING and source.path.suffix.lower() == ".fq":
        spectrum = structure_function(spectrum)
    return [with_hints(spectrum, source)]


def _signal(table: Table, y: Floats | None, source: Source) -> tuple[Floats, str | None]:
    if y is not None:
        return y, None
    return absorption([n.lower() for n in table.names or []], table.values, source.name)


def _axis(x: Floats, sort: Sort, header: str, source: Source) -> tuple[Axis, str | None]:
    """The axis; a time of flight becomes a d spacing, :math:`d = t / DIFC`."""
    difc = difc_in(header, source)
    if sort.quantity != "time_of_flight" or difc is None:
        return Axis(sort.quantity, sort.unit, x), None
    microseconds = convert(x, sort.unit, "us", f"{source.name}: axis")
    return Axis("d_spacing", "angstrom", microseconds / difc), f"d = TOF / {difc:g} us/angstrom"


def _check_pdf(r: Floats, rmax: str | None, source: Source) -> None:
    """Refuse a PDF with a gap, or one that ends before the largest distance its header names."""
    grid(r, source.name)  # distances are calculated, not measured
    if rmax is not None and r[-1] < number(rmax, f"{source.name}: rmax") - abs(r[-1] - r[-2]):
        raise BadInput(f"{source.name}: last row", f"r up to {rmax} (rmax)", f"{r[-1]:g}")


def _title(table: Table, fields: dict[str, str]) -> str | None:
    """First line that is no setting and no names of columns, else a field that names the sample."""
    lines = (line.strip(" \t#%!;'\"*") for line in table.header)
    prose = (
        line[:200]
        for line in lines
        if len(line) > 2
        and not _NO_TITLE.search(line)
        and not (table.names and all(name in line for name in table.names))
    )
    return next(prose, None) or next((fields[key] for key in _TITLES if key in fields), None)


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
