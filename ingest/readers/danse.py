"""DANSE .sans: raw detector counts with the geometry that turns pixels into Q.

With pixel number i (from 1), centre c, pixel size p and distance L, the scattering angle along
one axis is :math:`2\\theta = \\arctan((i - c) p / L)` and
:math:`Q = 4\\pi / \\lambda \\sin(\\theta)`.
"""

from __future__ import annotations

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, number, provenance, with_hints
from ingest.readers._small_angle import small_angle_technique
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum
from registry.units import two_theta_to_q

NAME, VERSION = "danse", "1"
_NEEDED = ("WAVELENGTH", "DISTANCE", "CENTER_X", "CENTER_Y", "PIXELSIZE", "SIZE_X", "SIZE_Y")
_LARGEST_SIZE = 10_000


def read(source: Source) -> list[Spectrum]:
    """Read the one image of the file, intensity of shape ``(nx, ny)``.

    Raises:
        BadInput: When a header field is missing, or with the line of a damaged row.
    """
    lines = source.text().splitlines()
    marks = [n for n, line in enumerate(lines) if line.startswith("DATA:")]
    if not marks:
        raise BadInput(source.name, "a line DATA:", "none")
    fields = _fields(lines[: marks[0]], source)
    nx, ny = _size(fields, "SIZE_X", source), _size(fields, "SIZE_Y", source)
    counts, errors = _pixels(lines, marks[0] + 1, nx * ny, source)
    technique, guessed = small_angle_technique(source, {}, otherwise="sans")
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source),
        x=Axis("Q", "1/A", _q(nx, "CENTER_X", fields)),
        axes=(Axis("Q_y", "1/A", _q(ny, "CENTER_Y", fields)),),
        # the first index of the file runs along x
        intensity=counts.reshape(ny, nx).T,
        uncertainty=None if errors is None else errors.reshape(ny, nx).T,
        intensity_unit="counts",
        wavelength=fields["WAVELENGTH"],
        provenance=provenance(source, NAME, VERSION, guessed=guessed, geometry=fields),
    )
    return [with_hints(spectrum, source)]


def _fields(lines: list[str], source: Source) -> dict[str, float]:
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    fields = {key.strip(): number(v, f"{source.name}: {key.strip()}") for key, v in pairs}
    for key in _NEEDED:
        if key not in fields:
            raise BadInput(f"{source.name}: {key}", "a value", "nothing")
        if not key.startswith("CENTER") and fields[key] <= 0:
            raise BadInput(f"{source.name}: {key}", "a positive number", f"{fields[key]:g}")
    return fields


def _size(fields: dict[str, float], key: str, source: Source) -> int:
    if fields[key] != int(fields[key]) or not 1 < fields[key] <= _LARGEST_SIZE:
        raise BadInput(f"{source.name}: {key}", f"2 to {_LARGEST_SIZE} pixels", f"{fields[key]:g}")
    return int(fields[key])


def _pixels(
    lines: list[str], start: int, count: int, source: Source
) -> tuple[Floats, Floats | None]:
    """Counts and, where every row has two numbers, their errors; shapes ``(count,)``."""
    rows = []
    for n, line in enumerate(lines[start:], start=start + 1):
        words = line.split()
        if words:
            rows.append([number(w, f"{source.name}, line {n}") for w in words])
    widths = {len(row) for row in rows}
    if len(rows) != count or widths not in ({1}, {2}):
        raise BadInput(
            f"{source.name}: DATA", f"{count} rows of 1 or 2 numbers", f"{len(rows)} rows"
        )
    values = np.array(rows)
    return values[:, 0], values[:, 1] if widths == {2} else None


def _q(size: int, center: str, fields: dict[str, float]) -> Floats:
    millimetres = (np.arange(1, size + 1) - fields[center]) * fields["PIXELSIZE"]
    two_theta = np.degrees(np.arctan(millimetres / (1000 * fields["DISTANCE"])))
    return two_theta_to_q(two_theta, fields["WAVELENGTH"])


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 0.95 if source.head.lstrip().startswith(b"FORMATVERSION:") else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="DANSE detector image",
    endings=(".sans",),
    recognise=recognise,
    read=read,
    reference="SasView documentation, 2-D data formats; pixel size in mm, distance in m",
)
