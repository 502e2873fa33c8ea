"""Phonon densities of states in columns: phonopy's ``total_dos.dat`` and ``projected_dos.dat``,
and tables whose header names a frequency and a DOS.

Projected densities (a column for each atom) are one spectrum with the axis ``atom``.
"""

from __future__ import annotations

import re

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, provenance, with_hints
from ingest.readers._signs import grid
from ingest.readers._table import read_table
from registry.errors import BadInput
from registry.records import Axis, Spectrum

NAME, VERSION = "phonon_dos", "1"
_PHONOPY = re.compile(r"#\s*(Sigma\s*=\s*[\d.]+|Tetrahedron method)", re.IGNORECASE)
_PHONOPY_NAMES = re.compile(r"(total|projected|partial)_dos.*\.dat$", re.IGNORECASE)
_UNITS = (
    ("THz", r"\bt(era)?h(ert)?z\b"),
    ("meV", r"\bmeV\b"),
    ("1/cm", r"\bcm\^?-1\b|1/cm\b|cm\^\{-1\}"),
)
_DENSITY = re.compile(r"\bp?(ph)?dos\b|density of states", re.IGNORECASE)
_MOST_COLUMNS = 1001


def read(source: Source) -> list[Spectrum]:
    """Read the densities of states of a file as one spectrum.

    Raises:
        BadInput: With the line of a damaged row, or when the unit of frequency is not named.
    """
    table = read_table(source.text(), source.name)
    header = "\n".join(table.header)
    width = table.values.shape[1]
    if width > _MOST_COLUMNS:
        raise BadInput(source.name, f"at most {_MOST_COLUMNS} columns", str(width))
    phonopy = _PHONOPY.search(header)
    guessed: dict[str, str] = {}
    unit = _unit(header, phonopy is not None, guessed, source)
    total = width == 2
    atoms = Axis("atom", "", np.arange(1.0, width))
    spectrum = Spectrum(
        technique="phonon_dos",
        kind="simulated" if phonopy and "kind" not in source.hints else kind_of(source, header),
        x=Axis("energy", unit, grid(table.values[:, 0], source.name)),
        intensity=table.values[:, 1] if total else table.values[:, 1:],
        intensity_unit=f"1/{unit}" if phonopy else "",
        axes=() if total else (atoms,),
        title=source.path.stem,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            guessed=guessed,
            method=phonopy and phonopy[1],
            columns=table.names,
        ),
    )
    return [with_hints(spectrum, source)]


def _unit(header: str, phonopy: bool, guessed: dict[str, str], source: Source) -> str:
    told = source.hints.get("x_unit")
    if told is not None:
        return str(told)
    named = next((u for u, pattern in _UNITS if re.search(pattern, header, re.IGNORECASE)), None)
    if named is not None:
        return named
    if not phonopy:
        raise BadInput(
            f"{source.name}: unit of frequency", "THz, meV or 1/cm", "none in the header"
        )
    guessed["x_unit"] = "THz: phonopy's own unit, the file names none"
    return "THz"


def recognise(source: Source) -> float:
    """Sure by phonopy's first line, nearly so by a header of a frequency unit and a DOS."""
    head = source.head.decode("latin-1")
    if "\0" in head:
        return 0
    header = "\n".join(line for line in head.splitlines()[:40] if line.startswith("#"))
    if _PHONOPY.match(head.lstrip()) and _PHONOPY_NAMES.search(source.name):
        return 0.99
    if _PHONOPY.match(head.lstrip()):
        return 0.9
    units = any(re.search(pattern, header, re.IGNORECASE) for _, pattern in _UNITS)
    return 0.9 if units and _DENSITY.search(header) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="phonon density of states in columns",
    endings=(".dat",),
    recognise=recognise,
    read=read,
    reference="Togo, J. Phys. Soc. Jpn. 92, 012001 (2023): phonopy, output files",
)
