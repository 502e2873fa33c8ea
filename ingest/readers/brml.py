"""Bruker .brml: a ZIP container with one XML file per scan.

The views of a data route say which numbers of a ``Datum`` are which: nothing is counted off.
Intensities are kept as stored; the absorption factor of an absorber in the beam stands beside
them in the provenance where it is not one throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import angstrom
from ingest.readers._diffraction import (
    Scan,
    is_two_theta,
    numbers,
    optional_number,
    spectra_of,
    time_of,
    tube_wavelength,
)
from ingest.readers._zip import LARGEST_TEXT, Archive, has_member
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Spectrum

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME, VERSION = "brml", "1"
_RAW_DATA = r"(?:.*/)?Experiment\d+/RawData\d+\.xml"
_CONTAINER = r"(?:.*/)?Experiment\d+/DataContainer\.xml"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def read(source: Source) -> list[Spectrum]:
    """Read every scan over two theta.

    Raises:
        BadInput: For a damaged container or XML, or naming member and field.
        Unsupported: For detector frames, and when all scans go over other angles.
    """
    archive = Archive(source.content, source.name, LARGEST_TEXT)
    about = _about(archive)
    scans: list[Scan] = []
    passed_over: dict[str, str] = {}
    for member in archive.matching(_RAW_DATA):
        where = f"{source.name}: {member}"
        root = archive.xml(member)
        routes = root.findall("DataRoutes/DataRoute")
        measured = [route for route in routes if route.get("RouteFlag") == "Measured"]
        for n, route in enumerate(measured or routes, 1):
            part = member if len(measured or routes) == 1 else f"{member}, route {n}"
            found = _scan(root, route, about, part, where)
            if isinstance(found, Scan):
                scans.append(found)
            else:
                passed_over[part] = found
    return spectra_of(scans, passed_over, source, NAME, VERSION)


def _about(archive: Archive) -> dict[str, str | None]:
    """What the manifest says about sample and instrument."""
    for member in archive.matching(_CONTAINER):
        root = archive.xml(member)
        info = root.find(".//MeasurementInfo")
        sample = None if info is None else info.get("SampleName")
        instrument = root.findtext(".//InstrumentName")
        return {
            "sample_id": (sample or "").strip() or None,
            "title": (sample or "").strip() or None,
            "instrument": (instrument or "").strip() or None,
        }
    return {}


def _scan(
    root: Element, route: Element, about: dict[str, str | None], part: str, where: str
) -> Scan | str:
    """The scan of a route, or what it went over where that is not two theta."""
    information = route.find("ScanInformation")
    scan_name = "" if information is None else information.get("ScanName", "")
    table = _table(route, where)
    axes, intensity_column, unit = _columns(route, table.shape[1], where)
    angle = next((column for name, column in axes.items() if is_two_theta(name)), None)
    if angle is None or np.ptp(table[:, angle]) == 0:
        return scan_name or ", ".join(axes) or "no axis"
    guessed: dict[str, str] = {}
    return Scan(
        part,
        table[:, angle],
        table[:, intensity_column],
        unit,
        about={
            **about,
            "wavelength": _wavelength(root, guessed, where),
            "time": time_of(root.findtext("TimeStampStarted")),
        },
        parameters={
            "scan": scan_name,
            "counting_time": _text(information, "TimePerStep"),
            "absorption_factor": _absorption(route, table, where),
            "tube": _value(root, "TubeMaterial"),
            "guessed": guessed,
        },
    )


def _text(element: Element | None, path: str) -> str | None:
    return None if element is None else element.findtext(path)


def _table(route: Element, where: str) -> Floats:
    """Rows of the route, shape ``(points, columns)``."""
    rows = [datum.text or "" for datum in route.iter("Datum")]
    if not rows:
        raise BadInput(f"{where}: Datum", "at least one", "none")
    width = rows[0].count(",") + 1
    for n, row in enumerate(rows, 1):
        if row.count(",") + 1 != width:
            raise BadInput(f"{where}: Datum {n}", f"{width} numbers", repr(row[:60]))
    return numbers(",".join(rows), f"{where}: Datum", ",").reshape(-1, width)


def _views(route: Element, kind: str) -> list[Element]:
    return [v for v in route.iterfind("DataViews/RawDataView") if v.get(_TYPE) == kind]


def _place(view: Element, width: int, where: str) -> tuple[int, int]:
    """First column and number of columns of a view."""
    place = f"{where}: {view.get(_TYPE)}"
    start, length = (optional_number(view.get(key), place) for key in ("Start", "Length"))
    if start is None or length is None or not 0 <= start < start + length <= width:
        raise BadInput(place, f"Start and Length within {width} columns", f"{start}, {length}")
    return int(start), int(length)


def _columns(route: Element, width: int, where: str) -> tuple[dict[str, int], int, str]:
    """Columns of the axes by name, column of the intensity, and its unit."""
    axes: dict[str, int] = {}
    for view in _views(route, "VaryingRawDataView"):
        start, length = _place(view, width, where)
        names = [f.get("AxisId", f.get("FieldName", "")) for f in view.iter("FieldDefinitions")]
        if len(names) != length:
            raise BadInput(f"{where}: VaryingRawDataView", f"{length} fields", f"{len(names)}")
        axes |= {name: start + n for n, name in enumerate(names)}
    recorded = _views(route, "RecordedRawDataView")
    if not recorded:
        raise BadInput(f"{where}: DataViews", "a RecordedRawDataView", "none")
    start, length = _place(recorded[0], width, where)
    if length != 1 or len(recorded) > 1:
        found = f"{len(recorded)} recordings, the first of {length} channels"
        raise Unsupported(f"{where}: RecordedRawDataView", "one integrated intensity", found)
    unit = recorded[0].find("Recording/Unit")
    return axes, start, ("" if unit is None else unit.get("Base", "")).lower() or "counts"


def _absorption(route: Element, table: Floats, where: str) -> list[float] | None:
    """Absorption factors other than one throughout."""
    for view in _views(route, "FixedRawDataView"):
        if view.get("LogicName") == "AbsorptionFactor":
            factors = np.unique(table[:, _place(view, table.shape[1], where)[0]])
            return None if factors.tolist() == [1.0] else factors.tolist()
    return None


def _value(root: Element, tag: str) -> str | None:
    """First value of an element with this name, which is an attribute or its text."""
    found = next(root.iter(tag), None)
    return None if found is None else (found.get("Value") or found.text or "").strip() or None


def _wavelength(root: Element, guessed: dict[str, Any], where: str) -> float | None:
    def line(tag: str) -> float | None:
        value = _value(root, tag)
        return None if value is None else angstrom(value, None, f"{where}: {tag}")

    ratio = optional_number(_value(root, "WaveLengthRatio"), f"{where}: WaveLengthRatio")
    doublet = tube_wavelength(line("WaveLengthAlpha1"), line("WaveLengthAlpha2"), ratio, guessed)
    return doublet or line("WaveLengthAverage") or line("WaveLength")


def recognise(source: Source) -> float:
    """Sure when a ZIP container has the members of an experiment."""
    return has_member(source, rb"Experiment\d+/RawData\d+\.xml")


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Bruker BRML",
    endings=(".brml",),
    recognise=recognise,
    read=read,
    reference="files of DIFFRAC.MEASUREMENT, which describe their own columns",
)
