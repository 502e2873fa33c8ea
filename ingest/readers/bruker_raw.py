"""Bruker .raw, versions 3 (``RAW1.01``) and 4 (``RAW4.00``): binary, one or more ranges.

Version 3 has a header of 712 bytes, then ranges: a header of declared size, an extra record and
the points. Version 4 has 61 bytes, then segments of a kind and a length; kind 0 or 160 begins a
range: 160 bytes, records of the drives, points. A point is a record of declared size whose
first four bytes are the intensity. Versions 1 and 2 are refused by name.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._diffraction import (
    Scan,
    is_two_theta,
    spectra_of,
    time_of,
    tube_wavelength,
)
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Spectrum

NAME, VERSION = "bruker_raw", "1"
_MOST_RANGES = 4096
_SMALLEST_HEADER = 260
# Version 3 numbers its scans: locked and unlocked coupled, detector, coupled by a fixed detector.
_SCANS_OF_TWO_THETA = (0, 1, 2, 20)
_KEY_VALUE, _SOURCE, _DRIVE = 10, 30, 50
_RANGE_MARKS = (0, 160)
# scan type, whether it went over two theta, angles, intensities, seconds per point
_Range = tuple[str, bool, Floats, Floats, float | None]


class _Bytes:
    """Fields of a binary file at absolute positions; a field beyond the end is an error."""

    def __init__(self, content: bytes, where: str) -> None:
        self.content = content
        self.where = where

    def get(self, layout: str, at: int, what: str) -> Any:
        try:
            found = struct.unpack_from(f"<{layout}", self.content, at)
        except struct.error as error:
            place = f"{self.where}: {what} at byte {at}"
            raise BadInput(place, "a complete file", str(error)) from error
        return found[0] if len(found) == 1 else found

    def text(self, at: int, length: int) -> str:
        field = self.content[at : at + length].split(b"\0")[0]
        return field.decode("latin-1").strip()

    def points(self, at: int, count: int, size: int, what: str) -> tuple[Floats, Any]:
        """Intensities of ``count`` records of ``size`` bytes, and the records as bytes."""
        if count < 1 or size < 4:
            expected = "points of at least 4 bytes"
            raise BadInput(f"{self.where}: {what}", expected, f"{count} of {size}")
        if at + count * size > len(self.content):
            expected = f"{count} points of {size} bytes from byte {at}"
            raise BadInput(f"{self.where}: {what}", expected, f"{len(self.content)} bytes in all")
        records = np.frombuffer(self.content, np.uint8, count * size, at).reshape(count, size)
        intensity = np.ascontiguousarray(records[:, :4]).view("<f4")[:, 0]
        return intensity.astype(np.float64), records


def read(source: Source) -> list[Spectrum]:
    """Read every range over two theta.

    Raises:
        BadInput: With the byte where a file ends too early or contradicts itself.
        Unsupported: For versions 1 and 2, and when all ranges go over other angles.
    """
    content = _Bytes(source.content, source.name)
    if source.content.startswith(b"RAW1.01"):
        found = _version_3(content)
    elif source.content.startswith(b"RAW4.00"):
        found = _version_4(content)
    else:
        raise Unsupported(f"{source.name}: version", "RAW1.01 or RAW4.00", repr(source.content[:8]))
    return spectra_of(*found, source, NAME, VERSION)


def _angles(start: float, step: float, count: int, where: str) -> Floats:
    if not np.isfinite([start, step]).all() or step == 0:
        raise BadInput(where, "a finite start and a step", f"{start:g}, {step:g}")
    return start + step * np.arange(count)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _version_3(content: _Bytes) -> tuple[list[Scan], dict[str, str]]:
    count = content.get("I", 12, "number of ranges")
    if not 1 <= count <= _MOST_RANGES:
        raise BadInput(f"{content.where}: ranges", f"1 to {_MOST_RANGES}", str(count))
    alpha1, alpha2, _, ratio = content.get("4d", 0x270, "wavelengths")
    guessed: dict[str, str] = {}
    about = {
        "wavelength": tube_wavelength(alpha1, alpha2, ratio, guessed),
        "sample_id": content.text(0x146, 60) or None,
        "time": time_of(f"{content.text(0x10, 10)} {content.text(0x1A, 10)}"),
    }
    scans: list[Scan] = []
    passed_over: dict[str, str] = {}
    at = 712
    for n in range(1, count + 1):
        part = f"range {n}"
        place = f"{content.where}: {part}"
        size, points = content.get("2I", at, part)
        if size < _SMALLEST_HEADER:
            raise BadInput(f"{place}: header", f"at least {_SMALLEST_HEADER} bytes", str(size))
        start, step = content.get("d", at + 16, part), content.get("d", at + 176, part)
        seconds, kind = content.get("fI", at + 192, part)
        varying, stride, extra = content.get("3I", at + 248, part)
        if stride != 4 + 8 * varying.bit_count():
            expected = f"{4 + 8 * varying.bit_count()} for what varies ({varying:#x})"
            raise BadInput(f"{place}: size of a point", expected, str(stride))
        intensity, records = content.points(at + size + extra, points, stride, part)
        at += size + extra + points * stride
        if kind not in _SCANS_OF_TWO_THETA:
            passed_over[part] = f"scan type {kind}"
            continue
        two_theta = _angles(start, step, points, place)
        if varying & 1:  # the angle that was reached stands in each record
            two_theta = np.ascontiguousarray(records[:, 4:12]).view("<f8")[:, 0]
        parameters = {"counting_time": _finite(seconds), "guessed": guessed}
        scans.append(Scan(part, two_theta, intensity, about=about, parameters=parameters))
    return scans, passed_over


def _version_4(content: _Bytes) -> tuple[list[Scan], dict[str, str]]:
    keys: dict[str, str] = {}
    guessed: dict[str, str] = {}
    wavelength: float | None = None
    ranges: list[_Range] = []
    at = 61
    while at < len(content.content):
        kind = content.get("I", at, "segment")
        if kind in _RANGE_MARKS:
            found, at = _range_4(content, at, f"range {len(ranges) + 1}")
            ranges.append(found)
            if len(ranges) > _MOST_RANGES:
                raise Unsupported(content.where, f"up to {_MOST_RANGES} ranges", "more")
            continue
        length = _length(content, at, len(content.content))
        if kind == _KEY_VALUE:
            keys[content.text(at + 12, 24)] = content.text(at + 36, max(length - 36, 0))
        elif kind == _SOURCE:
            alpha1, alpha2, _, ratio = content.get("4d", at + 80, "wavelengths")
            wavelength = tube_wavelength(alpha1, alpha2, ratio, guessed)
        at += length
    about = {
        "wavelength": wavelength,
        "sample_id": keys.get("SAMPLEID") or None,
        "time": time_of(f"{content.text(12, 12)} {content.text(24, 10)}"),
    }
    scans: list[Scan] = []
    passed_over: dict[str, str] = {}
    for n, (scan, over_two_theta, two_theta, intensity, seconds) in enumerate(ranges, 1):
        if not over_two_theta:
            passed_over[f"range {n}"] = scan
            continue
        parameters = {"scan": scan, "counting_time": seconds, "fields": keys, "guessed": guessed}
        scans.append(Scan(f"range {n}", two_theta, intensity, about=about, parameters=parameters))
    return scans, passed_over


def _length(content: _Bytes, at: int, end: int) -> int:
    length: int = content.get("I", at + 4, "length of a segment")
    if not 8 <= length <= end - at:
        place = f"{content.where}: segment at byte {at}"
        raise BadInput(place, f"a length of 8 to {end - at}", str(length))
    return length


def _range_4(content: _Bytes, at: int, part: str) -> tuple[_Range, int]:
    """A range of version 4, and where it ends."""
    scan = content.text(at + 32, 24)
    start, step, points, milliseconds = content.get("ddIf", at + 72, part)
    stride, drives = content.get("2I", at + 136, part)
    data = at + 160 + drives
    intensity, _ = content.points(data, points, stride, part)
    names = _scanned_drives(content, at + 160, data, start)
    over_two_theta = is_two_theta(names[0] if len(names) == 1 else scan)
    two_theta = _angles(start, step, points, f"{content.where}: {part}")
    found = (scan, over_two_theta, two_theta, intensity, _finite(milliseconds / 1000))
    return found, data + points * stride


def _scanned_drives(content: _Bytes, at: int, end: int, start: float) -> list[str]:
    """Drives that are flagged and stand where the range starts: the one that was scanned."""
    names = []
    while at < end:
        length = _length(content, at, end)
        if content.get("I", at, "drive") == _DRIVE:
            flag, position = content.get("I44xd", at + 8, "drive")
            if flag and np.isclose(position, start, atol=1e-6):
                names.append(content.text(at + 12, 24))
        at += length
    return names


def recognise(source: Source) -> float:
    """Sure by the first bytes."""
    return 0.95 if source.head.startswith((b"RAW1.01", b"RAW4.00", b"RAW2", b"RAW ")) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Bruker RAW",
    endings=(".raw",),
    recognise=recognise,
    read=read,
    reference="layouts published with geddes (MIT) and FAIRmat readers-xrd (Apache-2.0)",
)
