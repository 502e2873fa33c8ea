"""Text maps of a small-angle detector: points Qx, Qy, I and more, as Igor and SasView write them.

Recognised by a line ``ASCII data`` or ``Data columns ... Qx - Qy - I(Qx,Qy)``. Files that name no
columns hold Qx, Qy, I and, as a fourth column, the standard deviation of I (a guess, recorded).
No error is made up where the file has none.
"""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, known, provenance, with_hints
from ingest.readers._nist import sample_label, wavelength_of
from ingest.readers._qmap import grid_of
from ingest.readers._signs import deviations
from ingest.readers._small_angle import small_angle_technique
from ingest.readers._table import Table, read_table
from registry.errors import BadInput
from registry.records import Axis, Spectrum

NAME, VERSION = "qmap", "1"
_MARK = re.compile(rb"^[^\S\n]*(ASCII data\b|Data columns\b.*\bQx\b)", re.MULTILINE | re.IGNORECASE)
_NAMES = re.compile(r"Qx\s*-\s*Qy\s*-.*", re.IGNORECASE)
_ERROR = re.compile(r"(err|sig(ma)?|d)\W*I\b", re.IGNORECASE)


def read(source: Source) -> list[Spectrum]:
    """Read the one map of the file, intensity of shape ``(nx, ny)``.

    Raises:
        BadInput: When columns are missing or a row is damaged.
        Unsupported: When the points are not on a rectangular grid.
    """
    table = read_table(source.text(), source.name)
    names, guessed_columns = _column_names(table, source)
    error = next((i for i, n in enumerate(names) if i > 2 and _ERROR.match(n)), None)
    values = table.values
    grid = grid_of(values[:, 0], values[:, 1], source.name)
    if error is not None:
        deviations(values[:, error], values[:, 2], f"{source.name}: {names[error]}")
    header = "\n".join(table.header)
    technique, guessed = small_angle_technique(source, {"header": header}, otherwise="sans")
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, header),
        x=Axis("Q", "1/A", grid.qx),
        axes=(Axis("Q_y", "1/A", grid.qy),),
        intensity=grid.lay(values[:, 2]),
        intensity_unit="1/cm",
        uncertainty=None if error is None else known(grid.lay(values[:, error])),
        title=sample_label(table.header),
        sample_id=sample_label(table.header),
        wavelength=wavelength_of(table.header, source.name),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            guessed={**guessed, **guessed_columns},
            columns=names,
            departure_from_grid=round(grid.departure, 4),
        ),
    )
    return [with_hints(spectrum, source)]


def _column_names(table: Table, source: Source) -> tuple[list[str], dict[str, str]]:
    width = table.values.shape[1]
    for line in reversed(table.header):
        named = _NAMES.search(line)
        if named:
            names = [n.strip() for n in re.split(r"\s-\s", named[0])]
            if len(names) != width:
                raise BadInput(f"{source.name}: columns", f"{len(names)} as named", str(width))
            return names, {}
    usual = ["Qx", "Qy", "I", "err(I)"][:width]
    if width not in (3, 4):
        raise BadInput(f"{source.name}: columns", "3 or 4, or names above them", str(width))
    return usual, {"columns": f"{', '.join(usual)}: {width} columns without names"}


def recognise(source: Source) -> float:
    """Sure by the line that announces the data."""
    return 0.9 if b"\x00" not in source.head and _MARK.search(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="text map of a small-angle detector",
    endings=(".dat",),
    recognise=recognise,
    read=read,
    reference="Kline (2006), J. Appl. Cryst. 39, 895; doi:10.1107/S0021889806035059",
)
