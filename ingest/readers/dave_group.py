"""DAVE grouped ASCII (``.grp``): S(Q, E) as DAVE and Mantid's SaveDaveGrp write it.

Labels are comments. After the two counts follow the energies, the Q values, and for each of
them rows of intensity and error.
"""

from __future__ import annotations

import re

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._inelastic import Transfer, spectrum_of
from ingest.readers._lines import Lines
from registry.errors import BadInput
from registry.records import Axis, Spectrum

NAME, VERSION = "dave_group", "1"
_MAGIC = re.compile(rb"#\s*Number of [^\n]*values[^\n]*\n\s*\d+\s*\r?\n\s*#", re.IGNORECASE)
_MICRO = re.compile(r"micro|\b[uµμ]ev", re.IGNORECASE)
_MILLI = re.compile(r"\bmev", re.IGNORECASE)
_Q = re.compile(r"\bq\b|wavevector|momentum", re.IGNORECASE)


def read(source: Source) -> list[Spectrum]:
    """Read the one map of a file.

    Raises:
        BadInput: With the line that does not fit.
    """
    lines = Lines(source.text(), source.name)
    _label(lines)
    points = lines.count("number of energies")
    _label(lines)
    groups = lines.count("number of groups")
    if points == 0 or groups == 0 or points * groups > lines.left:
        raise BadInput(lines.place, "counts that fit the file", f"{points} x {groups}")
    energy_label = _label(lines)
    energies = lines.table(points, 1, "energy")[:, 0]
    group_label = _label(lines)
    values = lines.table(groups, 1, "value of a group")[:, 0]
    tables = []
    for _ in range(groups):
        _label(lines)
        tables.append(lines.table(points, 2, "intensity and error"))
    stacked = np.stack(tables, axis=2)
    unit, guessed = _unit(energy_label)
    is_q = _Q.search(group_label)
    found = Transfer(
        energies=energies,
        intensity=stacked[:, 0],
        errors=stacked[:, 1],
        across=Axis("Q", "1/angstrom", values) if is_q else Axis("group", "", values),
        unit=unit,
        guessed=guessed,
        about={"labels": [energy_label, group_label]},
    )
    return [spectrum_of(found, source, NAME, VERSION)]


def _label(lines: Lines) -> str:
    line = lines.next("a line that starts with #")
    if not line.startswith("#"):
        raise BadInput(lines.place, "a line that starts with #", repr(line[:60]))
    return line.lstrip("# ")


def _unit(label: str) -> tuple[str, dict[str, str]]:
    if _MICRO.search(label):
        return "ueV", {}
    if _MILLI.search(label):
        return "meV", {}
    return "meV", {"x_unit": "meV: usual of the format, the file names none"}


def recognise(source: Source) -> float:
    """Sure by the first label and count."""
    return 0.97 if _MAGIC.match(source.head.lstrip()) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="DAVE grouped ASCII",
    endings=(".grp", ".txt"),
    recognise=recognise,
    read=read,
    reference="Azuah et al., J. Res. NIST 114, 341 (2009); Mantid, LoadDaveGrp",
)
