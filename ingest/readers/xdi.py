"""XDI/1.0: X-ray absorption spectra as exchanged by beamlines and libraries.

The absorption is a column (``mutrans``, ``mufluor``) or formed from counters; which of them is
recorded as ``formed``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ingest.readers import Reader, Source
from ingest.readers._absorption import absorption, photon_energies
from ingest.readers._common import kelvin, kind_of, number, provenance, with_hints
from ingest.readers._table import read_table
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "xdi", "2"
ROOM_TEMPERATURE = 295.0
_UNITS = ("eV", "keV")
_EDGE = re.compile(r"K|[LMNO][1-7]?|L2,?3")
"""Edges of the specification, and those measured together."""
_MAGIC = re.compile(rb"^\s*#\s*XDI/\d")
_FIELD = re.compile(r"#\s*(\w+)\.(\w+)\s*:\s*(.*)")
_TEMPERATURE = re.compile(r"([\d.]+)\s*([KC])\b", re.IGNORECASE)


def read(source: Source) -> list[Spectrum]:
    """Read the one spectrum of an XDI file.

    Raises:
        BadInput: When element, edge, energy or an absorption is missing, or a row is damaged.
        Unsupported: When the energy is given only as a monochromator angle.
    """
    text = source.text()
    if not _MAGIC.match(source.head):
        raise BadInput(f"{source.name}, line 1", "# XDI/1.0", repr(text[:30]))
    fields = _fields(text)
    table = read_table(text, source.name)
    names = _column_names(fields, table.values.shape[1], source)
    mu, formed = absorption(names, table.values, source.name)
    temperature, guessed = _temperature(fields.get("sample.temperature", ""), source)
    spectrum = Spectrum(
        technique="xas",
        kind=kind_of(source),
        x=_energy(names, fields, table.values, source),
        intensity=mu,
        absorber=_required(fields, "element.symbol", source).title(),
        edge=_edge(fields, source),
        sample_id=fields.get("sample.name"),
        title=fields.get("sample.name"),
        temperature=temperature,
        time=_time(fields.get("scan.start_time")),
        instrument=fields.get("beamline.name"),
        facility=fields.get("facility.name"),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            formed=formed,
            columns=names,
            guessed=guessed,
            mono_d_spacing=_d_spacing(fields, source),
            mono_name=fields.get("mono.name"),
            sample_formula=fields.get("sample.formula"),
            sample_temperature=fields.get("sample.temperature"),
            sample_preparation=fields.get("sample.prep"),
            reference=fields.get("sample.reference"),
        ),
    )
    return [with_hints(spectrum, source)]


def _fields(text: str) -> dict[str, str]:
    """Header fields ``Family.key``; the two parts are case-insensitive by the specification."""
    header = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    found = [match for line in header if (match := _FIELD.match(line.strip()))]
    return {f"{m[1]}.{m[2]}".lower(): m[3].strip() for m in found if m[3].strip()}


def _column_names(fields: dict[str, str], width: int, source: Source) -> list[str]:
    names = [fields.get(f"column.{n + 1}", "").split("||")[0].split() for n in range(width)]
    if not names[0]:
        raise BadInput(f"{source.name}: Column.1", "the name of column 1", "nothing")
    return [name[0].lower() if name else f"column{n + 1}" for n, name in enumerate(names)]


def _energy(names: list[str], fields: dict[str, str], values: Floats, source: Source) -> Axis:
    if "energy" not in names:
        error = Unsupported if "angle" in names else BadInput
        raise error(f"{source.name}: columns", "energy", ", ".join(names))
    n = names.index("energy")
    words = fields[f"column.{n + 1}"].split("||")[0].split()
    unit = words[1] if len(words) > 1 else _UNITS[0]
    if unit not in _UNITS:
        raise BadInput(f"{source.name}: unit of Column.{n + 1}", " or ".join(_UNITS), repr(unit))
    return Axis("energy", unit, photon_energies(values[:, n], f"{source.name}: energy", unit))


def _edge(fields: dict[str, str], source: Source) -> str:
    edge = _required(fields, "element.edge", source).upper()
    if not _EDGE.fullmatch(edge):
        raise BadInput(f"{source.name}: Element.edge", "K, L, L1 to O7", repr(edge))
    return edge


def _required(fields: dict[str, str], key: str, source: Source) -> str:
    if key not in fields:
        raise BadInput(f"{source.name}: {key}", "a value", "nothing")
    return fields[key]


def _temperature(text: str, source: Source) -> tuple[float | None, dict[str, str]]:
    found = _TEMPERATURE.search(text)
    if found:
        return kelvin(found[1], found[2], f"{source.name}: Sample.temperature"), {}
    if re.search(r"room", text, re.IGNORECASE):
        return ROOM_TEMPERATURE, {"temperature": f"{ROOM_TEMPERATURE:g} K: file says {text!r}"}
    return None, {}


def _time(text: str | None) -> datetime | None:
    """Time of the scan, or None where the file does not write it as ISO 8601 does."""
    if text is None or not re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", text):
        return None
    try:
        time = datetime.fromisoformat(text[:19])
    except ValueError:
        return None
    return time.replace(tzinfo=UTC)


def _d_spacing(fields: dict[str, str], source: Source) -> float | None:
    text = fields.get("mono.d_spacing", "").split()
    return number(text[0], f"{source.name}: Mono.d_spacing") if text else None


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 1.0 if _MAGIC.match(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="XAS Data Interchange",
    endings=(".xdi", ".xxdi"),
    recognise=recognise,
    read=read,
    reference="XDI specification 1.0, github.com/XraySpectroscopy/XAS-Data-Interchange",
)
