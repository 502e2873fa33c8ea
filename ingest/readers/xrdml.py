"""PANalytical .xrdml: every scan of every measurement, in schemas 1.x and 2.x.

Schema 1.x stores ``intensities``, already multiplied by the beam attenuation factors; schema 2.x
stores raw ``counts``, which are multiplied here. Positions are a list, or first and last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import angstrom, kelvin
from ingest.readers._diffraction import (
    Scan,
    numbers,
    optional_number,
    spectra_of,
    time_of,
    tube_wavelength,
)
from ingest.readers._signs import not_negative
from ingest.readers._xml import parse
from registry.errors import BadInput
from registry.records import Floats, Spectrum

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME, VERSION = "xrdml", "1"
_ROOT = re.compile(rb"<(\w+:)?xrdMeasurements\b")


def read(source: Source) -> list[Spectrum]:
    """Read every scan over two theta.

    Raises:
        BadInput: For damaged XML, or naming measurement, scan and field.
        Unsupported: When all scans go over other angles (rocking curves, pole figures).
    """
    root = parse(source.content, source.name)
    if not re.search(r"(^|})xrdMeasurements$", root.tag):
        raise BadInput(source.name, "the element xrdMeasurements", root.tag[:60])
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    sample = root.find("sample")
    scans: list[Scan] = []
    passed_over: dict[str, str] = {}
    for m, measurement in enumerate(root.iterfind("xrdMeasurement"), 1):
        for s, scan in enumerate(measurement.iterfind("scan"), 1):
            part = f"measurement {m}, scan {s}"
            found = _scan(scan, measurement, sample, part, source.name)
            if found is None:
                passed_over[part] = scan.get("scanAxis", "no scanAxis")
            else:
                scans.append(found)
    return spectra_of(scans, passed_over, source, NAME, VERSION)


def _scan(
    scan: Element, measurement: Element, sample: Element | None, part: str, file: str
) -> Scan | None:
    where = f"{file}: {part}"
    points = scan.find("dataPoints")
    if points is None:
        raise BadInput(where, "an element dataPoints", "none")
    intensity, attenuation = _intensity(points, where)
    two_theta = _two_theta(points, len(intensity), where)
    if two_theta is None:
        return None
    guessed: dict[str, str] = {}
    return Scan(
        part,
        two_theta,
        intensity,
        about={
            "wavelength": _wavelength(measurement, guessed, where),
            "temperature": _temperature(scan, where),
            "time": time_of(scan.findtext("header/startTimeStamp")),
            "sample_id": _text(sample, "id"),
            "title": _text(sample, "name") or _text(sample, "id"),
            "instrument": _text(scan, "header/source/instrumentID"),
        },
        parameters={
            "scan_axis": scan.get("scanAxis"),
            "status": scan.get("status"),
            "measurement_type": measurement.get("measurementType"),
            "counting_time": _counting_time(points, where),
            "beam_attenuation": attenuation,
            "divergence_corrections": "in the file, not applied"
            if points.find("divergenceCorrections") is not None
            else None,
            "lines": _lines(measurement),
            "tube": _text(measurement, "incidentBeamPath/xRayTube/anodeMaterial"),
            "software": _text(scan, "header/source/applicationSoftware"),
            "guessed": guessed,
        },
    )


def _text(element: Element | None, path: str) -> str | None:
    return None if element is None else (element.findtext(path) or "").strip() or None


def _intensity(points: Element, where: str) -> tuple[Floats, Any]:
    """Intensity, and the attenuation factors that were applied (one, or one per point)."""
    counts = points.find("counts")
    stored = points.find("intensities") if counts is None else counts
    if stored is None:
        raise BadInput(where, "an element counts or intensities", "none")
    intensity = numbers(stored.text, f"{where}: {stored.tag}")
    if stored.tag == "intensities":
        return intensity, None
    not_negative(intensity, f"{where}: counts")
    listed, common = (
        points.find(name) for name in ("beamAttenuationFactors", "commonBeamAttenuationFactor")
    )
    given = common if listed is None else listed
    if given is None:
        return intensity, None
    factors = numbers(given.text, f"{where}: {given.tag}")
    if len(factors) not in (1, len(intensity)):
        raise BadInput(f"{where}: {given.tag}", f"1 or {len(intensity)}", f"{len(factors)}")
    return intensity * factors, np.unique(factors).tolist()


def _two_theta(points: Element, count: int, where: str) -> Floats | None:
    """Scattering angles (degree), or None where the scattering angle stands still."""
    positions = points.find("positions[@axis='2Theta']")
    if positions is None or positions.find("commonPosition") is not None:
        return None
    place = f"{where}: positions of 2Theta"
    if positions.get("unit", "deg") != "deg":
        raise BadInput(place, "degrees", repr(positions.get("unit")))
    listed = positions.find("listPositions")
    if listed is not None:
        angles = numbers(listed.text, place)
        if len(angles) != count:
            raise BadInput(place, f"{count}, as there are intensities", f"{len(angles)}")
        return angles if np.ptp(angles) > 0 else None
    first = optional_number(positions.findtext("startPosition"), place)
    last = optional_number(positions.findtext("endPosition"), place)
    if first is None or last is None:
        raise BadInput(place, "startPosition and endPosition, or listPositions", "neither")
    return None if first == last else np.linspace(first, last, count)


def _lines(measurement: Element) -> dict[str, str]:
    """Lines of the tube as the file gives them."""
    used = measurement.find("usedWavelength")
    return (
        {}
        if used is None
        else {"intended": used.get("intended", "")}
        | {line.tag: (line.text or "").strip() for line in used}
    )


def _wavelength(measurement: Element, guessed: dict[str, str], where: str) -> float | None:
    used = measurement.find("usedWavelength")
    if used is None:
        return None

    def line(name: str) -> float | None:
        found = used.find(name)
        if found is None or not (found.text or "").strip():
            return None
        return angstrom(found.text, found.get("unit"), f"{where}: {name}")

    intended = used.get("intended", "")
    if intended == "K-Beta":
        return line("kBeta")
    beam = measurement.find("incidentBeamPath")
    selected = beam is not None and any("onochromator" in e.tag for e in beam.iter())
    if intended == "K-Alpha 1" and selected:
        guessed["wavelength"] = "K-Alpha 1 alone: intended, with a monochromator before the sample"
        return line("kAlpha1")
    ratio = optional_number(used.findtext("ratioKAlpha2KAlpha1"), f"{where}: ratioKAlpha2KAlpha1")
    return tube_wavelength(line("kAlpha1"), line("kAlpha2"), ratio, guessed)


def _counting_time(points: Element, where: str) -> float | list[float] | None:
    """Seconds per point: one number, or a list where they differ."""
    text = points.findtext("commonCountingTime") or points.findtext("countingTimes")
    if text is None:
        return None
    times = np.unique(numbers(text, f"{where}: counting time"))
    return float(times[0]) if len(times) == 1 else numbers(text, where).tolist()


def _temperature(scan: Element, where: str) -> float | None:
    """Mean temperature (K) of the points of a non-ambient scan."""
    found = scan.find(".//nonAmbientValues[@type='Temperature']")
    if found is None:
        return None
    place = f"{where}: temperature"
    return kelvin(float(numbers(found.text, place).mean()), found.get("unit"), place)


def recognise(source: Source) -> float:
    """Sure by the root element."""
    return 0.95 if _ROOT.search(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="PANalytical XRDML",
    endings=(".xrdml",),
    recognise=recognise,
    read=read,
    reference="XRDMeasurement schemas 1.5 and 2.1, Malvern Panalytical; xrdml.com",
)
