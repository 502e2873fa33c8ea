"""NIST .ABS and .COR: reduced 1-D SANS and USANS of the NCNR Igor macros (six columns).

Columns: Q (1/angstrom), I (1/cm), its standard deviation, sigma of Q, mean Q, shadow factor.
A negative sigma of Q is the slit height of a slit-smeared USANS curve, not a width.
"""

from __future__ import annotations

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, known, provenance, with_hints
from ingest.readers._nist import sample_label, wavelength_of
from ingest.readers._signs import deviations
from ingest.readers._small_angle import small_angle_technique
from ingest.readers._table import read_table
from registry.errors import BadInput
from registry.records import Axis, Spectrum

NAME, VERSION = "nist_abs", "1"
COLUMNS = 6


def read(source: Source) -> list[Spectrum]:
    """Read the one curve of the file.

    Raises:
        BadInput: When there are not six columns, or with the line of a damaged row.
    """
    table = read_table(source.text(), source.name, fixed=True)
    if table.values.shape[1] != COLUMNS:
        raise BadInput(source.name, f"{COLUMNS} columns", f"{table.values.shape[1]} columns")
    q, intensity, error, sigma_q = table.values.T[:4]
    slit = (sigma_q < 0).any()
    header = "\n".join(table.header)
    technique, guessed = small_angle_technique(source, {}, otherwise="sans")
    spectrum = Spectrum(
        technique=technique,
        kind=kind_of(source, header),
        x=Axis("Q", "1/A", q),
        intensity=intensity,
        intensity_unit="1/cm",
        uncertainty=deviations(error, intensity, source.name),
        resolution=None if slit else known(sigma_q),
        title=sample_label(table.header) or table.header[0].strip(),
        sample_id=sample_label(table.header),
        wavelength=wavelength_of(table.header, source.name),
        provenance=provenance(
            source,
            NAME,
            VERSION,
            guessed=guessed,
            slit_height=(-sigma_q).tolist() if slit else None,
            mean_q=table.values[:, 4].tolist(),
        ),
    )
    return [with_hints(spectrum, source)]


def recognise(source: Source) -> float:
    """Likely by the ending."""
    return 0.8 if source.path.suffix.lower() in READER.endings and b"\x00" not in source.head else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="NIST NCNR reduced SANS and USANS",
    endings=(".abs", ".cor"),
    recognise=recognise,
    read=read,
    reference="Kline (2006), J. Appl. Cryst. 39, 895; doi:10.1107/S0021889806035059",
)
