"""GSAS powder histograms of constant wavelength: records STD, ESD, FXY and FXYE.

A line ``BANK n channels records CONS start step 0 0 TYPE`` heads each bank; positions are
centidegrees. STD holds ten values of eight columns in a line: two digits for the number of
detectors and six for their mean count y, whose variance is y over the number. ESD holds five
pairs of intensity and error of eight columns each; FXYE a position, intensity and error in a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, known, number, provenance, with_hints
from ingest.readers._header import fields_in, temperature_in, wavelength_in
from ingest.readers._small_angle import told_technique
from ingest.readers._technique import technique_by_probe
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "gsas", "1"
_BANK = re.compile(r"BANK\s+\d+\s+\d+\s+\d+", re.IGNORECASE)
_MOST_BANKS = 10_000
_CONSTANT = ("CONS", "CONST")
_DEGREES = 0.01
"""A centidegree."""
Lines = list[tuple[int, str]]
"""Records of a bank with their line numbers."""


def read(source: Source) -> list[Spectrum]:
    """Read every bank.

    Raises:
        BadInput: With the line of a damaged record, or the option that is needed.
        Unsupported: For time of flight and other binnings.
    """
    lines = source.text().splitlines()
    banks = [n for n, line in enumerate(lines) if _BANK.match(line)]
    if not banks:
        raise BadInput(source.name, "a line BANK", "none")
    if len(banks) > _MOST_BANKS:
        raise Unsupported(source.name, f"up to {_MOST_BANKS} banks", str(len(banks)))
    header = lines[: banks[0]]
    ends = [*banks[1:], len(lines)]
    return [
        _spectrum(lines[at:end], at + 1, header, source)
        for at, end in zip(banks, ends, strict=True)
    ]


def _spectrum(bank: list[str], line: int, header: list[str], source: Source) -> Spectrum:
    words = bank[0].split()
    where = f"{source.name}, line {line}: BANK {words[1]}"
    kind, two_theta, values = _values(bank, line, where, source.name)
    text = "\n".join(header)
    guessed: dict[str, str] = {}
    technique = told_technique(source)
    if technique is None:
        technique = technique_by_probe("powder diffraction", text, source, guessed)
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, text),
        x=Axis("two_theta", "degree", two_theta),
        intensity=values[:, 0],
        uncertainty=known(values[:, 1]),
        intensity_unit="counts",
        title=header[0].strip() if header and header[0].strip() else None,
        wavelength=wavelength_in(text, source, guessed),
        temperature=temperature_in(text, source),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            f"bank {words[1]}",
            records=kind,
            header=fields_in(header),
            guessed=guessed,
        ),
    )
    if spectrum.wavelength is None:
        raise BadInput(f"{where}: wavelength", "--wavelength (angstrom)", "none in the file")
    return with_hints(spectrum, source)


def _values(bank: list[str], line: int, where: str, file: str) -> tuple[str, Floats, Floats]:
    """Kind of records, two theta (degree), and intensity with error, shape ``(n, 2)``."""
    words = bank[0].upper().split()
    binning = words[4] if len(words) > 4 else "none"
    kind = words[-1] if words[-1] in ("STD", "ESD", "ALT", "FXY", "FXYE") else "STD"
    if binning not in _CONSTANT or kind == "ALT":
        expected = "constant steps in angle (CONS) as STD, ESD, FXY or FXYE"
        raise Unsupported(where, expected, f"{binning} {kind}")
    if len(words) < 7:
        raise BadInput(where, "start and step", bank[0].strip()[:60])
    start, step = (number(word, where) for word in words[5:7])
    records = [
        (n, text)
        for n, text in enumerate(bank[1:], line + 1)
        if text.strip("\x00\x1a \t") and not text.startswith("#")
    ]
    channels = int(words[2])
    table = np.array(_READ[kind](records, file))[:channels]  # the last line may be filled up
    if len(table) != channels:
        raise BadInput(where, f"{channels} channels", f"{len(table)}")
    if table.shape[1] == 2:
        return kind, (start + step * np.arange(channels)) * _DEGREES, table
    return kind, table[:, 0] * _DEGREES, table[:, 1:]


def _standard(records: Lines, file: str) -> list[list[float]]:
    values = []
    for n, text in records:
        for field in _fields(text, 8):
            detectors = int(_number(field[:2], n, file) or 1)
            count = _number(field[2:], n, file)
            if detectors < 1:
                raise BadInput(f"{file}, line {n}", "a number of detectors", repr(field[:2]))
            values.append([count, float(np.sqrt(max(count, 0.0) / detectors))])
    return values


def _with_errors(records: Lines, file: str) -> list[list[float]]:
    return [
        [_number(field[:8], n, file), _number(field[8:], n, file)]
        for n, text in records
        for field in _fields(text, 16)
    ]


def _free(width: int) -> Callable[[Lines, str], list[list[float]]]:
    """Reader of free-format records of ``width`` numbers; without errors they are zero."""

    def read_records(records: Lines, file: str) -> list[list[float]]:
        values = []
        for n, text in records:
            row = [_number(word, n, file) for word in text.split()]
            if len(row) != width:
                raise BadInput(f"{file}, line {n}", f"{width} numbers", repr(text.strip()[:60]))
            values.append((*row, 0.0)[:3])
        return [list(row) for row in values]

    return read_records


_READ: dict[str, Callable[[Lines, str], list[list[float]]]] = {
    "STD": _standard,
    "ESD": _with_errors,
    "FXY": _free(2),
    "FXYE": _free(3),
}


def _fields(text: str, width: int) -> list[str]:
    """Fields of fixed width of a record of 80 columns, without the empty ones at its end."""
    text = text[:80].rstrip()
    return [text[at : at + width] for at in range(0, len(text), width)]


def _number(text: str, line: int, file: str) -> float:
    """The number of a field; a blank one is zero, as in Fortran."""
    return number(text, f"{file}, line {line}") if text.strip() else 0.0


def recognise(source: Source) -> float:
    """Sure by a line BANK within the first bytes, if it is text."""
    if b"\x00" in source.head[:512]:
        return 0
    return 0.9 if re.search(rb"^BANK\s+\d+\s+\d+\s+\d+\s+[A-Z]", source.head, re.M | re.I) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="GSAS powder histogram",
    endings=(".fxye", ".gsa", ".gda", ".gsas", ".gss", ".raw"),
    recognise=recognise,
    read=read,
    reference="Larson & Von Dreele (2004), GSAS, LAUR 86-748: powder data files",
)
