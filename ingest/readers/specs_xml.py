"""SPECS ``.xml`` of SpecsLab 2: photoemission, one spectrum per cycle of every region.

A region is swept with several channeltrons at once, ``shift`` times the pass energy away from the
nominal energy each. Counts stand as written by the instrument, channel after channel for every
step, with ``mcd_head`` steps before the first energy and ``mcd_tail`` behind the last, so that
each energy of the region is seen by every channel. With a fixed pass energy :math:`E_P`, channel
:math:`j` sees energy :math:`i` of the region at the step

.. math:: i + \\mathrm{head} - \\mathrm{round}(s_j E_P / \\Delta E)

and these counts are added up over channels and scans (the 'nearest neighbour' method of SPECS).
Gains, transmission and scaling by the current of a storage ring are not applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._diffraction import numbers
from ingest.readers._photoemission import Region, photon_energy, spectrum_of
from ingest.readers._xml import parse, without_plain_doctype
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Spectrum

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME, VERSION = "specs_xml", "1"
_METHODS = ("XPS", "UPS")
_SWEPT = "FixedAnalyzerTransmission"
_KEPT = ("analyzer_lens", "analyzer_slit", "detector_dataset")
_SETTINGS = ("dwell_time", "pass_energy", "bias_voltage", "detector_voltage")
_MOST_SECONDS = 2**33
"""Times (s since 1970) beyond are no times of a measurement."""


def read(source: Source) -> list[Spectrum]:
    """Read every cycle of every region that was swept at a fixed pass energy.

    Raises:
        BadInput: For malformed XML (line and column), or naming region and field.
        Unsupported: When there are only regions of other methods and scan modes.
    """
    root = parse(without_plain_doctype(source.content), source.name)
    found: list[Region] = []
    passed_over: dict[str, str] = {}
    for group in _members(root.find("sequence[@type_name='RegionGroupSeq']"), source.name):
        name = _text(group, "name")
        for n, region in enumerate(_sequence(group, "regions", source.name), start=1):
            part = f"{name}, region {n}: {_text(region, 'name')}"
            reason = _other(region, f"{source.name}: {part}")
            if reason is None:
                found += _regions(region, name, part, f"{source.name}: {part}")
            else:
                passed_over[part] = reason
    if not found and passed_over:
        what = "; ".join(f"{part}: {reason}" for part, reason in passed_over.items())
        expected = f"a region of {' or '.join(_METHODS)} swept at a fixed pass energy"
        raise Unsupported(f"{source.name}: regions", expected, what[:200])
    if not found:
        raise BadInput(f"{source.name}: regions", "at least one", "none")
    for each in found:
        each.about["passed_over"] = passed_over
    return [spectrum_of(each, source, NAME, VERSION) for each in found]


def _other(region: Element, where: str) -> str | None:
    """Why a region is passed over, or None."""
    definition = _child(region, "region", where)
    method, mode = _text(definition, "analysis_method"), _text(definition, "scan_mode", "name")
    if method.upper() not in _METHODS:
        return f"analysis method {method!r}"
    if mode != _SWEPT:
        return f"scan mode {mode!r}"
    curves = _count(definition, "curves_per_scan", where)
    if curves != 1:
        return f"{curves} curves in each scan"
    cycles = _sequence(region, "cycles", where)
    return None if any(_sequence(each, "scans", where) for each in cycles) else "no scan"


def _regions(region: Element, group: str, part: str, where: str) -> Iterator[Region]:
    """Every cycle of a region."""
    definition = _child(region, "region", where)
    start, step = (_number(definition, key, where) for key in ("kinetic_energy", "scan_delta"))
    cycles = _sequence(region, "cycles", where)
    for n, cycle in enumerate(cycles, start=1):
        place = f"{where}, cycle {n}"
        scans = _sequence(cycle, "scans", place)
        if not scans:  # stopped before the first was through
            continue
        first, counts = _summed(region, scans, place)
        yield Region(
            part=part if len(cycles) == 1 else f"{part}, cycle {n}",
            scale="kinetic",
            energies=start + step * (first + np.arange(len(counts))),
            intensity=counts,
            photon_energy=photon_energy(_number(definition, "excitation_energy", where)),
            title=f"{group}: {_text(region, 'name')}",
            sample=group or None,
            instrument=_text(region, "analyzer_info", "name") or None,
            time=_time(cycle, place),
            about={
                "analysis_method": _text(definition, "analysis_method"),
                "scan_mode": _SWEPT,
                "scans": len(scans),
                **{key: _text(definition, key) for key in _KEPT},
                **{key: _number(definition, key, where) for key in _SETTINGS},
                "work_function": _number(definition, "effective_workfunction", where),
                "excitation_source": _text(region, "source_info", "name"),
                "not_applied": _not_applied(region, cycle),
                "not_seen_by_all_channels": _count(definition, "values_per_curve", where)
                - len(counts)
                or None,
            },
        )


def _summed(region: Element, scans: list[Element], where: str) -> tuple[int, Floats]:
    """First energy (index) that all channels saw, and counts from there on, shape ``(n,)``."""
    definition = _child(region, "region", where)
    n = _count(definition, "values_per_curve", where)
    head, tail = (_count(region, key, where) for key in ("mcd_head", "mcd_tail"))
    step = _number(definition, "scan_delta", where)
    detectors = _sequence(_child(region, "analyzer_info", where), "detectors", where)
    if step <= 0 or not detectors:
        found = f"step {step:g} eV, {len(detectors)} detectors"
        raise BadInput(where, "a positive step and detectors", found)
    shifts = np.array([_number(each, "shift", where) for each in detectors])
    steps = n + head + tail
    behind = head - np.rint(shifts * _number(definition, "pass_energy", where) / step)
    # after a new calibration of the detector, a channel may have missed some of the energies
    first, last = max(0, -behind.min()), min(n, steps - behind.max())
    if not 0 <= first < last <= n:
        found = f"{(-behind.min()):g} to {(steps - behind.max()):g} of {n}"
        raise BadInput(f"{where}: detectors", "energies that all of them saw", found)
    counts = np.array([_scan(scan, steps * len(detectors), where) for scan in scans]).sum(axis=0)
    channels = counts.reshape(steps, len(detectors))
    window = np.arange(int(first), int(last))
    seen = channels[window[:, None] + behind.astype(int), np.arange(len(detectors))]
    return int(first), seen.sum(axis=1)


def _scan(scan: Element, length: int, where: str) -> Floats:
    counts = _child(scan, "counts", where)
    values = numbers(counts.findtext("ulong"), f"{where}: counts")
    said = counts.get("length", "")
    if len(values) != length or said != str(length):
        expected = f"{length} (channels times steps with head and tail)"
        raise BadInput(f"{where}: counts", expected, f"{len(values)}, length {said!r}")
    if values.min() < 0:
        raise BadInput(f"{where}: counts", "no negative count", f"{values.min():g}")
    return values


def _not_applied(region: Element, cycle: Element) -> list[str]:
    gains = {each.text for each in region.iterfind(".//struct/double[@name='gain']")}
    listed = {
        "gains of the channels": bool(gains - {"1"}),
        "transmission": (region.findtext("sequence[@name='transmission']/double") or "").strip(),
        "scaling_factors": any(
            (each.findtext("double") or "").strip()
            for each in cycle.iterfind(".//sequence[@name='scaling_factors']")
        ),
    }
    return [name for name, there in listed.items() if there]


def _time(cycle: Element, where: str) -> datetime | None:
    seconds = _number(cycle, "time", where)
    if not 0 <= seconds < _MOST_SECONDS:
        raise BadInput(f"{where}: time", "seconds since 1970", f"{seconds:g}")
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _sequence(parent: Element, name: str, where: str) -> list[Element]:
    return _members(parent.find(f"sequence[@name='{name}']"), f"{where}: {name}")


def _members(sequence: Element | None, where: str) -> list[Element]:
    """Members of a sequence; an empty one may hold a single member without values."""
    length = "" if sequence is None else sequence.get("length", "")
    if sequence is None or length not in ("0", str(len(sequence))):
        found = "none" if sequence is None else f"{len(sequence)}, length {length!r}"
        raise BadInput(where, "a sequence of as many members as it says", found)
    return [] if length == "0" else list(sequence)


def _child(parent: Element, name: str, where: str) -> Element:
    found = parent.find(f"*[@name='{name}']")
    if found is None:
        raise BadInput(f"{where}: {name}", "an element of this name", "none")
    return found


def _text(parent: Element, *names: str) -> str:
    path = "/".join(f"*[@name='{name}']" for name in names)
    return " ".join((parent.findtext(path) or "").split())


def _number(parent: Element, name: str, where: str) -> float:
    return number(_text(parent, name), f"{where}: {name}")


def _count(parent: Element, name: str, where: str) -> int:
    text = _text(parent, name)
    if not text.isdecimal() or len(text) > 9:
        raise BadInput(f"{where}: {name}", "a count", repr(text[:60]))
    return int(text)


def recognise(source: Source) -> float:
    """Sure by the serializer's type names or, where the document type is long, its remark."""
    if b"IDL:specs.de/Serializer/RegionGroupSeq" in source.head:
        return 1.0
    return 0.9 if b"<!-- CORBA XML document created by XMLSerializer2" in source.head else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="SPECS photoemission of SpecsLab 2",
    endings=(".xml",),
    recognise=recognise,
    read=read,
    reference="SPECS, 'Acquiring data with multidetector systems'; CORBA serializer 1.3 and 1.6",
)
