"""Igor binary wave (``.ibw``, version 5): photoemission as Scienta's SES saves it.

The axes come from the scaling and the units of the dimensions, the settings from the note.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._photoemission import spectrum_of
from ingest.readers._scienta import fields_of, region_of
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Spectrum

NAME, VERSION = "igor_wave", "1"
_FILE_HEADER, _HEADERS = 64, 384
"""Bytes of the file's header, and of it with the wave's header: there the data begin."""
_DIMENSIONS = 4
_OLD_VERSIONS = (1, 2, 3)
# Number types of Igor: a code for the kind, 64 added for unsigned.
_TYPES = {2: "f4", 4: "f8", 8: "i1", 16: "i2", 32: "i4", 72: "u1", 80: "u2", 96: "u4"}


@dataclass(frozen=True)
class _Wave:
    name: str
    data: Floats
    axes: list[tuple[str, Floats]]
    note: str


def read(source: Source) -> list[Spectrum]:
    """Read the one wave of a file.

    Raises:
        BadInput: When the file is cut, sizes do not fit, or the first axis is no energy.
        Unsupported: For waves of versions before 5, of text and of complex numbers.
    """
    wave = _wave(source)
    fields = fields_of(wave.note.replace("\r", "\n").splitlines())
    region = region_of(fields, wave.axes, wave.data, wave.name, source.name)
    return [spectrum_of(region, source, NAME, VERSION)]


def _wave(source: Source) -> _Wave:
    content, order = source.content, _byte_order(source)
    if len(content) < _HEADERS:
        raise BadInput(source.name, f"headers of {_HEADERS} bytes", f"{len(content)} bytes")
    _, formula, note, data_unit, *dimension_units = struct.unpack_from(f"{order}8i", content, 4)
    points, kind = struct.unpack_from(f"{order}ih", content, _FILE_HEADER + 12)
    shape = [n for n in struct.unpack_from(f"{order}4i", content, _FILE_HEADER + 68) if n != 0]
    scaling = struct.unpack_from(f"{order}8d", content, _FILE_HEADER + 84)
    if kind not in _TYPES:
        raise Unsupported(f"{source.name}: number type", "real numbers", f"type {kind}")
    size = points * np.dtype(_TYPES[kind]).itemsize
    pieces = (formula, note, data_unit, *dimension_units)
    if (
        not shape
        or min(shape) < 0
        or int(np.prod(shape, dtype=object)) != points
        or min(pieces) < 0
        or _HEADERS + size + sum(pieces) > len(content)
    ):
        found = f"{points} points of shape {shape} in {len(content)} bytes"
        raise BadInput(f"{source.name}: wave header", "sizes that fit the file", found)
    data = np.frombuffer(content, f"{order}{_TYPES[kind]}", points, _HEADERS)
    texts = _texts(content, _HEADERS + size, pieces)
    short = struct.unpack_from("4s4s4s4s", content, _FILE_HEADER + 152)
    units = [
        long or unit.split(b"\0")[0].decode("latin-1")
        for long, unit in zip(texts[3:], short, strict=True)
    ]
    axes = [
        (units[d], scaling[_DIMENSIONS + d] + scaling[d] * np.arange(n))
        for d, n in enumerate(shape)
    ]
    name = content[_FILE_HEADER + 28 : _FILE_HEADER + 60].split(b"\0")[0].decode("latin-1")
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        values = np.asarray(data, dtype=np.float64).reshape(shape, order="F")
    return _Wave(name, values, axes, texts[1])


def _byte_order(source: Source) -> str:
    """Byte order, told from the version that the file begins with.

    Raises:
        BadInput: When it begins with none.
        Unsupported: For versions before 5.
    """
    for order in "<>":
        if len(source.content) >= 2:
            (version,) = struct.unpack_from(f"{order}h", source.content)
            if version == 5:
                return order
            if version in _OLD_VERSIONS:
                raise Unsupported(source.name, "an Igor wave of version 5", f"version {version}")
    raise BadInput(source.name, "an Igor wave of version 5", repr(source.content[:2]))


def _texts(content: bytes, start: int, sizes: tuple[int, ...]) -> list[str]:
    """The texts behind the data: formula, note, and units of data and dimensions."""
    ends = start + np.cumsum([0, *sizes])
    return [content[a:b].rstrip(b"\0").decode("latin-1") for a, b in pairwise(ends)]


def recognise(source: Source) -> float:
    """Sure by version and checksum; the first 384 bytes of a wave sum to zero as shorts."""
    head = source.content[:_HEADERS]
    if len(head) < _HEADERS or head[:2] not in (b"\5\0", b"\0\5"):
        return 0.5 if source.path.suffix.lower() == ".ibw" else 0
    order = "<" if head[:1] == b"\5" else ">"
    return 0.95 if int(np.frombuffer(head, f"{order}i2").sum(dtype=np.int64)) % 2**16 == 0 else 0.5


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Igor binary wave",
    endings=(".ibw",),
    recognise=recognise,
    read=read,
    reference="WaveMetrics, Igor technical note 003: Igor Binary Format",
)
