"""RRUFF text: powder patterns of the RRUFF project, ``##KEY=value`` lines and ``x, y`` rows."""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, provenance, with_hints
from ingest.readers._diffraction import optional_number
from ingest.readers._small_angle import told_technique
from ingest.readers._table import read_table
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Spectrum
from registry.vocabulary import CU_KA

NAME, VERSION = "rruff", "1"
_FIELD = re.compile(r"^##([^=]+)=(.*)$", re.MULTILINE)
_WIDEST_ANGLE = 180.0


def read(source: Source) -> list[Spectrum]:
    """Read the one pattern of a file.

    Raises:
        BadInput: When it has no rows, with the line of a damaged one, or a damaged wavelength.
        Unsupported: For the project's Raman and infrared spectra.
    """
    text = source.text()
    fields = {key.strip(): value.strip() for key, value in _FIELD.findall(text)}
    if any("RAMAN" in key or "LASER" in key for key in fields):
        raise Unsupported(source.name, "a powder pattern", "a Raman spectrum")
    table = read_table(text, source.name).values
    if table.shape[1] != 2:
        raise BadInput(source.name, "rows of angle and intensity", f"{table.shape[1]} columns")
    if table[:, 0].max() > _WIDEST_ANGLE:
        found = f"an axis up to {table[:, 0].max():g}, as of an infrared spectrum"
        raise Unsupported(source.name, "angles", found)
    guessed: dict[str, str] = {}
    where = f"{source.name}: X-RAY WAVELENGTH"
    wavelength = optional_number(fields.get("X-RAY WAVELENGTH"), where)
    if wavelength is None:
        wavelength = CU_KA
        guessed["wavelength"] = f"{CU_KA} angstrom: Cu Ka, what the project's patterns have"
    spectrum = Spectrum(
        technique=told_technique(source) or "xrd",
        kind=kind_of(source),
        x=Axis("two_theta", "degree", table[:, 0]),
        intensity=table[:, 1],
        title=fields.get("NAMES") or None,
        sample_id=fields.get("RRUFFID") or None,
        wavelength=wavelength,
        facility="RRUFF",
        provenance=provenance(source, NAME, VERSION, header=fields, guessed=guessed),
    )
    return [with_hints(spectrum, source)]


def recognise(source: Source) -> float:
    """Sure by the field ``##RRUFFID``."""
    return 0.9 if re.search(rb"^##RRUFFID\s*=", source.head, re.MULTILINE) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="RRUFF powder pattern",
    endings=(".txt",),
    recognise=recognise,
    read=read,
    reference="Lafuente, Downs, Yang & Stone (2015), The power of databases: the RRUFF project",
)
