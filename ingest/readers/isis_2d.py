"""ISIS 2-D text (COLETTE, ``SaveRKH`` of Mantid): maps of LOQ and SANS2D.

After the title come the boundaries of Qx, then of Qy (or as many values as there are points), a
line ``nx ny scale``, the FORTRAN format, all intensities and all errors, Qx running fastest.
Pixels without a value are NaN.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, number, provenance, with_hints
from ingest.readers._inelastic import centres
from ingest.readers._lines import Lines
from ingest.readers._signs import deviations, one_way
from ingest.readers._small_angle import small_angle_technique
from ingest.readers._units import plain_unit
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "isis_2d", "1"
_MAGIC = re.compile(
    rb"[^\n]*\n\s*\d+\s+q\s*\([^)\n]*\)\s*\n\s*\d+\s+q\s*\([^)\n]*\)\s*\n", re.IGNORECASE
)
_UNIT = re.compile(r"\(([^)]*)\)\s*$")
_LARGEST_SIZE = 10_000
_FORMAT = re.compile(r"\d*\(\d+E([1-9]\d?)\.\d+\)", re.IGNORECASE)
_NO_VALUE = re.compile(r"-?nan\(\w*\)", re.IGNORECASE)
"""Writers of Windows print ``-nan(ind)``."""


def read(source: Source) -> list[Spectrum]:
    """Read the one map of the file, intensity of shape ``(nx, ny)``.

    Raises:
        BadInput: With the line that does not fit.
    """
    lines = Lines(source.text(), source.name)
    instrument = lines.next("instrument, date and workspace")
    units = [_unit(lines, what) for what in ("q", "q", "")]
    lines.number("1")
    title = lines.next("title")
    edges = [lines.several(_size(lines.next("a count"), lines), "numbers") for _ in "xy"]
    shape = lines.next("numbers of points and scale").split()
    if len(shape) != 3:
        raise BadInput(lines.place, "numbers of points and scale", " ".join(shape)[:60])
    scale = number(shape[2], lines.place)
    axes = [_axis(each, n, lines) for each, n in zip(edges, shape[:2], strict=True)]
    fields = _fixed(lines)
    ny, nx = len(axes[1]), len(axes[0])
    intensity, errors = (
        scale * lines.several(nx * ny, "numbers in fields of the format", fields).reshape(ny, nx).T
        for _ in "IE"
    )
    if not lines.blank_left():
        raise BadInput(lines.place, "the end of the file behind the errors", "more")
    technique, guessed = small_angle_technique(source, {}, otherwise="sans")
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, title),
        x=Axis("Q", units[0], axes[0]),
        axes=(Axis("Q_y", units[1], axes[1]),),
        intensity=intensity,
        intensity_unit=units[2],
        uncertainty=deviations(
            np.where(np.isnan(intensity), np.nan, errors), intensity, source.name
        ),
        title=title or None,
        instrument=instrument.split()[0] if instrument else None,
        facility="ISIS",
        provenance=provenance(source, NAME, VERSION, workspace=instrument, guessed=guessed),
    )
    return [with_hints(spectrum, source)]


def _unit(lines: Lines, quantity: str) -> str:
    line = lines.next("a code, a quantity and its unit")
    found = _UNIT.search(line)
    if found is None or not re.match(rf"\d+\s+{quantity}", line, re.IGNORECASE):
        raise BadInput(lines.place, f"a code, {quantity or 'a quantity'} and its unit", line[:60])
    return plain_unit(found[1], lines.place)


def _axis(edges: Floats, count: str, lines: Lines) -> Floats:
    """Middles of the pixels: of their boundaries, or the values where there is none more."""
    if count != str(len(edges)) and count != str(len(edges) - 1):
        found = f"{len(edges)} values for {count} points"
        raise BadInput(lines.place, "as many values of an axis as points, or one more", found)
    one_way(edges, lines.place)
    return edges if count == str(len(edges)) else centres(edges)


def _size(text: str, lines: Lines) -> int:
    if not text.isdecimal() or not 2 <= int(text[:9]) <= _LARGEST_SIZE:
        raise BadInput(lines.place, f"a count from 2 to {_LARGEST_SIZE}", text[:60])
    return int(text)


def _fixed(lines: Lines) -> Callable[[str], list[str]]:
    """What cuts a line into fields of the width that the line with the format says."""
    text = lines.next("a FORTRAN format such as 3(8E12.4)")
    found = _FORMAT.fullmatch(text)
    if found is None:
        raise BadInput(lines.place, "a FORTRAN format such as 3(8E12.4)", repr(text[:60]))
    width = int(found[1])

    def fields(line: str) -> list[str]:
        words = [line[at : at + width] for at in range(0, len(line), width)]
        whole = len(line) % width == 0
        return [_NO_VALUE.sub("nan", word) for word in words] if whole else [line]

    return fields


def recognise(source: Source) -> float:
    """Sure by two axes of q below the first line."""
    return 0.97 if _MAGIC.match(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="ISIS 2-D small-angle map",
    endings=(".txt", ".dat"),
    recognise=recognise,
    read=read,
    reference="COLETTE ASCII file format descriptions, ISIS; Mantid, SaveRKH",
)
