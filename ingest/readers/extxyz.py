"""Extended XYZ: structures with a lattice in the comment line, frame after frame.

Other columns than species and positions (forces, charges) are named in the provenance and not
kept; the fields of the comment line are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._lines import Lines
from ingest.readers._structures import check_cell, crystal, element
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Material

NAME, VERSION = "extxyz", "1"
_FIELD = re.compile(r"""([\w.-]+)\s*=\s*("[^"]*"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|\S+)""")
_CONTENT = re.compile(rb"\s*\d+[ \t]*\r?\n[^\n]*\blattice\s*=", re.IGNORECASE)
_XYZ = re.compile(rb"\s*\d+[ \t]*\r?\n[^\n]*\n[ \t]*[A-Z][a-z]?(?:[ \t]+[-+.\deE]+){3}[ \t\r\n]")
_DEFAULT_COLUMNS = "species:S:1:pos:R:3"
_COUNT = re.compile(r"[1-9]\d{0,3}")
_TYPES = {"S", "R", "I", "L"}


@dataclass(frozen=True)
class _Columns:
    """Where species and positions begin in a row, how many words it has, what else there is."""

    species: int
    position: int
    width: int
    others: list[str]


def read(source: Source) -> list[Material]:
    """Read every frame.

    Raises:
        BadInput: With the line that does not fit.
        Unsupported: For frames without lattice or periodicity: molecules are no crystals.
    """
    lines = Lines(source.text(), source.name)
    found: list[Material] = []
    while not lines.blank_left():
        found.append(_frame(lines, len(found) + 1, source))
    if not found:
        raise BadInput(source.name, "at least one frame", "none")
    return found


def _frame(lines: Lines, n: int, source: Source) -> Material:
    atoms = lines.counted(lines.next("number of atoms"), "number of atoms") - 1
    comment = lines.next("the comment line")
    fields = {key.lower(): value.strip("\"'{}[]") for key, value in _FIELD.findall(comment)}
    place = lines.place
    lattice = _lattice(fields, place)
    columns = _columns(fields.pop("properties", _DEFAULT_COLUMNS), place)
    rows = [_row(lines, columns) for _ in range(atoms + 1)]
    cartesian = np.array([position for _, position in rows]).reshape(-1, 3)
    return crystal(
        source,
        (NAME, VERSION),
        lattice,
        [{symbol: 1.0} for symbol, _ in rows],
        cartesian @ np.linalg.inv(lattice),
        part=f"frame {n}",
        fields=fields,
        columns_not_kept=columns.others,
    )


def _lattice(fields: dict[str, str], place: str) -> Floats:
    text = fields.pop("lattice", None)
    if text is None:
        raise Unsupported(place, 'a periodic frame, Lattice="..."', "no lattice")
    if fields.get("pbc", "T").upper().replace("FALSE", "F").split() in (["F"], ["F", "F", "F"]):
        raise Unsupported(f"{place}: pbc", "a periodic frame", fields["pbc"])
    words = text.replace(",", " ").split()
    values = np.array([number(word, f"{place}: Lattice") for word in words])
    if len(values) != 9:
        raise BadInput(f"{place}: Lattice", "nine numbers", text[:80])
    check_cell(values.reshape(3, 3), place)
    return values.reshape(3, 3)


def _columns(text: str, place: str) -> _Columns:
    """Read ``name:type:count`` triples."""
    words = text.split(":")
    triples = list(zip(words[::3], words[1::3], words[2::3], strict=False))
    starts, at = {}, 0
    for name, kind, count in triples:
        if kind not in _TYPES or not _COUNT.fullmatch(count):
            raise BadInput(f"{place}: Properties", "name:type:count", f"{name}:{kind}:{count}"[:60])
        starts[name.lower()] = at
        at += int(count)
    if len(words) % 3 or "species" not in starts or "pos" not in starts:
        raise BadInput(f"{place}: Properties", _DEFAULT_COLUMNS, repr(text[:60]))
    others = [name for name, _, _ in triples if name.lower() not in ("species", "pos")]
    return _Columns(starts["species"], starts["pos"], at, others)


def _row(lines: Lines, columns: _Columns) -> tuple[str, list[float]]:
    words = lines.next("an atom").split()
    if len(words) < columns.width:
        raise BadInput(lines.place, f"{columns.width} columns", " ".join(words)[:60])
    symbol = element(words[columns.species], lines.place)
    at = columns.position
    return symbol, [number(word, f"{lines.place}: position") for word in words[at : at + 3]]


def recognise(source: Source) -> float:
    """Sure by a count and a lattice; plain XYZ is recognised in order to be refused by name."""
    if _CONTENT.match(source.head):
        return 0.95
    plain = source.path.suffix.lower() in (".xyz", ".extxyz") or _XYZ.match(source.head)
    return 0.5 if plain else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="extended XYZ",
    endings=(".xyz", ".extxyz"),
    recognise=recognise,
    read=read,
    reference="github.com/libAtoms/extxyz, specification of the format",
)
