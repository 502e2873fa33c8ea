"""SES 1.0: spin-echo small-angle neutron scattering, depolarisation over spin-echo length."""

from __future__ import annotations

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import angstrom, kind_of, provenance, with_hints
from ingest.readers._signs import deviations, not_negative
from ingest.readers._table import read_table
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Spectrum

NAME, VERSION = "sesans", "1"
_NEEDED = ("SpinEchoLength", "Depolarisation", "Depolarisation_error", "Wavelength")


def read(source: Source) -> list[Spectrum]:
    """Read the one scan of the file.

    Raises:
        BadInput: When a column or unit is missing, or with the line of a damaged row.
        Unsupported: For versions of the format from 2.0.
    """
    text = source.text()
    head = text.split("BEGIN_DATA")[0]
    pairs = [line.split(None, 1) for line in head.splitlines()]
    fields = {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}
    if not fields.get("FileFormatVersion", "").startswith("1"):
        raise Unsupported(
            f"{source.name}: FileFormatVersion", "1.0", repr(fields.get("FileFormatVersion"))
        )
    table = read_table(text, source.name)
    names = table.names or []
    for name in _NEEDED:
        if name not in names:
            raise BadInput(
                f"{source.name}: columns", f"a column {name}", ", ".join(names) or "none"
            )
    columns = dict(zip(names, table.values.T, strict=True))
    lengths = not_negative(columns["SpinEchoLength"], f"{source.name}: SpinEchoLength")
    wavelengths = columns["Wavelength"]
    constant = bool(np.ptp(wavelengths) == 0)
    spectrum = Spectrum(
        technique="sesans",
        kind=kind_of(source),
        x=Axis("spin_echo_length", fields.get("SpinEchoLength_unit", "A"), lengths),
        intensity=columns["Depolarisation"],
        intensity_unit=fields.get("Depolarisation_unit", ""),
        uncertainty=deviations(
            columns["Depolarisation_error"], columns["Depolarisation"], source.name
        ),
        resolution=columns.get("SpinEchoLength_error"),
        title=fields.get("DataFileTitle"),
        sample_id=fields.get("Sample"),
        wavelength=angstrom(
            wavelengths[0], fields.get("Wavelength_unit"), f"{source.name}: Wavelength"
        )
        if constant
        else None,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            header=fields,
            wavelengths=None if constant else wavelengths.tolist(),
        ),
    )
    return [with_hints(spectrum, source)]


def recognise(source: Source) -> float:
    """Sure by the first line."""
    return 0.95 if source.head.lstrip().startswith(b"FileFormatVersion") else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="spin-echo SANS",
    endings=(".ses", ".sesans"),
    recognise=recognise,
    read=read,
    reference="SES file format 1.0, as documented by SasView",
)
