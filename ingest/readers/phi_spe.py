"""PHI MultiPak ``.spe``: XPS regions of VersaProbe instruments, header in text, counts binary.

After the text header (``SOFH`` to ``EOFH``) a binary header says for each region where its
counts are. Region definitions give binding energies.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import number
from ingest.readers._photoemission import Region, photon_energy, spectrum_of
from registry.errors import BadInput, Unsupported
from registry.records import Floats, Spectrum

NAME, VERSION = "phi_spe", "1"
_END = re.compile(rb"EOFH\r?\n")
_FILE_HEADER, _REGION_HEADER = 16, 96
_POINTS, _TYPE, _BYTES, _OFFSET = 5, 18, 19, 20
"""Words of a region's header."""
_TYPES = {b"f4": "<f4", b"f8": "<f8"}
_KEPT = ("InstrumentModel", "AnalyserWorkFcn", "AnalyserMode", "XraySource", "FileDesc")


def read(source: Source) -> list[Spectrum]:
    """Read every active region.

    Raises:
        BadInput: When the header is incomplete or a region's counts are not in the file.
        Unsupported: For depth profiles and maps.
    """
    end = _END.search(source.content)
    if end is None:
        raise BadInput(source.name, "a header that ends with EOFH", "no such line")
    lines = source.content[: end.start()].decode("latin-1").splitlines()
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    fields = {key.strip(): value.strip() for key, value in pairs}
    if fields.get("FileType") != "SPECTRUM":
        raise Unsupported(f"{source.name}: FileType", "SPECTRUM", repr(fields.get("FileType")))
    regions = [value.split() for key, value in pairs if key == "SpectralRegDef"]
    active = [words for words in regions if words[1:2] == ["1"]]
    if not active:
        raise BadInput(f"{source.name}: SpectralRegDef", "at least one active region", "none")
    binary = source.content[end.end() :]
    return [_spectrum(words, n, fields, binary, source) for n, words in enumerate(active)]


def _spectrum(
    words: list[str], n: int, fields: dict[str, str], binary: bytes, source: Source
) -> Spectrum:
    where = f"{source.name}: SpectralRegDef {n + 1}"
    if len(words) < 8:
        raise BadInput(where, "name, points, step, start and end", " ".join(words))
    name, points = words[2], number(words[4], where)
    start, end = number(words[6], where), number(words[7], where)
    counts = _counts(binary, n, where)
    if points != len(counts):
        raise BadInput(where, f"{points:g} points", f"{len(counts)} in the binary header")
    region = Region(
        part=f"region {n + 1}: {name}",
        scale="binding",
        energies=np.linspace(start, end, len(counts)),
        intensity=counts,
        unit="counts/s",
        photon_energy=_photon_energy(fields, source),
        title=f"{fields.get('FileDesc', '')}: {name}",
        instrument=fields.get("InstrumentModel"),
        facility=fields.get("Institution"),
        time=_day(fields.get("AcqFileDate", "")),
        about={key: fields[key] for key in _KEPT if key in fields},
    )
    return spectrum_of(region, source, NAME, VERSION)


def _counts(binary: bytes, n: int, where: str) -> Floats:
    """Counts of region ``n`` (from 0), shape ``(points,)``."""
    at = _FILE_HEADER + n * _REGION_HEADER
    if len(binary) < at + _REGION_HEADER:
        raise BadInput(where, "a binary header", f"{len(binary)} bytes after the text")
    header = struct.unpack_from(f"<{_REGION_HEADER // 4}I", binary, at)
    kind = struct.pack("<I", header[_TYPE]).rstrip(b"\0")
    if kind not in _TYPES:
        raise Unsupported(where, "counts as f4 or f8", repr(kind))
    size = header[_POINTS] * np.dtype(_TYPES[kind]).itemsize
    if size != header[_BYTES] or header[_OFFSET] + size > len(binary):
        found = f"{header[_BYTES]} from byte {header[_OFFSET]} of {len(binary)}"
        raise BadInput(where, f"{size} bytes of counts", found)
    values = np.frombuffer(binary, _TYPES[kind], header[_POINTS], header[_OFFSET])
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        return np.asarray(values, dtype=np.float64)


def _photon_energy(fields: dict[str, str], source: Source) -> float | None:
    words = fields.get("XraySource", "").split()
    place = f"{source.name}: XraySource"
    return photon_energy(number(words[1], place)) if len(words) > 1 else None


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y %m %d").replace(tzinfo=UTC)
    except ValueError:
        return None


def recognise(source: Source) -> float:
    """Sure by the first line; ``.spe`` is also the ending of other formats."""
    return 1.0 if source.head.startswith(b"SOFH") else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="PHI MultiPak spectrum",
    endings=(".spe",),
    recognise=recognise,
    read=read,
    reference="PHI MultiPak; layout as read from files of known content",
)
