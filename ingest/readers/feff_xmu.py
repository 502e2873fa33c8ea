"""FEFF's ``xmu.dat``: calculated absorption over photon energy."""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, provenance, with_hints
from ingest.readers._feff import absorber_of
from ingest.readers._signs import one_way
from ingest.readers._table import read_table
from registry.errors import BadInput
from registry.records import Axis, Spectrum

NAME, VERSION = "feff_xmu", "1"
_COLUMNS = ("omega", "e", "k", "mu", "mu0", "chi")
_HEADER = re.compile(rb"^[^\S\n]*#[^\S\n]*omega\s+e\s+k\s+mu\s+mu0\s+chi", re.MULTILINE)
_NORM = re.compile(r"xsedge\+?\s*\d*,?\s*used to normalize mu\s+([-+.\deE]+)")


def read(source: Source) -> list[Spectrum]:
    """Read mu(E); mu0 and chi of the same file are left.

    Raises:
        BadInput: With the line of a damaged row, or when there are not six columns.
    """
    table = read_table(source.text(), source.name, fixed=True)
    if table.values.shape[1] != len(_COLUMNS):
        raise BadInput(
            f"{source.name}: columns", ", ".join(_COLUMNS), f"{table.values.shape[1]} columns"
        )
    header = "\n".join(table.header)
    element, edge = absorber_of(header)
    norm = _NORM.search(header)
    spectrum = Spectrum(
        technique="xas",
        kind=kind_of(source) if "kind" in source.hints else "simulated",
        x=Axis("energy", "eV", one_way(table.values[:, 0], source.name)),
        intensity=table.values[:, 3],
        title=table.header[0].strip("# \t")[:200] or None,
        absorber=element,
        edge=edge,
        provenance=provenance(
            source, NAME, VERSION, columns=list(_COLUMNS), normalised_by=norm and norm[1]
        ),
    )
    return [with_hints(spectrum, source)]


def recognise(source: Source) -> float:
    """Sure by the names of the columns."""
    return 0.97 if _HEADER.search(source.head) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="FEFF absorption",
    endings=(".dat",),
    recognise=recognise,
    read=read,
    reference="Rehr et al., Phys. Chem. Chem. Phys. 12, 5503 (2010); FEFF documentation, xmu.dat",
)
