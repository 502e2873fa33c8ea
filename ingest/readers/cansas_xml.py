"""canSAS 1-D XML 1.0 and 1.1: one curve per ``SASdata`` of every ``SASentry``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import angstrom, kelvin, kind_of, known, provenance, with_hints
from ingest.readers._signs import deviations
from ingest.readers._small_angle import small_angle_technique
from ingest.readers._xml import parse
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME, VERSION = "cansas_xml", "1"
_ANY = "{*}"


def read(source: Source) -> list[Spectrum]:
    """Read every curve of the file.

    Raises:
        BadInput: For malformed XML (line and column), or naming entry, point and field.
        Unsupported: For two-dimensional data.
    """
    root = parse(source.content, source.name)
    if root.tag.rpartition("}")[2] != "SASroot":
        raise BadInput(f"{source.name}: root element", "SASroot", root.tag)
    spectra = [
        _spectrum(entry, data, f"SASentry {i} SASdata {j}", source)
        for i, entry in enumerate(root.findall(_ANY + "SASentry"), start=1)
        for j, data in enumerate(entry.findall(_ANY + "SASdata"), start=1)
    ]
    if not spectra:
        raise BadInput(source.name, "SASentry with SASdata", "none")
    return spectra


def _spectrum(entry: Element, data: Element, part: str, source: Source) -> Spectrum:
    where = f"{source.name}: {part}"
    points = data.findall(_ANY + "Idata")
    if not points:
        raise BadInput(f"{where}: Idata", "points", "none")
    if points[0].find(_ANY + "Qx") is not None:
        raise Unsupported(f"{where}: Idata", "Q of a curve", "Qx of a map")
    q, q_unit = _column(points, "Q", where)
    intensity, intensity_unit = _column(points, "I", where)
    if q is None or intensity is None:
        raise BadInput(f"{where}: Idata", "Q and I in every point", "a point without")
    title = _text(entry, "Title")
    radiation = _text(entry, "SASinstrument/SASsource/radiation")
    instrument = _text(entry, "SASinstrument/name")
    technique, guessed = small_angle_technique(
        source, {"radiation": radiation, "instrument": instrument, "title": title}
    )
    slit = {name: _column(points, name, where)[0] for name in ("dQl", "dQw")}
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, " ".join(t for t in (title, _text(entry, "SASnote")) if t)),
        x=Axis("Q", q_unit or "1/A", q),
        intensity=intensity,
        intensity_unit=intensity_unit,
        uncertainty=deviations(_column(points, "Idev", where)[0], intensity, where),
        resolution=known(_column(points, "Qdev", where)[0]),
        title=title,
        sample_id=_text(entry, "SASsample/ID"),
        wavelength=_quantity(entry, "SASinstrument/SASsource/wavelength", angstrom, where),
        temperature=_quantity(entry, "SASsample/temperature", kelvin, where),
        instrument=instrument,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            part,
            run=_text(entry, "Run"),
            radiation=radiation,
            guessed=guessed,
            slit={name: v.tolist() for name, v in slit.items() if v is not None and v.any()},
        ),
    )
    return with_hints(spectrum, source)


def _column(points: list[Element], name: str, where: str) -> tuple[Floats | None, str]:
    """Values of one field of all points and its unit; None when a point lacks it."""
    found = [point.find(_ANY + name) for point in points]
    fields = [field for field in found if field is not None]
    if len(fields) < len(points):
        return None, ""
    units = {field.get("unit", "") for field in fields}
    if len(units) > 1:
        raise BadInput(f"{where}: {name}", "one unit", ", ".join(sorted(units)))
    values = [
        _value(field, f"{where}, point {n}: {name}") for n, field in enumerate(fields, start=1)
    ]
    return np.array(values), units.pop()


def _value(field: Element, where: str) -> float:
    try:
        return float(field.text or "")
    except ValueError:
        raise BadInput(where, "a number", repr(field.text)) from None


def _text(entry: Element, path: str) -> str | None:
    found = entry.findtext("/".join(_ANY + step for step in path.split("/")))
    return (" ".join(found.split()) or None) if found else None


def _quantity(
    entry: Element, path: str, convert: Callable[[str, str | None, str], float], where: str
) -> float | None:
    field = entry.find("/".join(_ANY + step for step in path.split("/")))
    if field is None or not (field.text or "").strip():
        return None
    return convert(field.text or "", field.get("unit"), f"{where}: {path}")


def recognise(source: Source) -> float:
    """Sure by the root element."""
    return 0.95 if b"<SASroot" in source.head else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="canSAS 1-D XML",
    endings=(".xml",),
    recognise=recognise,
    read=read,
    reference="canSAS 1-D 1.1; www.cansas.org/formats/1.1",
)
