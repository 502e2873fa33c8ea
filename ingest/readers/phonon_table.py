"""Tables of phonon densities of states for learning: a crystal and its DOS in every row.

The columns ``structure``, ``phfreq`` (1/cm) and ``phdos`` hold Python literals; they are read
as literals, never evaluated. Each row gives the crystal and its DOS, which names it.
"""

from __future__ import annotations

import ast
import csv
import io
import re
from typing import Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import provenance, with_hints
from ingest.readers._signs import one_way
from ingest.readers._structures import check_cell, crystal, numbers_of, symbol_of
from registry.errors import BadInput
from registry.records import Axis, Floats, Material, Spectrum
from registry.structures import material_id

NAME, VERSION = "phonon_table", "1"
_COLUMNS = ("mp_id", "structure", "phfreq", "phdos")
_MAGIC = re.compile(rb"[^\n]*\bstructure\b[^\n]*\bphfreq\b[^\n]*\bphdos\b")
_LONGEST_FIELD = 10**6
_HEAVIEST = 118

Row = tuple[Material, Floats, Floats, str]


def read(source: Source) -> list[Spectrum | Material]:
    """Read every row.

    Raises:
        BadInput: With row and column of what is no literal, has another shape or is missing.
    """
    rows = [_row(n, fields, source) for n, fields in enumerate(_rows(source), start=1)]
    if not rows:
        raise BadInput(source.name, "at least one row", "none")
    # ids take time: they are found when every row has been understood
    return [record for row in rows for record in (row[0], _spectrum(row, source))]


def _rows(source: Source) -> list[dict[str, Any]]:
    limit = csv.field_size_limit(_LONGEST_FIELD)
    try:
        reader = csv.DictReader(io.StringIO(source.text()))
        missing = set(_COLUMNS) - set(reader.fieldnames or [])
        if missing:
            raise BadInput(f"{source.name}, line 1", ", ".join(_COLUMNS), f"no {sorted(missing)}")
        return list(reader)
    except csv.Error as error:
        raise BadInput(source.name, "comma-separated values", str(error)) from error
    finally:
        csv.field_size_limit(limit)


def _row(n: int, fields: dict[str, Any], source: Source) -> Row:
    where = f"{source.name}: row {n}"
    structure = _literal(fields["structure"], f"{where}: structure")
    if not isinstance(structure, dict):
        raise BadInput(f"{where}: structure", "a mapping", type(structure).__name__)
    lattice = numbers_of(structure.get("cell"), (3, 3), f"{where}: structure: cell")
    check_cell(lattice, where)
    numbers = numbers_of(structure.get("numbers"), (-1,), f"{where}: structure: numbers")
    if not np.isin(numbers, np.arange(1, _HEAVIEST + 1)).all():
        raise BadInput(f"{where}: structure: numbers", "atomic numbers", str(numbers)[:60])
    shape = (len(numbers), 3)
    cartesian = numbers_of(structure.get("positions"), shape, f"{where}: structure: positions")
    part = fields["mp_id"] or f"row {n}"
    material = crystal(
        source,
        (NAME, VERSION),
        lattice,
        [{symbol_of(int(z)): 1.0} for z in numbers],
        cartesian @ np.linalg.inv(lattice),
        part=part,
    )
    frequencies = _literal(fields["phfreq"], f"{where}: phfreq")
    x = one_way(numbers_of(frequencies, (-1,), f"{where}: phfreq"), f"{where}: phfreq")
    dos = numbers_of(_literal(fields["phdos"], f"{where}: phdos"), x.shape, f"{where}: phdos")
    return material, x, dos, part


def _spectrum(row: Row, source: Source) -> Spectrum:
    material, x, dos, part = row
    spectrum = Spectrum(
        technique="phonon_dos",
        kind="simulated",
        x=Axis("energy", "1/cm", x),
        intensity=dos,
        title=part,
        material_id=material_id(material),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            part,
            guessed={"x_unit": "1/cm: the unit of phfreq in the tables of this form"},
        ),
    )
    return with_hints(spectrum, source)


def _literal(text: Any, where: str) -> Any:
    try:
        return ast.literal_eval(text or "")
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise BadInput(
            where, "a Python literal", f"{type(error).__name__}: {error}"[:200]
        ) from error


def recognise(source: Source) -> float:
    """Sure by the names of the columns."""
    return 0.97 if _MAGIC.match(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="table of crystals and phonon densities of states",
    endings=(".csv",),
    recognise=recognise,
    read=read,
    reference="Chen et al., Adv. Sci. 8, 2004214 (2021), data of Petretto et al. (2018)",
)
